// Puts the page together.

function designText() { return JSON.stringify(bench.design, null, 2) + "\n"; }

function topBar(parent) {
  const type = el("select", { id: "type", onchange: () => change("type", { type: type.value }) }, ...doc.types.map((t) => el("option", { value: t.name, title: t.summary }, t.name)));
  const start = el("select", { id: "start", onchange: () => {
    const one = bench.landmarks.landmarks.concat(bench.landmarks.front)[Number(start.value)];
    start.value = "";
    if (one) begin(one.design);
  } });
  const board = el("select", { id: "board", onchange: () => move({ board: board.value }) }, el("option", { value: "" }, "none"), ...doc.boards.map((b) => el("option", { value: b.name, title: b.summary }, `${b.name} (${b.core})`)));
  const hop = el("input", { id: "hop", type: "number", min: 0, max: 1000, style: "width:4.5rem", title: "from decision to decision, in whole frames; empty: as many as 100 ms hold", onchange: () => move({ hop: Number(hop.value) || 0 }) });
  const carry = el("input", { id: "carry", type: "checkbox", onchange: () => move({ carry: carry.checked }) });
  const counted = el("span", { class: "note", id: "counted-hop" });
  const name = el("input", { id: "name", class: "name", onchange: () => wish("name", async () => take(await askJson("/api/dials", { design: Object.assign({}, bench.design, { name: name.value }) }), true)) });
  const back = el("button", { type: "button", id: "undo", onclick: undo }, "undo");
  const said = el("span", { class: "said", role: "status" });
  const get = el("button", { type: "button", id: "download", onclick: () => save(bench.design.name + ".json", new Blob([designText()], { type: "application/json" })) }, "download");
  const keep = doc.file ? el("button", { type: "button", id: "save", onclick: () => wish("save", async () => { said.textContent = (await ask("/api/save", bench.design)).trim(); }) }, "save to " + doc.file) : null;
  const summary = el("span", { class: "note" });
  parent.append(
    el("div", { class: "bar" }, el("label", {}, "type ", type), summary),
    el("div", { class: "bar" }, el("label", {}, "go on from ", start), el("label", {}, "board ", board), el("label", {}, "a decision every ", hop, " ms"), counted, el("label", { title: "networks with recurrent layers: the new time steps alone in place of a window a decision" }, carry, " carry the state")),
    el("div", { class: "bar" }, el("label", {}, "name ", name), back, get, keep || "", said));
  let listed = null;
  views.push(() => {
    if (bench.landmarks && listed !== bench.landmarks) {
      listed = bench.landmarks;
      const group = (text, some, from) => some.length ? [el("optgroup", { label: text }, ...some.map((one, i) => el("option", { value: from + i }, one.name + (one.accuracy === undefined ? "" : ` (${percent(one.accuracy)})`))))] : [];
      start.replaceChildren(el("option", { value: "" }, "choose\u2026"), ...group("best of " + doc.study, listed.front, listed.landmarks.length), ...group("published", listed.landmarks, 0));
    }
    if (!bench.design) return;
    type.value = bench.design.network.type;
    summary.textContent = doc.types.find((t) => t.name === type.value).summary;
    board.value = bench.board;
    const taken = bench.cost ? bench.cost.designs[0].firmware.hop_ms : "";
    hop.value = bench.hop || "";
    carry.checked = bench.carry;
    hop.placeholder = taken;
    counted.textContent = bench.hop && taken !== bench.hop ? `in whole frames: ${taken} ms` : "";
    if (document.activeElement !== name) name.value = bench.design.name;
    back.disabled = !bench.past.length;
    if (said.textContent && !wishes.length) setTimeout(() => { said.textContent = ""; }, 4000);
  });
}

function filePanel(parent) {
  const area = el("textarea", { id: "file", rows: 14, spellcheck: "false", "aria-label": "design file" });
  const apply = el("button", { type: "button", id: "apply", onclick: () => wish("apply", async () => {
    let design;
    try { design = JSON.parse(area.value); } catch (error) { throw new Error("design: is not JSON: " + error.message); }
    await take(await askJson("/api/dials", { design }), true);
    area.value = written = designText();
    views.forEach((draw) => draw());
  }) }, "apply");
  const revert = el("button", { type: "button", id: "revert", onclick: () => { area.value = written; views.forEach((draw) => draw()); } }, "put back");
  const pending = el("span", { class: "note", id: "pending" });
  area.addEventListener("input", () => tell());
  const commands = el("div", {});
  parent.append(el("section", { id: "design-file" }, el("h2", {}, "Design file"), el("p", { class: "note" }, "What dials do not tell can be changed here."), area, el("div", { class: "bar" }, apply, revert, pending),
    el("h2", {}, "Go on"), commands));
  let written = "";
  const tell = () => {
    revert.hidden = area.value === written;
    pending.textContent = revert.hidden ? "" : "changed here, not applied yet";
  };
  views.push(() => {
    if (!bench.design) return;
    // What somebody has written stays until it is applied or put back.
    const whole = area.value === written;
    written = designText();
    if (whole) area.value = written;
    tell();
    const file = doc.file || bench.design.name + ".json", chosen = doc.boards.find((b) => b.name === bench.board);
    const on = (chosen ? " --board " + shellWord(chosen.given) : "") + (bench.hop ? ` --hop-ms ${bench.hop}` : "") + (bench.carry ? " --carry-state" : "") + (chosen ? doc.flags.replace(/ --core \S+/, "") : doc.flags);
    commands.replaceChildren(command(`kwsmith cost ${shellWord(file)}${on}`), command(`kwsmith train ${shellWord(file)} --data DATA --out ${shellWord(bench.design.name)}`));
  });
}

topBar(document.getElementById("top"));
dialPanel(document.getElementById("dials"));
figurePanel(document.getElementById("figures"));
const below = document.getElementById("pictures");
[landmarkPicture, layerTable, arenaPicture, boardTable, filePanel].forEach((make) => make(below));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) { event.preventDefault(); undo(); }
});
let width = below.clientWidth, timer = 0;
new ResizeObserver(() => {
  if (below.clientWidth === width) return;
  width = below.clientWidth;
  clearTimeout(timer);
  timer = setTimeout(() => views.forEach((draw) => draw()), 120);
}).observe(below);
wish("start", async () => {
  // What was under work before the page was loaded again.
  const kept = sessionStorage.getItem(token);
  const first = await askJson("/api/dials", { design: doc.design });
  await take(first, true);
  if (kept && kept !== JSON.stringify(bench.design)) await take(await askJson("/api/dials", { design: JSON.parse(kept) }), true);
  await readLandmarks();
  views.forEach((draw) => draw());
});
