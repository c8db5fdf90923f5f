// What all pictures of trials share: menus, legend, the card under the pointer, the scale of accuracies.

const SAME = 3;  // px within which marks cover one another

function menu(name, text, options, onchange) {
  const select = el("select", { "aria-label": text, "data-menu": name, onchange: (e) => onchange(e.target.value) });
  for (const [value, words] of options) select.append(el("option", { value }, words));
  select.value = state[name];
  views.push({ draw: () => { select.value = state[name]; } });
  return el("label", {}, text + " ", select);
}

function legend() {
  const list = el("ul", { class: "legend", "aria-label": "markers of the network types" });
  for (const type of presentTypes) {
    const kind = doc.types.indexOf(type);
    const item = d3.select(list).append("li");
    item.append("svg").attr("viewBox", "0 0 16 16").attr("aria-hidden", "true").append("path")
      .attr("d", marker(kind, 8, 8, 5)).style("fill", color(kind));
    item.append("span").text(type);
  }
  return list;
}

/// A picture below a heading, with its buttons. draw(svg, width, height) fills it and returns the points under the
/// pointer, [{x, y, trial}], and mark(group, trial, strong). ratio: height by width, or a function of the width.
function figure(parent, id, title, note, controls, ratio, draw, types = true) {
  const { section, svg, clear } = picture(id, title, note, controls, ratio, types ? legend() : null);
  parent.append(section);
  let tree = null, marks = null, drawn = null;
  const view = {
    draw: () => {
      const [width, height] = clear();
      drawn = draw(svg, width, height);
      tree = d3.quadtree(drawn.points || [], (p) => p.x, (p) => p.y);
      marks = svg.append("g").attr("class", "marks").attr("pointer-events", "none");
    },
    mark: (chosen, under) => {
      if (!marks) return;
      marks.selectAll("*").remove();
      if (chosen && drawn.mark) drawn.mark(marks, chosen, "chosen");
      if (under && under !== chosen && drawn.mark) drawn.mark(marks, under, "under");
    },
  };
  views.push(view);
  /// Trials under the pointer: the nearest, and those whose marks lie on its mark.
  const near = () => {
    const [x, y] = d3.mouse(svg.node());
    const found = tree && tree.find(x, y, 24);
    if (!found) return [];
    const there = (drawn.points || []).filter((p) => Math.abs(p.x - found.x) < SAME && Math.abs(p.y - found.y) < SAME);
    return [...new Set([found, ...there].map((p) => p.trial))];
  };
  /// Each click on the same place takes the next.
  const next = (some) => some[(some.indexOf(byKey.get(state.t)) + 1) % some.length];
  svg.on("mousemove", () => { const some = near(); hover(some[0], d3.event, some.length - 1); }).on("mouseleave", () => hover(null));
  svg.on("click", () => { if (!d3.event.defaultPrevented) { const some = near(); if (some.length) choose(next(some)); } });
  return view;
}

const card = document.getElementById("card");
function hover(trial, event, others) {
  if (trial) {
    card.replaceChildren(el("b", {}, trial.v.name), ` (${trial.v.type}), trial ${trial.v.trial}`, el("br"),
      trial.v[ACCURACY] === null ? "no result" : withError(trial.v[ACCURACY], trial.v[ERROR]) + " int8 validation", el("br"),
      `${grouped(trial.v.epochs)} epochs, ${trial.v.state}`, el("br"),
      `${grouped(trial.v.memory_bytes)} bytes of memory, ${d3.format(".3~s")(trial.v.ops)} operations`,
      trial.best.length ? el("div", {}, "best of " + trial.best.join(", ")) : null,
      others ? el("div", {}, `${grouped(others)} more here: click again`) : null);
    card.hidden = false;
    const room = document.documentElement.clientWidth;
    card.style.left = Math.max(4, Math.min(event.pageX + 14, window.scrollX + room - card.offsetWidth - 8)) + "px";
    card.style.top = event.pageY + 16 + "px";
  } else {
    card.hidden = true;
  }
  if (trial !== hovered) {
    hovered = trial || null;
    markAll();
  }
}

const ACCURACIES = [0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 84, 86, 88, 90, 91, 92, 93, 94, 95, 96, 97, 98, 98.5, 99, 99.5, 99.8];

/// Place of an accuracy in percent, and its ticks: by the logarithm of the error where the range is wide, so that the
/// best are apart and no point is left out.
function accuracyScale(shares, area) {
  const [low, high] = padded(shares.length ? shares.map((v) => 100 * v) : [0, 100], 0.06);
  const bottom = Math.max(0, low), top = Math.min(100, high);
  const log = top - bottom > 12;
  const least = Math.max(0.1, 100 - d3.max(shares) * 100) * 0.85;
  const scale = log ? d3.scaleLog([100 - bottom, least], [area.bottom, area.top]) : d3.scaleLinear([bottom, top], [area.bottom, area.top]);
  const y = (accuracy) => scale(log ? Math.max(least, Math.min(100, 100 - accuracy)) : accuracy);
  let last = Infinity;
  y.ticks = (log ? ACCURACIES.filter((v) => v >= bottom && 100 - v >= least) : scale.ticks(6))
    .filter((v) => { const keep = last - y(v) > 22; if (keep) last = y(v); return keep; });
  return y;
}
