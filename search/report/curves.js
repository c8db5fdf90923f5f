// How the search went, and how the designs learned.

const TOP = 10;  // curves with names
const DASHES = ["none", "8 4", "2 4", "12 4 2 4"];  // of budgets: colours belong to types

function bestSoFar(parent) {
  const lines = d3.merge(doc.studies.map((study, s) => study.budgets.map((budget) => ({ s, budget: budget.name,
    name: (doc.studies.length > 1 ? study.name + ", " : "") + budget.name }))));
  figure(parent, "progress", "Best so far", "Of each budget, over the epochs trained in all: trials in the order of their numbers, finalists last.",
    [], 0.36, (svg, width, height) => {
      const area = { left: 52, right: width - Math.min(0.35 * width, 16 + 8 * d3.max(lines, (l) => l.name.length)), top: 30, bottom: height - 48 };
      const runs = lines.map((line) => {
        let spent = 0, top = 0;
        const points = [];
        trials.filter((t) => t.s === line.s).forEach((trial) => trial.rungs.forEach((rung, i) => {
          spent += rung.epochs - (i ? trial.rungs[i - 1].epochs : 0);
          if (rung.accuracy === null || rung.accuracy <= top || !trial.v.fits.includes(line.budget)) return;
          top = rung.accuracy;
          points.push({ epochs: spent, accuracy: top, trial });
        }));
        return { line, points, spent };
      }).filter((run) => run.points.length);
      if (!runs.length) return {};
      const x = d3.scaleLinear([0, d3.max(runs, (r) => r.spent)], [area.left, area.right]);
      const y = accuracyScale(d3.merge(runs.map((r) => r.points.map((p) => p.accuracy))), area);
      axes(svg, x, y, area, "epochs of all trials", "int8 validation, %", { values: x.ticks(width / 110), format: d3.format(",") });
      const spots = [], names = [];
      runs.forEach((run, i) => {
        const path = run.points.map((p, k) => (k ? `H${x(p.epochs).toFixed(1)}V` : `M${x(p.epochs).toFixed(1)} `) + y(100 * p.accuracy).toFixed(1)).join("") + "H" + x(run.spent);
        svg.append("path").attr("class", "curve strong").attr("stroke-dasharray", DASHES[i % DASHES.length]).attr("d", path);
        const last = run.points[run.points.length - 1];
        let at = y(100 * last.accuracy) + 4;
        while (names.some((n) => Math.abs(n - at) < 14)) at += 14;
        names.push(at);
        svg.append("text").attr("class", "label").attr("x", area.right + 8).attr("y", at).text(run.line.name);
        run.points.forEach((p) => spots.push({ x: x(p.epochs), y: y(100 * p.accuracy), trial: p.trial }));
      });
      return {
        points: spots,
        mark: (group, trial, how) => spots.filter((p) => p.trial === trial).forEach((p) =>
          group.append("circle").attr("class", how).attr("cx", p.x).attr("cy", p.y).attr("r", 7)),
      };
    }, false);
}

const measuredRungs = (trial) => trial.rungs.filter((r) => r.accuracy !== null);

function learningCurves(parent) {
  figure(parent, "curves", "Learning curves",
    `int8 validation accuracy at each rung. Strong: the best ${TOP} of those shown, named where there is room. Filled markers: trained in full. Dotted, of the chosen design: what is expected at the top rung.`,
    [], 0.5, (svg, width, height) => {
      const room = width > 600 ? 120 : 14;
      const area = { left: 52, right: width - room, top: 30, bottom: height - 48 };
      const some = visible.filter((t) => measuredRungs(t).length);
      if (!some.length) return {};
      const rungs = d3.merge(some.map(measuredRungs));
      const epochs = [...new Set(rungs.map((r) => r.epochs))].sort(d3.ascending);
      const x = d3.scaleLog([epochs[0] / 1.08, d3.max([epochs[epochs.length - 1], ...some.map((t) => t.study.epochs)]) * 1.08], [area.left, area.right]);
      const y = accuracyScale(rungs.map((r) => r.accuracy), area);
      let last = -Infinity;
      const ticks = epochs.filter((e) => { const keep = x(e) - last > 30; if (keep) last = x(e); return keep; });
      axes(svg, x, y, area, "epochs", "int8 validation, %", { values: ticks, format: d3.format("d") });
      const path = (trial) => "M" + measuredRungs(trial).map((r) => x(r.epochs).toFixed(1) + " " + y(100 * r.accuracy).toFixed(1)).join("L");
      const end = (trial) => { const r = measuredRungs(trial).pop(); return { x: x(r.epochs), y: y(100 * r.accuracy), trial }; };
      const named = some.slice().sort((a, b) => b.v[ACCURACY] - a.v[ACCURACY]).slice(0, TOP);
      const strong = new Set(named);
      d3.range(doc.types.length).forEach((kind) => {
        const pale = some.filter((t) => t.kind === kind && !strong.has(t));
        if (!pale.length) return;
        svg.append("path").attr("class", "curve pale").style("color", color(kind)).attr("d", pale.map(path).join(""));
        [false, true].forEach((full) => svg.append("path").attr("class", full ? "mark full" : "mark pale").style("color", color(kind))
          .attr("d", pale.filter((t) => t.finished === full).map((t) => { const p = end(t); return marker(kind, p.x, p.y, 3); }).join("")));
      });
      const taken = [];
      named.forEach((trial) => {
        svg.append("path").attr("class", "curve strong").style("color", color(trial.kind)).attr("d", path(trial));
        const p = end(trial);
        svg.append("path").attr("class", trial.finished ? "mark full" : "mark").style("color", color(trial.kind)).attr("d", marker(trial.kind, p.x, p.y, 4.5));
        if (room < 100) return;
        let at = p.y + 4;
        while (taken.some((n) => Math.abs(n - at) < 13)) at += 13;
        taken.push(at);
        if (at < area.bottom) svg.append("text").attr("class", "label").attr("x", area.right + 10).attr("y", at).text(trial.v.name);
      });
      return {
        points: d3.merge(some.map((trial) => measuredRungs(trial).map((r) => ({ x: x(r.epochs), y: y(100 * r.accuracy), trial })))),
        mark: (group, trial, how) => {
          const seen = measuredRungs(trial);
          if (!seen.length) return;
          group.append("path").attr("class", how).attr("d", path(trial));
          const p = end(trial);
          group.append("circle").attr("class", how).attr("cx", p.x).attr("cy", p.y).attr("r", 7);
          if (trial.expected) group.append("path").attr("class", how + " expected").attr("d", `M${p.x} ${p.y}L${x(trial.study.epochs)} ${y(100 * trial.expected)}`);
        },
      };
    });
}
