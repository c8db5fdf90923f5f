// Accuracy against what a design takes.

const LABEL = 11;  // px between names that stand upright
const LETTER = 5.6;  // px of a letter of theirs

function scatter(parent) {
  const axisNames = [...measures, "parameters", "macs", "epochs"].filter((name) => columns.includes(name));
  const strip = 16 + LETTER * d3.max(doc.landmarks, (l) => l.name.length);  // below the points
  let landmarks = true;
  const menus = [
    menu("x", "against", axisNames.map((name) => [name, label(name)]), (x) => change({ x })),
    el("label", {}, el("input", { type: "checkbox", checked: true, onchange: (e) => { landmarks = e.target.checked; refresh(); } }), " published networks"),
  ];
  figure(parent, "scatter", "Accuracy against cost",
    "Filled: trained in full. Hollow: stopped, waiting. The line steps along those that none beats in accuracy and this cost. " +
    "Bars: standard error. Dashed: limits of the budgets. Rings: the best of each budget. Upright names below: what published networks take." +
    (doc.studies.length > 1 ? ` Outlined: of other studies than ${doc.studies[0].name}.` : ""),
    menus, (width) => Math.min(560, Math.max(300, 0.58 * width)) + (landmarks ? strip : 0), (svg, width, height) => {
      const area = { left: 52, right: width - 14, top: 44, bottom: height - 48 };
      const floor = area.bottom - (landmarks ? strip : 0);
      const points = visible.filter((t) => t.v[ACCURACY] !== null && t.v[state.x] !== null);
      if (!points.length) {
        svg.append("text").attr("x", width / 2).attr("y", height / 2).attr("text-anchor", "middle").text("No trial that is shown has a result.");
        return {};
      }
      const costs = points.map((t) => t.v[state.x]);
      const limits = new Map();
      doc.studies.forEach((study) => study.budgets.forEach((budget) => {
        const limit = budget.limits[state.x];
        if (limit && limit <= 10 * d3.max(costs)) limits.set(limit, (limits.get(limit) || new Set()).add(budget.name));
      }));
      const reach = costs.concat([...limits.keys()]);
      const low = d3.min(reach), high = d3.max(reach);
      const log = low > 0 && high / low > 4;
      const x = log ? d3.scaleLog([low / 1.15, high * 1.15], [area.left, area.right])
        : d3.scaleLinear(padded(reach, 0.06), [area.left, area.right]);
      const y = accuracyScale(points.map((t) => t.v[ACCURACY]), { top: area.top, bottom: floor });
      const unit = state.x === "load" ? d3.format(".0%") : siUnit;
      axes(svg, x, y, area, label(state.x), "int8 validation, %", log ? logTicks(x, unit) : { values: x.ticks(width / 90), format: unit });
      let taken = -Infinity, raised = false;
      [...limits.keys()].sort(d3.ascending).forEach((limit) => {
        const at = x(limit), name = [...limits.get(limit)].join(", ");
        svg.append("path").attr("class", "limit").attr("d", `M${at} ${area.top}V${area.bottom}`);
        raised = !raised && at - 7 * name.length < taken;
        svg.append("text").attr("class", "label").attr("x", at).attr("y", area.top - (raised ? 18 : 5)).attr("text-anchor", at < 7 * name.length ? "start" : "end").text(name);
        taken = at;
      });
      if (landmarks) {
        let last = -Infinity;
        doc.landmarks.filter((l) => l.needs[state.x] && x(l.needs[state.x]) > area.left && x(l.needs[state.x]) < area.right)
          .sort((a, b) => a.needs[state.x] - b.needs[state.x]).forEach((one) => {
            const at = x(one.needs[state.x]);
            svg.append("path").attr("class", "landmark").attr("d", `M${at} ${area.bottom}v-6`).append("title").text(one.name);
            if (at - last < LABEL) return;
            last = at;
            svg.append("text").attr("class", "landmark").attr("transform", `translate(${at + 3},${area.bottom - 9}) rotate(-90)`).text(one.name);
          });
      }
      const spots = points.map((trial) => ({ trial, x: x(trial.v[state.x]), y: y(100 * trial.v[ACCURACY]) }));
      const finished = spots.filter((p) => p.trial.finished);
      const steps = [];
      let top = -Infinity;
      (finished.length ? finished : spots).slice().sort((a, b) => a.x - b.x || a.y - b.y).forEach((p) => {
        if (p.trial.v[ACCURACY] > top) { top = p.trial.v[ACCURACY]; steps.push(p); }
      });
      const barred = finished.length <= 120 ? finished : steps.concat(spots.filter((p) => p.trial.best.length));
      svg.append("path").attr("class", "error").attr("d", barred.filter((p) => p.trial.v[ERROR]).map((p) =>
        `M${p.x.toFixed(1)} ${Math.min(floor, y(100 * (p.trial.v[ACCURACY] - p.trial.v[ERROR]))).toFixed(1)}V${y(100 * (p.trial.v[ACCURACY] + p.trial.v[ERROR])).toFixed(1)}`).join(""));
      const looks = d3.cross([false, true], [false, true]);  // trained in full, of another study than the first
      looks.forEach(([full, other]) => d3.range(doc.types.length).forEach((kind) => {
        const some = spots.filter((p) => p.trial.kind === kind && p.trial.finished === full && (p.trial.s > 0) === other);
        if (some.length) svg.append("path").attr("class", "mark" + (full ? " full" : "") + (other ? " other" : "")).style("color", color(kind)).attr("d", some.map((p) => marker(kind, p.x, p.y, 4)).join(""));
      }));
      svg.append("path").attr("class", "front").attr("d",
        "M" + steps.map((p, i) => (i ? `H${p.x.toFixed(1)}V` : p.x.toFixed(1) + " ") + p.y.toFixed(1)).join("") + "H" + area.right);
      const names = [];
      // A name stands once: at the best of a budget, else at the best of its trials.
      const told = spots.filter((p) => p.trial.best.length || landmarkNames.has(p.trial.v.name))
        .sort((a, b) => b.trial.best.length - a.trial.best.length || a.y - b.y);
      told.forEach((p) => {
        if (p.trial.best.length) svg.append("circle").attr("class", "ring").attr("cx", p.x).attr("cy", p.y).attr("r", 9);
        const name = p.trial.v.name;
        if (names.some((n) => n.name === name)) return;
        let at = p.y + 22;
        const covered = () => names.some((n) => Math.abs(n.x - p.x) < 3.8 * (n.name.length + name.length) && Math.abs(n.y - at) < 14);
        while (p.trial.best.length && covered()) at += 14;
        if (at > floor - 4 || (!p.trial.best.length && (!landmarks || covered()))) return;
        names.push({ name, x: p.x, y: at });
        svg.append("text").attr("class", "label").attr("x", p.x).attr("y", at)
          .attr("text-anchor", p.x > area.right - 60 ? "end" : p.x < area.left + 60 ? "start" : "middle").text(name);
      });
      return {
        points: spots,
        mark: (group, trial, how) => {
          if (trial.v[ACCURACY] === null || trial.v[state.x] === null) return;
          group.append("circle").attr("class", how).attr("cx", x(trial.v[state.x])).attr("cy", y(100 * trial.v[ACCURACY])).attr("r", 8);
        },
      };
    });
}
