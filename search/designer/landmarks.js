// The design among published networks and, where a study is given, those of its trials that none beats.

function landmarkPicture(parent) {
  const axis = { x: "memory_bytes", y: "ops" };
  const pick = (which, text) => el("label", {}, text + " ", el("select", { "data-axis": which, onchange: (e) => { axis[which] = e.target.value; draw(); } },
    ...columns.map((column) => el("option", { value: column, selected: axis[which] === column }, label(column)))));
  const note = "The large ring is the design, the dotted line the way it came. Hollow marks are published networks" + (doc.study ? ", full ones the trials of " + doc.study + " that none beats, with their int8 validation accuracy" : "") +
    ". A click goes on from one of them. Dashed: limits of the budgets. Accuracy is known once a design is trained.";
  const { section, svg, clear } = picture("landmarks", "Among published networks", note, [pick("x", "across"), pick("y", "up")], 0.6);
  const legend = el("ul", { class: "legend" });
  section.insertBefore(legend, section.querySelector(".canvas"));
  parent.append(section);
  const types = doc.types.map((t) => t.name);
  const card = document.getElementById("card");
  const tell = (one, event) => {
    card.replaceChildren(el("b", {}, one.name), ` (${one.type})`, one.trial === undefined ? "" : `, trial ${grouped(one.trial)}`, el("br"),
      ...(one.accuracy === undefined ? [] : [withError(one.accuracy, one.error) + " int8 validation", el("br")]),
      ...columns.filter((c) => one.needs[c] !== undefined).flatMap((c) => [`${amount(c, one.needs[c])} ${c === "ms" ? "ms " : ""}${unitOf(c)}`, el("br")]));
    card.hidden = false;
    card.style.left = Math.max(4, Math.min(event.pageX + 14, window.scrollX + document.documentElement.clientWidth - card.offsetWidth - 8)) + "px";
    card.style.top = event.pageY + 16 + "px";
  };
  function draw() {
    if (!bench.landmarks || !bench.fit) return;
    const [width, height] = clear();
    const area = { left: 62, right: width - 14, top: 30, bottom: height - 48 };
    const known = (one) => one.needs[axis.x] > 0 && one.needs[axis.y] > 0;
    const spots = bench.landmarks.landmarks.concat(bench.landmarks.front).filter(known);
    const here = { name: bench.design.name, type: bench.design.network.type, needs: bench.fit.needs };
    if (!known(here)) {
      svg.append("text").attr("x", width / 2).attr("y", height / 2).attr("text-anchor", "middle").text("Times are known once a board is chosen.");
      return;
    }
    const all = spots.concat([here]);
    const over = (which, a, b) => {
      const values = all.map((one) => one.needs[axis[which]]);
      return d3.scaleLog([d3.min(values) / 1.3, d3.max(values) * 1.3], [a, b]);
    };
    const x = over("x", area.left, area.right), scale = over("y", area.bottom, area.top), y = (v) => scale(v);
    const format = (column) => column === "load" ? d3.format(".0~%") : d3.format(".3~s");
    y.ticks = logTicks(d3.scaleLog(scale.domain(), [0, area.bottom - area.top]), String).values;
    y.format = format(axis.y);
    axes(svg, x, y, area, label(axis.x), label(axis.y), logTicks(x, format(axis.x)));
    const limits = bench.fit.budgets.concat(bench.fit.boards.filter((b) => b.name === bench.board));
    limits.forEach((budget) => {
      const within = (which, s) => { const v = budget.limits[axis[which]]; return v !== undefined && v > s.domain()[0] && v < s.domain()[1] ? v : undefined; };
      const atX = within("x", x), atY = within("y", scale);
      const right = atX === undefined ? area.right : x(atX), top = atY === undefined ? area.top : y(atY);
      if (atX !== undefined) svg.append("path").attr("class", "limit").attr("d", `M${right} ${area.bottom}V${top}`);
      if (atY !== undefined) svg.append("path").attr("class", "limit").attr("d", `M${area.left} ${top}H${right}`);
      // Where few designs are: at the left of the one line, else at the foot of the other.
      if (atY !== undefined) svg.append("text").attr("class", "label").attr("x", area.left + 5).attr("y", top - 4).text(budget.name);
      else if (atX !== undefined) svg.append("text").attr("class", "label").attr("x", right - 4).attr("y", area.bottom - 5).attr("text-anchor", "end").text(budget.name);
    });
    if (bench.trail.length > 1) {
      svg.append("path").attr("class", "trail").attr("d", "M" + bench.trail.filter((needs) => known({ needs })).map((needs) => x(needs[axis.x]).toFixed(1) + " " + y(needs[axis.y]).toFixed(1)).join("L"));
    }
    const names = [];
    spots.forEach((one) => {
      const at = { x: x(one.needs[axis.x]), y: y(one.needs[axis.y]) }, kind = types.indexOf(one.type), trial = one.trial !== undefined;
      svg.append("path").attr("class", "spot mark" + (trial ? " full" : "")).style("color", color(kind)).attr("d", marker(kind, at.x, at.y, 5))
        .attr("tabindex", 0).attr("role", "button").attr("aria-label", "go on from " + one.name)
        .on("mousemove", () => tell(one, d3.event)).on("mouseleave", () => { card.hidden = true; })
        .on("click", () => { card.hidden = true; begin(one.design); })
        .on("keydown", () => { if (d3.event.key === "Enter" || d3.event.key === " ") { d3.event.preventDefault(); begin(one.design); } });
      names.push({ text: trial ? percent(one.accuracy) : one.name, ...at, trial });
    });
    const hx = x(here.needs[axis.x]), hy = y(here.needs[axis.y]);
    svg.append("circle").attr("class", "here").attr("cx", hx).attr("cy", hy).attr("r", 9);
    svg.append("path").attr("class", "mark full").style("color", color(types.indexOf(here.type))).attr("d", marker(types.indexOf(here.type), hx, hy, 4)).attr("pointer-events", "none");
    const taken = names.map((n) => ({ x0: n.x - 5, x1: n.x + 5, y: n.y })).concat([{ x0: hx - 12, x1: hx + 12, y: hy }]);
    const put = (name) => {
      const wide = 6.2 * name.text.length, end = name.x + wide + 10 > area.right;
      const box = { x0: end ? name.x - 9 - wide : name.x + 9, x1: end ? name.x - 9 : name.x + 9 + wide, y: name.y };
      if (taken.some((t) => Math.abs(t.y - box.y) < 12 && t.x0 < box.x1 && box.x0 < t.x1)) return;
      taken.push(box);
      svg.append("text").attr("class", "near").attr("x", end ? box.x1 : box.x0).attr("y", name.y + 4).attr("text-anchor", end ? "end" : "start").attr("pointer-events", "none").text(name.text);
    };
    names.filter((n) => n.trial).forEach(put);
    names.filter((n) => !n.trial).forEach(put);
    legend.replaceChildren();
    types.filter((type) => all.some((one) => one.type === type)).forEach((type) => {
      const kind = types.indexOf(type), item = d3.select(legend).append("li");
      item.append("svg").attr("viewBox", "0 0 16 16").attr("aria-hidden", "true").append("path").attr("d", marker(kind, 8, 8, 5)).style("fill", color(kind));
      item.append("span").text(type);
    });
  }
  views.push(draw);
}
