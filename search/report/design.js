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
    ...trial.best.filter(() => test).map((budget) => command(`kwsmith export ${shellWord(trial.study.name + "/best/" + budget)} --out firmware`)),
    el("h3", {}, "Rungs"),
    el("ul", { class: "rungs" }, ...trial.rungs.map((r) => el("li", {}, `${grouped(r.epochs)} epochs: ${r.accuracy === null ? "failed" : withError(r.accuracy, r.error)}${r.decided ? "; " + r.decided : ""}`))),
    ...(trial.layers ? [el("h3", {}, "Layers"), layerStrip(trial.layers)] : []),
    el("h3", {}, "Front end"),
    pairs(Object.entries(trial.design.features).map(([key, value]) => [label(key), String(value)])),
    el("h3", {}, "Design file"),
    el("button", { type: "button", "data-save": "design", onclick: () => save(v.name + ".json", new Blob([text], { type: "application/json" })) }, "save " + v.name + ".json"),
    el("pre", {}, text));
}

let opened = null;
views.push({ draw: () => {}, mark: (chosen) => { if (chosen !== opened) { opened = chosen; showDesign(chosen); } } });
