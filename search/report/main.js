// Puts the page together.

function filters() {
  const all = ["", "all"];
  const search = el("input", { type: "search", placeholder: "name, number, reason", "aria-label": "filter", "data-menu": "q", oninput: (e) => change({ q: e.target.value }) });
  views.push({ draw: () => { if (search.value !== state.q) search.value = state.q; } });
  return el("div", { class: "bar filters" },
    ...(doc.studies.length > 1 ? [menu("study", "study", [all, ...doc.studies.map((s, i) => [String(i), s.name])], (study) => change({ study }))] : []),
    menu("type", "type", [all, ...presentTypes.map((t) => [t, t])], (type) => change({ type })),
    menu("budget", "keeps", [all, ...budgetNames.map((b) => [b, b])], (budget) => change({ budget })),
    menu("state", "state", [all, ...stateNames.map((s) => [s, s])], (value) => change({ state: value })),
    el("label", {}, "filter ", search),
    el("span", { class: "note" }, "keys: /: filter; j, k: next, previous; x: close"));
}

/// The design `by` places further in the table's order.
function step(by) {
  if (!ordered.length) return;
  const at = ordered.indexOf(byKey.get(state.t));
  choose(ordered[at < 0 ? 0 : Math.max(0, Math.min(ordered.length - 1, at + by))]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    const filter = document.querySelector("[data-menu=q]");
    if (!filter) return;  // before the first trial
    event.preventDefault();  // browsers open their own search
    filter.focus();
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "x" || event.key === "Escape") choose(null);
});

document.querySelectorAll("pre.commands").forEach((pre) => {
  const lines = pre.textContent.split("\n").filter(Boolean);
  pre.replaceWith(...lines.map(command));
});

if (trials.some((t) => t.v[ACCURACY] !== null)) {
  document.body.classList.add("lively");
  const parent = document.getElementById("pictures");
  readAddress();
  parent.append(filters());
  [scatter, bestSoFar, learningCurves, parallel, importance, confusion, misses, trialTable].forEach((make) => make(parent));
  // An open design takes room, also one that the address opens.
  let width = parent.clientWidth, timer = 0;
  refresh();
  window.addEventListener("hashchange", () => { readAddress(); refresh(); });
  new ResizeObserver(() => {
    if (parent.clientWidth === width) return;
    width = parent.clientWidth;
    clearTimeout(timer);
    timer = setTimeout(refresh, 120);
  }).observe(parent);
}
document.documentElement.dataset.ready = "true";
