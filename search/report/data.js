// The document of search/report_data.h, as objects that the pictures share.

const doc = JSON.parse(document.getElementById("data").textContent);
const ACCURACY = "int8_validation";
const ERROR = "int8_validation_error";

/// Numbers of a design by name: those of its front end, its network and its training. Of a list of layers the mean.
function dialsOf(design, row) {
  const sums = {};
  const walk = (value, path) => {
    if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") {
      (sums[path] = sums[path] || []).push(value);
    } else if (Array.isArray(value)) {
      const objects = value.some((one) => typeof one === "object");
      if (objects || path.endsWith("hidden")) (sums[path + " (number)"] = [value.length]);
      const pair = /(kernel|stride)$/.test(path) && value.length === 2;
      value.forEach((one, i) => walk(one, objects || !pair ? path : path + (i ? " (frequency)" : " (time)")));
    } else if (value) {
      Object.keys(value).forEach((key) => walk(value[key], path ? path + "." + key : key));
    }
  };
  walk(design.features, "front end");
  const network = Object.assign({}, design.network);
  delete network.type;
  walk(network, "");
  const dials = {};
  for (const [name, values] of Object.entries(sums)) {
    dials[name] = typeof values[0] === "number" ? d3.mean(values) : String(values[0]);
  }
  dials["peak rate"] = row.peak_rate;
  return dials;
}

const trials = [];
const byKey = new Map();
doc.studies.forEach((study, s) => {
  study.trials.forEach((one) => {
    const v = {};
    doc.columns.forEach((name, i) => { v[name] = one.row[i]; });
    const trial = {
      study, s, v, key: s + "." + v.trial, kind: doc.types.indexOf(v.type), design: one.design,
      rungs: one.rungs.map(([epochs, accuracy, error, decided]) => ({ epochs, accuracy, error, decided })),
      expected: one.expected, layers: one.layers, finished: v.state === "done",
      best: Object.keys(study.best).filter((name) => study.best[name] === v.trial),
    };
    trials.push(trial);
    byKey.set(trial.key, trial);
  });
});
trials.forEach((trial) => {
  let dials;
  Object.defineProperty(trial, "dials", { get: () => dials || (dials = dialsOf(trial.design, trial.v)) });
});

const presentTypes = doc.types.filter((type) => trials.some((t) => t.v.type === type));
const budgetNames = [...new Set(d3.merge(doc.studies.map((s) => s.budgets.map((b) => b.name))))];
const stateNames = [...new Set(trials.map((t) => t.v.state))];
const columns = doc.columns.filter((name) => trials.some((t) => t.v[name] !== null));
const measures = doc.measures.map((m) => m.column).filter((name) => columns.includes(name));
const landmarkNames = new Set(doc.landmarks.map((l) => l.name));
