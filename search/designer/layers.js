// The network layer by layer, and where its tensors lie.

function layerTable(parent) {
  const head = el("tr", {}), body = el("tbody", {});
  parent.append(el("section", { id: "layers" }, el("h2", {}, "Layers"), el("div", { class: "box tall" }, el("table", { class: "layers" }, el("thead", {}, head), body))));
  views.push(() => {
    if (!bench.cost) return;
    const layers = bench.cost.designs[0].layers, name = core();
    const figures = [["operations", (l) => l.ops], ["weights, bytes", (l) => l.weight_bytes], ["live memory, bytes", (l) => l.working_bytes], [`instructions, ${name}`, (l) => l.instructions[name]]];
    head.replaceChildren(...["layer", "output", ...figures.map(([text]) => text)].map((text) => el("th", { scope: "col" }, text)));
    const most = figures.map(([, of]) => d3.max(layers, of) || 1);
    body.replaceChildren(...layers.map((l) => el("tr", {}, el("th", { scope: "row" }, l.name, " ", el("small", {}, l.op)), el("td", {}, l.output.join("\u00d7")),
      ...figures.map(([, of], i) => shareCell(of(l) / most[i], grouped(of(l)))))));
  });
}

function arenaPicture(parent) {
  const { section, svg, clear } = picture("arena", "Arena", "A box for each tensor of a whole window: from the layer that makes it to the last that reads it, and where it lies. Where boxes of neighbouring layers share bytes, a layer writes over what it has read. Dashed: scratch.", [], 0.4);
  parent.append(section);
  views.push(() => {
    if (!bench.cost) return;
    const [width, height] = clear();
    const design = bench.cost.designs[0], layers = design.layers, rows = design.firmware.arena;
    const upright = layers.length > 8 || width < 60 * layers.length;
    const area = { left: 62, right: width - 10, top: 26, bottom: height - (upright ? 70 : 34) };
    const x = d3.scaleLinear([0, layers.length], [area.left, area.right]), scale = d3.scaleLinear([0, design.firmware.arena_bytes || 1], [area.bottom, area.top]);
    const y = (v) => scale(v);
    y.ticks = scale.ticks(5);
    y.format = grouped;
    axes(svg, x, y, area, "", "bytes of the arena, " + grouped(design.firmware.arena_bytes) + " in all", { values: [], format: String });
    rows.forEach((row) => {
      const [first, last] = row.layers, made = layers.findIndex((l) => l.name === row.what);
      svg.append("rect").attr("class", "tensor" + (/ scratch$/.test(row.what) ? " scratch" : made % 2 ? " odd" : ""))
        .attr("x", x(first) + 1).attr("width", Math.max(1, x(last + 1) - x(first) - 2)).attr("y", y(row.offset + row.bytes)).attr("height", Math.max(1, y(row.offset) - y(row.offset + row.bytes)))
        .append("title").text(`${row.what}: ${grouped(row.bytes)} bytes from ${grouped(row.offset)}`);
    });
    const every = Math.max(1, Math.ceil((upright ? 13 : 1) * layers.length / (area.right - area.left)));
    layers.forEach((l, i) => {
      if (i % every) return;
      const at = x(i + 0.5);
      const text = svg.append("text").text(l.name).style("font-size", "11px");
      if (upright) text.attr("text-anchor", "end").attr("transform", `translate(${at + 4},${area.bottom + 8}) rotate(-90)`);
      else text.attr("text-anchor", "middle").attr("x", at).attr("y", area.bottom + 16);
    });
  });
}
