// What all pictures share: elements, axes, markers, the card under the pointer, saving.

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? name : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function menu(name, text, options, onchange) {
  const select = el("select", { "aria-label": text, "data-menu": name, onchange: (e) => onchange(e.target.value) });
  for (const [value, words] of options) select.append(el("option", { value }, words));
  select.value = state[name];
  views.push({ draw: () => { select.value = state[name]; } });
  return el("label", {}, text + " ", select);
}

const color = (kind) => `var(--t${kind % 10})`;

/// Outline of a type's marker: no two types have the same one.
function marker(kind, x, y, r) {
  const at = (angle, radius) => (x + radius * Math.sin(angle)).toFixed(1) + " " + (y - radius * Math.cos(angle)).toFixed(1);
  if (kind === 0) return `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  const corners = 3 + Math.floor((kind - 1) / 2), star = kind % 2 === 0;
  const points = d3.range(star ? 2 * corners : corners).map(
    (i) => at((2 * Math.PI * i) / (star ? 2 * corners : corners), star && i % 2 ? 0.45 * r : 1.2 * r));
  return "M" + points.join("L") + "Z";
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
  const box = el("div", { class: "canvas" });
  const svg = d3.select(box).append("svg").attr("class", "plot").attr("role", "img").attr("aria-label", title);
  const bar = el("div", { class: "bar" }, ...controls,
    el("span", { class: "save" }, el("button", { type: "button", "data-save": "svg", onclick: () => saveSvg(svg.node(), id) }, "SVG"),
      el("button", { type: "button", "data-save": "png", onclick: () => savePng(svg.node(), id) }, "PNG")));
  const section = el("section", { id }, el("h2", {}, title), bar, types ? legend() : null, box, el("p", { class: "note" }, note));
  parent.append(section);
  let tree = null, marks = null, drawn = null;
  const view = {
    draw: () => {
      const width = Math.max(300, Math.min(1200, box.clientWidth || 800));
      const height = typeof ratio === "function" ? Math.round(ratio(width)) : Math.min(560, Math.max(300, Math.round(width * ratio)));
      svg.selectAll("*").remove();
      svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
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
  const near = () => {
    const [x, y] = d3.mouse(svg.node());
    const found = tree && tree.find(x, y, 24);
    return found && found.trial;
  };
  svg.on("mousemove", () => hover(near(), d3.event)).on("mouseleave", () => hover(null));
  svg.on("click", () => { if (!d3.event.defaultPrevented) { const trial = near(); if (trial) choose(trial); } });
  return view;
}

const card = document.getElementById("card");
function hover(trial, event) {
  if (trial) {
    card.replaceChildren(el("b", {}, trial.v.name), ` (${trial.v.type}), trial ${trial.v.trial}`, el("br"),
      trial.v[ACCURACY] === null ? "no result" : withError(trial.v[ACCURACY], trial.v[ERROR]) + " int8 validation", el("br"),
      `${grouped(trial.v.epochs)} epochs, ${trial.v.state}`, el("br"),
      `${grouped(trial.v.memory_bytes)} bytes of memory, ${d3.format(".3~s")(trial.v.ops)} operations`,
      trial.best.length ? el("div", {}, "best of " + trial.best.join(", ")) : null);
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

/// Axes with a grid; returns the scales' group.
function axes(svg, x, y, area, xLabel, yLabel, xTicks) {
  const xAxis = d3.axisBottom(x).tickSize(area.top - area.bottom).tickPadding(6);
  if (xTicks) xAxis.tickValues(xTicks.values).tickFormat(xTicks.format);
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${area.bottom})`).call(xAxis);
  const rows = svg.append("g").attr("class", "axis").selectAll("g").data(y.ticks).enter().append("g").attr("transform", (v) => `translate(0,${y(v)})`);
  rows.append("line").attr("x1", area.left).attr("x2", area.right);
  rows.append("text").attr("x", area.left - 6).attr("dy", "0.32em").attr("text-anchor", "end").text((v) => String(v));
  svg.append("text").attr("class", "name").attr("x", area.right).attr("y", area.bottom + 36).attr("text-anchor", "end").text(xLabel);
  svg.append("text").attr("class", "name").attr("x", 4).attr("y", 14).text(yLabel);
}

/// Ticks that do not touch: 1, 2, 5 in each decade, fewer where there is no room.
function logTicks(scale, format) {
  const [low, high] = scale.domain();
  const decades = Math.log10(high / low), room = Math.abs(scale.range()[1] - scale.range()[0]);
  const steps = decades < 0.5 ? d3.range(1, 10, 0.5) : decades < 1 ? d3.range(1, 10) : decades < 2.2 ? [1, 2, 5] : [1];
  let values = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); ++e) {
    steps.forEach((m) => { const value = m * Math.pow(10, e); if (value >= low && value <= high) values.push(value); });
  }
  let last = -Infinity;
  values = values.filter((value) => { const at = scale(value); const keep = at - last > 44 && room > 0; if (keep) last = at; return keep; });
  return { values, format };
}

function padded(values, share) {
  const low = d3.min(values), high = d3.max(values);
  const gap = Math.max((high - low) * share, Math.abs(high) * 0.005, 1e-9);
  return [low - gap, high + gap];
}

const ACCURACIES = [0, 20, 40, 50, 60, 70, 75, 80, 84, 86, 88, 90, 91, 92, 93, 94, 95, 96, 97, 98, 98.5, 99, 99.5, 99.8];

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

/// Outline, colours and letters as the page shows them, in a picture that stands alone.
function standalone(svg) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  const kept = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "font-size", "font-weight", "font-family", "text-anchor", "paint-order"];
  from.forEach((node, i) => {
    const style = getComputedStyle(node);
    kept.forEach((name) => to[i].style.setProperty(name, style.getPropertyValue(name)));
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.background = getComputedStyle(document.body).backgroundColor;
  return new XMLSerializer().serializeToString(copy);
}

function save(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function saveSvg(svg, id) { save(id + ".svg", new Blob([standalone(svg)], { type: "image/svg+xml" })); }

function savePng(svg, id) {
  const image = new Image();
  image.onload = () => {
    const canvas = el("canvas", { width: 2 * svg.clientWidth, height: 2 * svg.clientHeight });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(id + ".png", blob));
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(standalone(svg));
}
