// What the test split says of the best of each budget: which word is taken for which, and what a threshold gives up.

const KINDS = [["int8", "int8"], ["float", "float"]];  // of networks: key, title

const tested = trials.filter((t) => t.best.length && t.study.tests[t.v.trial] && t.study.tests[t.v.trial].labels);
const testOf = (trial) => trial.study.tests[trial.v.trial];
const testedName = (trial) => (doc.studies.length > 1 ? trial.study.name + ", " : "") + trial.best.join(", ");

/// The matrix as cells {row, column, clips, share of the row}.
function cellsOf(matrix) {
  return d3.merge(matrix.map((row, r) => {
    const all = d3.sum(row) || 1;
    return row.map((clips, c) => ({ row: r, column: c, clips, share: clips / all }));
  }));
}

/// One matrix with names, its top left corner at (left, top).
function drawMatrix(svg, title, test, matrix, left, top, names, size) {
  const n = test.labels.length, cell = size / n, cells = cellsOf(matrix);
  const most = d3.max(cells, (c) => c.row === c.column ? 0 : c.share) || 1;
  const group = svg.append("g").attr("class", "matrix").attr("transform", `translate(${left + names},${top + names})`);
  const right = d3.sum(cells, (c) => c.row === c.column ? c.clips : 0), all = d3.sum(cells, (c) => c.clips) || 1;
  svg.append("text").attr("class", "label").attr("x", left).attr("y", top + 14).text(`${title}: ${percent(right / all)}`);
  const letters = Math.floor((names - 8) / 6.5);
  const short = (name) => name.length > letters ? name.slice(0, letters - 1) + "\u2026" : name;
  const every = Math.ceil(11 / cell);  // so that names do not touch
  test.labels.forEach((name, i) => {
    if (i % every) return;
    group.append("text").attr("x", -5).attr("y", (i + 0.5) * cell).attr("dy", "0.32em").attr("text-anchor", "end").text(short(name));
    group.append("text").attr("transform", `translate(${(i + 0.5) * cell},-5) rotate(-60)`).attr("dy", "0.32em").text(short(name));
  });
  // Light enough for the numbers on it; mistakes by their part of the largest one.
  const strength = (c) => 0.5 * (c.row === c.column ? c.share : Math.sqrt(c.share / most));
  const boxes = group.selectAll("g").data(cells.filter((c) => c.clips)).enter().append("g").attr("transform", (c) => `translate(${c.column * cell},${c.row * cell})`);
  boxes.append("rect").attr("width", cell).attr("height", cell).attr("fill-opacity", strength)
    .style("fill", (c) => c.row === c.column ? "var(--t2)" : "var(--t5)");
  boxes.append("title").text((c) => `${grouped(c.clips)} clips of ${test.labels[c.row]} taken for ${test.labels[c.column]}, ${percent(c.share)} of them`);
  if (cell >= 17) {
    boxes.append("text").attr("class", "count").attr("x", cell / 2).attr("y", cell / 2).attr("dy", "0.32em").attr("text-anchor", "middle")
      .style("font-size", Math.min(12, cell / 2.1) + "px").text((c) => c.clips);
  }
  group.append("rect").attr("class", "frame").attr("width", size).attr("height", size);
}

function confusion(parent) {
  if (!tested.length) return;
  let shown = tested[0];
  const choice = el("select", { "aria-label": "confusion of", "data-menu": "tested", onchange: (e) => { shown = tested[Number(e.target.value)]; view.draw(); } },
    ...tested.map((trial, i) => el("option", { value: i }, `${testedName(trial)}: ${trial.v.name}`)));
  const layout = (width) => {
    const longest = d3.max(testOf(shown).labels, (name) => name.length);
    const names = Math.max(50, Math.min(110, 14 + 6.5 * longest)), beside = width >= 720;
    const size = Math.min(30 * testOf(shown).labels.length, (beside ? width / 2 - 12 : width) - names - 6);
    return { names, beside, size, part: names + size + 18 };
  };
  const view = figure(parent, "confusion", "What is taken for what",
    "Test clips of the best of a budget; rows: what was spoken, columns: what was heard. Blue: right, orange: the stronger, the larger the part of its row.",
    [el("label", {}, "best of ", choice)], (width) => layout(width).part * (layout(width).beside ? 1 : 2), (svg, width) => {
      const test = testOf(shown), { names, beside, size, part } = layout(width);
      KINDS.forEach(([key, title], i) => drawMatrix(svg, title, test, test.confusion[key], beside ? i * (width / 2) : 0, beside ? 0 : i * part, names, size));
      return {};
    }, false);
}

function misses(parent) {
  const some = tested.filter((t) => testOf(t).thresholds.length);
  if (!some.length) return;
  figure(parent, "misses", "Misses against false accepts",
    "Test clips of the best of each budget, int8, each heard once; the numbers are thresholds on the posterior. False accepts in an hour of sound: kwsmith listen.",
    [], 0.42, (svg, width, height) => {
      const room = Math.min(0.4 * width, 24 + 8 * d3.max(some, (t) => testedName(t).length));
      const area = { left: 52, right: width - room, top: 30, bottom: height - 48 };
      const all = d3.merge(some.map((t) => testOf(t).thresholds));
      const x = d3.scaleSqrt().domain([0, 100 * d3.max(all, (p) => p[2]) || 1]).range([area.left, area.right]);
      const scale = d3.scaleLinear([0, 100 * d3.max(all, (p) => p[1]) || 1], [area.bottom, area.top]).nice();
      const y = (v) => scale(v);
      y.ticks = scale.ticks(6);
      let last = -Infinity;
      const ticks = x.ticks(8).filter((v) => { const keep = x(v) - last > 44; if (keep) last = x(v); return keep; });
      axes(svg, x, y, area, "clips without a keyword taken for one, %", "keywords missed, %", { values: ticks, format: d3.format("~g") });
      const spots = [], names = [], numbers = [];
      some.forEach((trial, i) => {
        const points = testOf(trial).thresholds.map(([threshold, miss, accept]) => ({ x: x(100 * accept), y: y(100 * miss), threshold, trial }));
        svg.append("path").attr("class", "curve strong").style("color", color(trial.kind)).attr("stroke-dasharray", DASHES[i % DASHES.length])
          .attr("d", "M" + points.map((p) => p.x.toFixed(1) + " " + p.y.toFixed(1)).join("L"));
        points.forEach((p) => {
          svg.append("circle").attr("cx", p.x).attr("cy", p.y).attr("r", 2.5).style("fill", color(trial.kind));
          if (!p.threshold || numbers.some((n) => Math.abs(n.x - p.x) < 30 && Math.abs(n.y - p.y) < 14)) return;
          numbers.push(p);
          const beside = p.x > area.right - 36;  // where the names stand
          svg.append("text").attr("x", p.x + (beside ? -6 : 6)).attr("y", p.y - 5).attr("text-anchor", beside ? "end" : "start").text(p.threshold.toFixed(2));
        });
        const end = points[0];
        let at = end.y + 4;
        while (names.some((n) => Math.abs(n - at) < 14)) at -= 14;
        names.push(at);
        svg.append("text").attr("class", "label").attr("x", area.right + 12).attr("y", at).text(testedName(trial));
        spots.push(...points);
      });
      return {
        points: spots,
        mark: (group, trial, how) => spots.filter((p) => p.trial === trial).forEach((p) =>
          group.append("circle").attr("class", how).attr("cx", p.x).attr("cy", p.y).attr("r", 5)),
      };
    }, false);
}
