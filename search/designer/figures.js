// What the design takes, beside what it may take.

const amounts = { bytes: (v) => grouped(v), ops: (v) => grouped(v), load: percent, ms: (v) => d3.format(",.2f")(v) };
const kindOf = (column) => /bytes$/.test(column) ? "bytes" : column;
const amount = (column, value) => (amounts[kindOf(column)] || grouped)(value);
const unitOf = (column) => (doc.measures.find((m) => m.column === column) || {}).unit || "";
const rounded = (column, value) => kindOf(column) === "bytes" ? d3.format(",.1f")(value / 1024) + " KiB" : column === "ops" ? d3.format(".3~s")(value) : "";

/// The limits of a measure: [{name, limit}].
function limitsOf(column) {
  const all = bench.fit.budgets.map((b) => ({ name: b.name, limit: b.limits[column] }));
  const board = bench.fit.boards.find((b) => b.name === bench.board);
  if (board) all.push({ name: board.name, limit: board.limits[column] });
  return all.filter((one) => one.limit !== undefined);
}

/// A rail with the value and the limits, by their logarithms where these lie far apart.
function scaleOf(value, limits) {
  const most = d3.max(limits, (l) => l.limit), least = d3.min(limits, (l) => l.limit);
  const wide = limits.length > 1 && least > 0;
  const x = wide ? d3.scaleLog([Math.min(least / 20, value * 0.8), Math.max(most * 2, value * 1.05)], [0, 100]) : d3.scaleLinear([0, Math.max(most * 1.3, value * 1.05)], [0, 100]);
  const box = el("div", { class: "scale", "aria-hidden": "true" }, el("div", { class: "rail" }, el("div", { class: "fill", style: `width:${Math.max(0, Math.min(100, x(value))).toFixed(1)}%` })));
  limits.forEach(({ name, limit }, i) => {
    const at = x(limit).toFixed(1);
    box.append(el("span", { class: "mark-line", style: `left:${at}%` }),
      el("span", { class: "mark-name", style: `left:${Math.max(12, Math.min(88, at))}%;top:${limits.length > 1 && i % 2 ? 1.75 : 1}rem` }, name));
  });
  return box;
}

function tile(column) {
  const value = bench.fit.needs[column], before = bench.before.needs[column];
  const limits = limitsOf(column);
  const more = before ? value / before - 1 : 0;
  const than = Math.abs(more) < 5e-5 ? "as " + bench.before.name : d3.format("+.1%")(more).replace("%", " %") + " to " + bench.before.name;
  const words = [el("span", { "data-need": column }, amount(column, value))];
  const board = bench.cost.designs[0].board;
  if (column === "ms" || column === "load") words.push(el("small", {}, " at most"));
  else if (rounded(column, value)) words.push(el("small", {}, " = " + rounded(column, value)));
  return el("div", { class: "tile" }, el("h3", {}, column === "ms" ? "milliseconds a decision" : unitOf(column)), el("div", { class: "value" }, ...words),
    el("div", { class: "than" }, (column === "ms" || column === "load" ? "at least " + amount(column, board[column][0]) + "; " : "") + than), limits.length ? scaleOf(value, limits) : null);
}

function figurePanel(parent) {
  const marks = el("ul", { class: "marks-list", "aria-label": "budgets" }), tiles = el("div", { class: "tiles" }), lines = el("ul", { class: "lines" });
  parent.append(marks, tiles, lines);
  views.push(() => {
    if (!bench.fit) return;
    const board = bench.fit.boards.find((b) => b.name === bench.board);
    const held = bench.fit.budgets.concat(board ? [board] : []);
    marks.replaceChildren(...held.map((one) => el("li", { class: one.line ? "breaks" : "keeps", "data-budget": one.name, "data-keeps": one.line ? "no" : "yes" }, (one.line ? "\u2717 breaks " : "\u2713 keeps ") + one.name)));
    tiles.replaceChildren(...columns.filter((column) => bench.fit.needs[column] !== undefined).map(tile));
    const said = held.map((one) => one.line).filter(Boolean).concat(board && board.advice ? [board.advice] : []);
    lines.replaceChildren(...said.map((line) => el("li", {}, line)));
  });
}

function boardTable(parent) {
  const body = el("tbody", {});
  const heads = ["board", "fits", "flash, bytes", "RAM, bytes", "ms a decision", "load"];
  parent.append(el("section", { id: "boards" }, el("h2", {}, "Boards"),
    el("p", { class: "note" }, "What the streaming export takes of each; times at the slow end of their range, a decision with its features."),
    el("div", { class: "box tall" }, el("table", { class: "boards" }, el("thead", {}, el("tr", {}, ...heads.map((h, i) => el("th", { scope: "col", class: i > 1 ? "number" : "" }, h)))), body))));
  views.push(() => {
    if (!bench.fit) return;
    body.replaceChildren(...bench.fit.boards.map((b) => el("tr", { class: b.name === bench.board ? "chosen" : "" },
      el("th", { scope: "row", title: (doc.boards.find((one) => one.name === b.name) || {}).summary }, b.name), el("td", { class: b.fits ? "yes" : "no", title: b.line }, b.fits ? "\u2713 yes" : "\u2717 no"),
      ...[grouped(b.flash_bytes), grouped(b.ram_bytes), amount("ms", b.ms[1]), percent(b.load[1])].map((text) => el("td", { class: "number" }, text)))));
  });
}
