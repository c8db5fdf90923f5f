// What the pages share: words and numbers as people read them, elements, marks, axes, pictures that can be saved.

const grouped = d3.format(",");
const percent = (share) => (100 * share).toFixed(2) + " %";
const withError = (share, error) => error ? (100 * share).toFixed(2) + " \u00b1 " + (100 * error).toFixed(2) + " %" : percent(share);
const isShare = (name) => /validation|^load$/.test(name);

/// A value of a column as people read it.
function shown(name, value) {
  if (value === null || value === undefined) return "\u2013";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "number") return String(value);
  if (isShare(name)) return percent(value);
  if (Number.isInteger(value)) return /seed/.test(name) ? String(value) : grouped(value);
  return d3.format(".4~g")(value);
}
const label = (name) => name === "fits" ? "keeps" : name.replace(/_/g, " ").replace(/ bytes$/, ", bytes").replace(/^ram\b/, "RAM").replace(/^ops per second$/, "operations a second").replace(/^ops$/, "operations").replace(/^ms$/, "milliseconds a decision");

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? name : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
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

/// Axes with a grid; returns the scales' group.
function axes(svg, x, y, area, xLabel, yLabel, xTicks) {
  const xAxis = d3.axisBottom(x).tickSize(area.top - area.bottom).tickPadding(6);
  if (xTicks) xAxis.tickValues(xTicks.values).tickFormat(xTicks.format);
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${area.bottom})`).call(xAxis);
  const rows = svg.append("g").attr("class", "axis").selectAll("g").data(y.ticks).enter().append("g").attr("transform", (v) => `translate(0,${y(v)})`);
  rows.append("line").attr("x1", area.left).attr("x2", area.right);
  rows.append("text").attr("x", area.left - 6).attr("dy", "0.32em").attr("text-anchor", "end").text((v) => (y.format || String)(v));
  svg.append("text").attr("class", "name").attr("x", Math.max(area.right, 6.4 * xLabel.length)).attr("y", area.bottom + 36).attr("text-anchor", "end").text(xLabel);
  svg.append("text").attr("class", "name").attr("x", 4).attr("y", 14).text(yLabel);
}

/// Ticks that do not touch: 1, 2, 5 in each decade, fewer where there is no room.
/// 1500 as 1.5k, but 0.5 as it is and not as 500m.
const siUnit = (value) => Math.abs(value) < 1 ? d3.format(".3~g")(value) : d3.format(".3~s")(value);

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

function shellWord(word) { return /^[\w.\/:@%+,-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'"; }

function copyButton(text) {
  const button = el("button", { type: "button", class: "copy", onclick: () => {
    const done = () => { button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1200); };
    // A page from a file may have no clipboard.
    const area = el("textarea", {}, text);
    document.body.append(area);
    area.select();
    if (document.execCommand("copy")) done();
    area.remove();
  } }, "copy");
  return button;
}

function command(text) { return el("div", { class: "command" }, el("pre", {}, text), copyButton(text)); }

function pairs(rows) {
  const list = el("dl", {});
  rows.forEach(([name, value]) => list.append(el("dt", {}, name), el("dd", {}, value)));
  return list;
}

/// A share of a whole, drawn and told.
function shareCell(part, text) {
  return el("td", {}, el("span", { class: "track" }, el("span", { class: "fill", style: `width:${(100 * part).toFixed(1)}%` })), text);
}

/// A picture below a heading, with its buttons: {section, svg, clear}. clear() empties it and returns its size; ratio:
/// height by width, or a function of the width.
function picture(id, title, note, controls, ratio, ...above) {
  const box = el("div", { class: "canvas" });
  const svg = d3.select(box).append("svg").attr("class", "plot").attr("role", "img").attr("aria-label", title);
  const bar = el("div", { class: "bar" }, ...controls,
    el("span", { class: "save" }, el("button", { type: "button", "data-save": "svg", onclick: () => saveSvg(svg.node(), id) }, "SVG"),
      el("button", { type: "button", "data-save": "png", onclick: () => savePng(svg.node(), id) }, "PNG")));
  const clear = () => {
    const width = Math.max(300, Math.min(1200, box.clientWidth || 800));
    const height = typeof ratio === "function" ? Math.round(ratio(width)) : Math.min(560, Math.max(300, Math.round(width * ratio)));
    svg.selectAll("*").remove();
    svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
    return [width, height];
  };
  return { section: el("section", { id }, el("h2", {}, title), bar, ...above, box, el("p", { class: "note" }, note)), svg, clear };
}
