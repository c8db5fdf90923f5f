// What is chosen, shown alike by all pictures and kept in the address.

const limited = (name) => doc.studies.some((study) => study.budgets.some((budget) => budget.limits[name]));
const defaults = { x: measures.find(limited) || "memory_bytes", sort: "-" + ACCURACY, type: "", state: "", budget: "", study: "", q: "", t: "" };
const state = Object.assign({}, defaults);
/// By dial: [low, high] of numbers, a list of words.
const brushes = {};
let brushing = false;  // a brush is being drawn
const views = [];  // {draw, mark}

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(defaults)) state[key] = words.has(key) ? words.get(key) : defaults[key];
  if (!columns.includes(state.x)) state.x = defaults.x;
  Object.keys(brushes).forEach((name) => delete brushes[name]);
  try {
    const kept = JSON.parse(words.get("brush") || "{}");
    for (const [name, want] of Object.entries(kept)) if (Array.isArray(want)) brushes[name] = want;
  } catch (error) { /* somebody has cut the address */ }
  if (state.t && !byKey.has(state.t)) state.t = "";
}

function writeAddress() {
  const words = new URLSearchParams();
  for (const key of Object.keys(defaults)) if (state[key] !== defaults[key]) words.set(key, state[key]);
  if (Object.keys(brushes).length) words.set("brush", JSON.stringify(brushes));
  const hash = words.toString();
  history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
}

function dialValue(trial, name) { return columns.includes(name) ? trial.v[name] : trial.dials[name]; }

function passes(trial) {
  const v = trial.v;
  if (state.type && v.type !== state.type) return false;
  if (state.state && v.state !== state.state) return false;
  if (state.study && String(trial.s) !== state.study) return false;
  if (state.budget && !v.fits.includes(state.budget)) return false;
  if (state.q) {
    const text = (v.trial + " " + v.name + " " + v.type + " " + v.state + " " + (v.reason || "")).toLowerCase();
    if (!state.q.toLowerCase().split(/\s+/).every((word) => text.includes(word))) return false;
  }
  for (const [name, want] of Object.entries(brushes)) {
    const value = dialValue(trial, name);
    if (value === undefined || value === null) return false;
    if (typeof value === "number" ? value < want[0] || value > want[1] : !want.includes(String(value))) return false;
  }
  return true;
}

let visible = [];
let ordered = [];  // visible, as the table shows them

function compare(a, b) {
  const name = state.sort.replace(/^-/, "");
  const sign = state.sort.startsWith("-") ? -1 : 1;
  const of = (t) => name === "study" ? t.study.name : Array.isArray(t.v[name]) ? t.v[name].join() : t.v[name];
  const x = of(a), y = of(b);
  const none = (z) => z === null || z === undefined;
  if (none(x) || none(y)) return none(x) - none(y) || a.v.trial - b.v.trial;
  return sign * (x < y ? -1 : x > y ? 1 : 0) || a.v.memory_bytes - b.v.memory_bytes || a.v.trial - b.v.trial;
}

function pass() { visible = trials.filter(passes); }

function refresh(except) {
  pass();
  ordered = visible.slice().sort(compare);
  writeAddress();
  views.forEach((view) => { if (view !== except) view.draw(); });
  markAll();
}

let hovered = null;
function markAll() { views.forEach((view) => view.mark && view.mark(byKey.get(state.t), hovered)); }

function change(values) { Object.assign(state, values); refresh(); }

function choose(trial) {
  state.t = trial ? trial.key : "";
  writeAddress();
  markAll();
}
