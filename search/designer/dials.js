// A control for each dial of the network and each option of the front end.

const dialName = (name) => name.replace(/_ms$/, ", ms").replace(/_hz$/, ", Hz").replace(/_/g, " ");
let controls = 0;

/// {node, show(row)}: show() brings it to what the row says, but does not touch what the user is typing in.
function control(row, set) {
  const id = "control" + controls++;
  const name = dialName(row.name) + (row.place ? " " + (row.place + 1) : "");
  const help = el("span", { class: "note", id: id + "help" }, row.help);
  const common = { id, "aria-describedby": id + "help", "data-dial": row.name, "data-place": row.place || 0 };
  const heading = el("label", { for: id }, name);
  if (row.words) {
    const asNumber = row.place !== undefined;
    const select = el("select", { ...common, onchange: () => set(asNumber ? Number(select.value) : select.value) },
      ...row.words.map((word, i) => el("option", { value: asNumber ? i : word }, word)));
    return { node: el("div", { class: "dial" }, heading, select, help), show: (now) => { select.value = now.value; } };
  }
  if (row.least === 0 && row.most === 1) {
    const box = el("input", { ...common, type: "checkbox", onchange: () => set(box.checked ? 1 : 0) });
    return { node: el("div", { class: "dial" }, heading, box, help), show: (now) => { box.checked = now.value === 1; } };
  }
  const number = el("input", { ...common, type: "number", oninput: () => { if (number.value !== "") { range.value = number.value; set(Number(number.value)); } } });
  const range = el("input", { type: "range", "aria-label": name, oninput: () => { number.value = range.value; set(Number(range.value)); } });
  const show = (now) => {
    // A slider goes where a search goes; the number takes whatever is possible.
    const least = now.least === undefined ? now.low : now.least, most = now.most === undefined ? now.high : now.most;
    const still = now.low === now.high;
    Object.assign(number, { min: least, max: most });
    Object.assign(range, { min: Math.min(now.value, still ? least : now.low), max: Math.max(now.value, Math.min(most, still ? most : now.high)) });
    const onGrid = (now.value - range.min) % (now.step || 1) === 0;
    range.step = onGrid ? now.step || 1 : 1;
    if (document.activeElement !== number || Number(number.value) === now.value) number.value = now.value;
    if (document.activeElement !== range || Number(range.value) === now.value) range.value = now.value;
  };
  return { node: el("div", { class: "dial" }, heading, number, range, help), show };
}

/// Controls of rows, those that stay keeping their places and the focus.
function controlGroup(box, setter) {
  const known = new Map();
  return (rows) => {
    const keys = rows.map((row) => row.name + "." + (row.place || 0) + (row.words ? ".words" : row.least === 0 && row.most === 1 ? ".flag" : ""));
    for (const [key, one] of known) if (!keys.includes(key)) { one.node.remove(); known.delete(key); }
    rows.forEach((row, i) => {
      if (!known.has(keys[i])) known.set(keys[i], control(row, setter(row)));
      const one = known.get(keys[i]);
      if (box.children[i] !== one.node) box.insertBefore(one.node, box.children[i] || null);
      one.show(row);
    });
  };
}

function dialPanel(parent) {
  const network = el("div", {}), features = el("div", {});
  const told = el("p", { class: "note" }, "This network holds more than its dials tell, such as layers that differ; turning a dial makes it one that they tell.");
  parent.append(el("h2", {}, "Network"), told, network, el("h2", {}, "Front end"), features);
  const showNetwork = controlGroup(network, (row) => (value) => change(row.name + row.place, { dial: row.name, place: row.place, value }));
  const showFeatures = controlGroup(features, (row) => (value) => change(row.name, { feature: row.name, value }));
  let type = "";
  views.push(() => {
    if (!bench.dials) return;
    if (type !== bench.design.network.type) { showNetwork([]); type = bench.design.network.type; }
    told.hidden = bench.dials.told;
    showNetwork(bench.dials.dials);
    showFeatures(bench.dials.features);
  });
}
