// A line for each design through its dials; a brush on an axis filters all pictures.

const MOST_AXES = 11;
const REST = 150;  // ms that a brush must rest before the other pictures follow

/// Dials that differ between the trials, those that most of them have first.
function dialNames(some, most) {
  const values = new Map();
  some.forEach((trial) => Object.entries(trial.dials).forEach(([name, value]) => {
    if (!values.has(name)) values.set(name, { seen: new Set(), count: 0 });
    values.get(name).seen.add(value);
    values.get(name).count++;
  }));
  return [...values.keys()].filter((name) => values.get(name).seen.size > 1 && values.get(name).count > 0.6 * some.length).slice(0, most);
}

function parallel(parent) {
  let lineOf = new Map(), frame = 0, rest = 0;
  const reset = el("button", { type: "button", "data-reset": "", onclick: () => { Object.keys(brushes).forEach((name) => delete brushes[name]); refresh(); } }, "clear brushes");
  const view = figure(parent, "parallel", "Designs through their dials",
    "Drag along an axis to keep a range; all pictures and the table follow. With one type chosen its own dials have axes. Of layers the mean.",
    [reset], 0.45, (svg, width, height) => {
      const area = { left: 62, right: width - 84, top: 92, bottom: height - 22 };
      const pool = trials.filter((t) => t.v[ACCURACY] !== null && (!state.type || t.v.type === state.type));
      if (!pool.length) return {};
      const narrow = width < 600 ? 3 : MOST_AXES - 3;
      const names = [...dialNames(pool, narrow), "memory_bytes", "ops", ACCURACY];
      const gone = Object.keys(brushes).filter((name) => !names.includes(name));
      gone.forEach((name) => delete brushes[name]);
      if (gone.length) setTimeout(refresh);  // what they kept out comes back
      const x = d3.scalePoint(names, [area.left, area.right]);
      const scales = {};
      names.forEach((name) => {
        const values = pool.map((t) => dialValue(t, name)).filter((v) => v !== undefined && v !== null);
        if (values.every((v) => typeof v === "number")) {
          const low = d3.min(values), high = d3.max(values);
          scales[name] = low > 0 && high / low > 20 ? d3.scaleLog([low, high], [area.bottom, area.top])
            : d3.scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [area.bottom, area.top]);
        } else {
          scales[name] = d3.scalePoint([...new Set(values.map(String))].sort(), [area.bottom, area.top]).padding(0.5);
        }
      });
      const at = (trial, name) => { const v = dialValue(trial, name); return v === undefined || v === null ? null : scales[name](typeof v === "number" && scales[name].invert ? v : String(v)); };
      const path = (trial) => {
        let text = "", open = false;
        names.forEach((name) => {
          const y = at(trial, name);
          if (y === null) { open = false; return; }
          text += (open ? "L" : "M") + x(name).toFixed(1) + " " + y.toFixed(1);
          open = true;
        });
        return text;
      };
      // What a brush changes from frame to frame is which of these lines stand above the pale ones.
      lineOf = new Map(pool.map((trial) => [trial, path(trial)]));
      const all = [...lineOf.values()].join("");
      const out = svg.append("path").attr("class", "curve out");
      const lines = new Map(d3.range(doc.types.length).map((kind) => [kind, svg.append("path").attr("class", "curve").style("color", color(kind))]));
      let behind = false;
      const paint = () => {
        if (behind !== visible.length < pool.length) out.attr("d", (behind = !behind) ? all : "");
        const kept = new Map([...lines.keys()].map((kind) => [kind, []]));
        visible.forEach((trial) => { if (lineOf.has(trial)) kept.get(trial.kind).push(lineOf.get(trial)); });
        const opacity = Math.max(0.12, Math.min(1, 60 / visible.length));
        lines.forEach((line, kind) => line.style("opacity", opacity).attr("d", kept.get(kind).join("")));
      };
      names.forEach((name) => {
        const axis = d3.axisLeft(scales[name]);
        if (name === ACCURACY) axis.tickFormat(d3.format(".0%"));
        else if (scales[name].invert) axis.ticks(5).tickFormat(siUnit);
        const group = svg.append("g").attr("class", "axis dial").attr("data-dial", name).attr("transform", `translate(${x(name)},0)`).call(axis);
        group.append("text").attr("class", "dial-name").attr("transform", `translate(2,${area.top - 8}) rotate(-30)`).text(label(name).replace("front end.", ""));
        const brush = d3.brushY().extent([[-12, area.top - 4], [12, area.bottom + 4]]).on("start brush end", () => {
          if (!d3.event.sourceEvent) return;
          brushing = d3.event.type !== "end";
          if (d3.event.type === "start") return;
          const range = d3.event.selection;
          if (!range) delete brushes[name];
          else if (scales[name].invert) brushes[name] = [scales[name].invert(range[1]), scales[name].invert(range[0])];
          else brushes[name] = scales[name].domain().filter((word) => scales[name](word) >= range[0] && scales[name](word) <= range[1]);
          // Many moves come between two frames, and thousands of trials take longer than one to sort, draw and list.
          cancelAnimationFrame(frame);
          frame = requestAnimationFrame(() => { pass(); paint(); });
          clearTimeout(rest);
          rest = setTimeout(() => { refresh(view); paint(); }, d3.event.type === "end" ? 0 : REST);
        });
        const pad = group.append("g").attr("class", "brush").call(brush);
        const want = brushes[name];
        if (want && scales[name].invert) pad.call(brush.move, [scales[name](want[1]), scales[name](want[0])]);
      });
      paint();
      return {
        points: d3.merge(visible.filter((t) => t.v[ACCURACY] !== null).map((trial) => names.map((name) => ({ x: x(name), y: at(trial, name), trial })).filter((p) => p.y !== null))),
        mark: (group, trial, how) => { if (lineOf.has(trial)) group.append("path").attr("class", how).attr("d", lineOf.get(trial)); },
      };
    });
}
