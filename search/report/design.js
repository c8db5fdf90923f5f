// One design, opened beside the pictures.

const panel = document.getElementById("design");

/// A bar for each layer, its part of the operations, and of the memory while it runs.
function layerStrip(layers) {
  const most = d3.max(layers, (l) => l.working_bytes), all = d3.sum(layers, (l) => l.macs) || 1;
  const table = el("table", { class: "layers" }, el("thead", {}, el("tr", {}, ...["layer", "parameters", "part of the multiply-accumulates", "live memory, bytes"].map((h) => el("th", { scope: "col" }, h)))));
  const body = el("tbody", {});
  layers.forEach((l) => body.append(el("tr", {}, el("th", { scope: "row", title: l.op }, l.name), el("td", { class: "number" }, grouped(l.parameters)),
    shareCell(l.macs / all, (100 * l.macs / all).toFixed(0) + " %"), shareCell(l.working_bytes / most, grouped(l.working_bytes)))));
  table.append(body);
  return el("div", { class: "box" }, table);
}

/// Accuracy over epochs, what is expected at the top rung dotted.
function curveOf(trial) {
  const seen = measuredRungs(trial), width = 300, height = 110;
  if (!seen.length) return null;
  const svg = d3.create("svg").attr("class", "plot").attr("role", "img").attr("aria-label", "learning curve")
    .attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
  const ahead = trial.expected ? [{ epochs: trial.study.epochs, accuracy: trial.expected }] : [];
  const all = seen.concat(ahead), last = all[all.length - 1];
  const x = d3.scaleLinear([0, last.epochs], [4, width - 62]);
  const y = d3.scaleLinear(padded(all.map((r) => r.accuracy), 0.1), [height - 18, 16]);
  const path = (some) => "M" + some.map((r) => x(r.epochs).toFixed(1) + " " + y(r.accuracy).toFixed(1)).join("L");
  if (ahead.length) svg.append("path").attr("class", "curve expected").attr("d", path([seen[seen.length - 1], ...ahead]));
  svg.append("path").attr("class", "curve strong").style("color", color(trial.kind)).attr("d", path(seen));
  seen.forEach((r) => svg.append("circle").attr("cx", x(r.epochs)).attr("cy", y(r.accuracy)).attr("r", 3).style("fill", color(trial.kind)));
  svg.append("text").attr("x", x(last.epochs) + 6).attr("y", y(last.accuracy)).attr("dy", "0.32em").text(percent(last.accuracy));
  svg.append("text").attr("x", x(last.epochs)).attr("y", height - 3).attr("text-anchor", "middle").text(grouped(last.epochs));
  svg.append("text").attr("x", 0).attr("y", height - 3).text("epochs");
  return svg.node();
}

function showDesign(trial) {
  panel.hidden = !trial;
  document.body.classList.toggle("opened", Boolean(trial));
  if (!trial) return;
  const v = trial.v, name = trial.study.name + ":" + v.trial;
  const test = trial.study.tests[v.trial];
  const text = JSON.stringify(trial.design, null, 2) + "\n";
  panel.replaceChildren(
    el("button", { type: "button", class: "close", "aria-label": "close", onclick: () => choose(null) }, "\u00d7"),
    el("h2", {}, v.name),
    pairs([["trial", `${grouped(v.trial)}${v.finalist_of !== null ? " (" + grouped(v.finalist_of) + " anew)" : ""}${doc.studies.length > 1 ? " of " + trial.study.name : ""}`],
      ["type", v.type], ["keeps", v.fits.join(", ") || "no budget"],
      ...(trial.best.length ? [["best of", trial.best.join(", ")]] : []),
      ["int8 validation", v[ACCURACY] === null ? "\u2013" : withError(v[ACCURACY], v[ERROR])],
      ...(test ? [["int8 test", withError(test.int8, test.error)]] : []),
      ...(trial.expected ? [["expected after " + trial.study.epochs + " epochs", percent(trial.expected)]] : []),
      ["float validation", shown("float_validation", v.float_validation)],
      ...measures.map((m) => [label(m), shown(m, v[m])]), ["parameters", shown("parameters", v.parameters)],
      ["state", v.state + (v.reason ? ": " + v.reason : "")]]),
    el("h3", {}, "Commands"),
    command("kwsmith cost " + shellWord(name)),
    command(`kwsmith train ${shellWord(name)} --data DATA --out ${shellWord(v.name)}`),
    ...trial.best.map((budget) => trial.study.export[budget]).filter(Boolean).map((text) => command(text)),
    el("h3", {}, "Learning curve"), curveOf(trial),
    el("ul", { class: "rungs" }, ...trial.rungs.map((r) => el("li", {}, `${grouped(r.epochs)} epochs: ${r.accuracy === null ? "failed" : withError(r.accuracy, r.error)}${r.decided ? "; " + r.decided : ""}`))),
    el("h3", {}, "Layers"),
    trial.layers ? layerStrip(trial.layers) : command(`kwsmith cost ${shellWord(name)} --layers`),
    el("h3", {}, "Front end"),
    pairs(Object.entries(trial.design.features).map(([key, value]) => [label(key), String(value)])),
    el("h3", {}, "Design file"),
    el("button", { type: "button", "data-save": "design", onclick: () => save(v.name + ".json", new Blob([text], { type: "application/json" })) }, "save " + v.name + ".json"),
    el("pre", {}, text));
}

let opened = null;
views.push({ draw: () => {}, mark: (chosen) => { if (chosen !== opened) { opened = chosen; showDesign(chosen); } } });
