// What share of the differences in accuracy goes with one dial alone.

const LEAST = 12;  // trials of a type
const GROUPS = 4;

/// Share of the variance between groups of equal (or neighbouring) values, less what chance would give: epsilon squared.
/// Source: Kelley, "An unbiased correlation ratio measure", PNAS 21 (1935).
function importanceOf(pairs) {
  let group = (value) => String(value);
  if (typeof pairs[0].value === "number" && new Set(pairs.map((p) => p.value)).size > GROUPS) {
    const sorted = pairs.map((p) => p.value).sort(d3.ascending);
    const bounds = d3.range(1, GROUPS).map((i) => d3.quantile(sorted, i / GROUPS));
    group = (value) => d3.bisectRight(bounds, value);
  }
  const groups = new Map();
  pairs.forEach((p) => { const key = group(p.value); if (!groups.has(key)) groups.set(key, []); groups.get(key).push(p.accuracy); });
  const mean = d3.mean(pairs, (p) => p.accuracy);
  const total = d3.sum(pairs, (p) => (p.accuracy - mean) ** 2);
  const within = d3.sum([...groups.values()], (some) => { const m = d3.mean(some); return d3.sum(some, (a) => (a - m) ** 2); });
  const n = pairs.length, k = groups.size;
  if (k < 2 || n <= k || total <= 0) return 0;
  return Math.max(0, 1 - (within / (n - k)) / (total / (n - 1)));
}

function importances(type) {
  const some = trials.filter((t) => t.v.type === type && t.v.finalist_of === null && t.rungs.length && t.rungs[0].accuracy !== null);
  if (some.length < LEAST) return null;
  const first = d3.min(some, (t) => t.rungs[0].epochs);
  const alike = some.filter((t) => t.rungs[0].epochs === first);
  const rows = dialNames(alike, Infinity).map((name) => {
    const pairs = alike.filter((t) => t.dials[name] !== undefined).map((t) => ({ value: t.dials[name], accuracy: t.rungs[0].accuracy }));
    return { name, share: importanceOf(pairs) };
  });
  return { first, count: alike.length, rows: rows.sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1)).slice(0, 8) };
}

function importance(parent) {
  const box = el("div", { class: "importances" });
  parent.append(el("section", { id: "importance" }, el("h2", {}, "What matters, by type"), box, el("p", { class: "note" },
    `Share of the differences in int8 validation accuracy at the first rung that goes with one dial alone, corrected for chance; types with at least ${LEAST} trials. A dial that the search has turned on purpose looks larger.`)));
  let drawn = null;  // brushes and filters change nothing here but the type
  views.push({ draw: () => {
    if (drawn === state.type) return;
    drawn = state.type;
    box.replaceChildren();
    (state.type ? [state.type] : presentTypes).forEach((type) => {
      const found = importances(type);
      if (!found) return;
      const list = el("div", {}, el("h3", {}, `${type}: ${found.count} trials after ${found.first} epochs`));
      found.rows.forEach((row) => list.append(el("div", { class: "share" }, el("span", {}, label(row.name)),
        el("span", { class: "track" }, el("span", { class: "fill", style: `width:${(100 * row.share).toFixed(1)}%;background:${color(doc.types.indexOf(type))}` })),
        el("span", { class: "number" }, (100 * row.share).toFixed(0) + " %"))));
      box.append(list);
    });
    if (!box.children.length) box.append(el("p", {}, `No type has ${LEAST} trials with a result.`));
  } });
}
