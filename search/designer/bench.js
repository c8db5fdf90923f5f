// The design under work, and the way to the program that knows what it takes: the page computes nothing itself.

const doc = JSON.parse(document.getElementById("data").textContent);
const token = new URLSearchParams(location.search).get("token");
const columns = doc.measures.map((m) => m.column);

const bench = {
  design: null,     // as its file
  dials: null,      // the answer of /api/dials: {dials, features, told}
  cost: null,       // kwsmith.cost/1 of it
  fit: null,        // what it takes on the chosen board, and what it breaks
  before: null,     // {name, design, needs}: what changes are measured against
  landmarks: null,  // of the chosen board
  board: doc.board, hop: doc.hop_ms, carry: doc.carry_state,
  past: [],         // designs, for undo
  trail: [],        // needs
};
const views = [];  // draw()

const core = () => (doc.boards.find((b) => b.name === bench.board) || doc).core;

/// The answer's text. throws Error with the program's line.
async function ask(path, body, query) {
  const words = new URLSearchParams(Object.assign({ token }, query));
  let answer;
  try {
    answer = await fetch(path + "?" + words, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  } catch (error) {
    throw new Error("kwsmith design does not answer any more; start it again");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim());
  return text;
}
const askJson = async (path, body, query) => JSON.parse(await ask(path, body, query));
const place = () => ({ board: bench.board, hop_ms: bench.hop, carry_state: bench.carry });

const trouble = document.getElementById("trouble");
function complain(line) {
  trouble.textContent = line ? line + ". The figures are those before." : "";
  trouble.hidden = !line;
  document.getElementById("figures").classList.toggle("stale", Boolean(line));
}

/// Takes what /api/dials has answered.
async function take(answer, keepName) {
  const changed = bench.design && JSON.stringify(bench.design.network) + JSON.stringify(bench.design.features)
    !== JSON.stringify(answer.design.network) + JSON.stringify(answer.design.features);
  if (changed && !keepName && bench.before && answer.design.name === bench.before.name) answer.design.name += "_changed";
  if (bench.design && JSON.stringify(bench.design) !== JSON.stringify(answer.design)) bench.past.push(bench.design);
  bench.design = answer.design;
  bench.dials = answer;
  await weigh();
}

/// Asks what the design takes, and shows it.
async function weigh() {
  const [cost, fit] = await Promise.all([askJson("/api/cost", bench.design, place()), askJson("/api/fit", bench.design, place())]);
  bench.cost = cost;
  bench.fit = fit;
  if (!bench.before) bench.before = { name: bench.design.name, design: bench.design, needs: fit.needs };
  bench.trail.push(fit.needs);
  sessionStorage.setItem(token, JSON.stringify(bench.design));
  complain("");
  views.forEach((draw) => draw());
}

// One thing after the other. While something is asked, later turns of one dial take the place of earlier ones; what has
// no key keeps its place.
const wishes = [];
let working = false;
function wish(key, work) {
  if (key && wishes.length && wishes[wishes.length - 1].key === key) wishes.pop();
  wishes.push({ key, work });
  if (!working) fulfil();
}
async function fulfil() {
  working = true;
  document.documentElement.dataset.ready = "false";
  while (wishes.length) {
    const { work } = wishes.shift();
    try {
      await work();
    } catch (error) {
      complain(error.message);
      views.forEach((draw) => draw());
    }
  }
  working = false;
  document.documentElement.dataset.ready = "true";
}

function change(key, request) {
  wish(key, async () => take(await askJson("/api/dials", Object.assign({ design: bench.design }, request))));
}

/// Another design to go on from.
function begin(design) {
  wish("begin", async () => {
    const answer = await askJson("/api/dials", { design });
    bench.before = null;
    bench.trail = [];
    await take(answer, true);
  });
}

function undo() {
  wish("", async () => {
    const design = bench.past.pop();
    if (!design) return;
    const answer = await askJson("/api/dials", { design });
    bench.design = null;
    await take(answer, true);
  });
}

async function readLandmarks() {
  bench.landmarks = await askJson("/api/landmarks", undefined, place());
  if (bench.before) bench.before.needs = (await askJson("/api/fit", bench.before.design, place())).needs;
}

function move(values) {
  wish("move " + Object.keys(values), async () => {
    Object.assign(bench, values);
    bench.trail = [];
    await readLandmarks();
    await weigh();
  });
}
