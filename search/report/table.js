// All trials that pass the filter, in any order.

const PAGE = 100;

function csvCell(value) {
  let text = value === null || value === undefined ? "" : Array.isArray(value) ? value.join(";") : String(value);
  // A spreadsheet must not compute what somebody has named.
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function tableCsv() {
  const names = doc.studies.length > 1 ? ["study", ...columns] : columns;
  const line = (t) => names.map((name) => csvCell(name === "study" ? t.study.name : t.v[name])).join(",");
  return names.join(",") + "\n" + ordered.map(line).join("\n") + "\n";
}

function trialTable(parent) {
  const hiddenColumns = new Set(["core", "design_hash", "seed", "data_seed", "peak_rate", "final_loss", "best_epoch", "macs", "arena_bytes", "finalist_of", "budget", "float_validation", "reason", ERROR, "int8_cross_entropy", "parameters", "ops_per_second"]);
  const first = ["trial", "name", ACCURACY];  // what a phone shows
  const rest = columns.filter((name) => !first.includes(name));
  const short = () => [...first, ...(doc.studies.length > 1 ? ["study"] : []), ...rest.filter((name) => wide || !hiddenColumns.has(name) || limited(name))];
  let rows = PAGE, wide = false;
  const count = el("span", { class: "count", role: "status" });
  const head = el("tr", {}), body = el("tbody", {});
  const more = el("button", { type: "button", onclick: () => { rows += 5 * PAGE; view.draw(); markAll(); } }, "show more");
  const box = el("div", { class: "box", role: "region", tabindex: "0", "aria-label": "trials" },
    el("table", {}, el("thead", {}, head), body));
  const bar = el("div", { class: "bar" }, count,
    el("label", {}, el("input", { type: "checkbox", onchange: (e) => { wide = e.target.checked; view.draw(); markAll(); } }), " all columns"),
    el("span", { class: "save" }, el("button", { type: "button", "data-save": "csv", onclick: () => save("trials.csv", new Blob([tableCsv()], { type: "text/csv" })) }, "CSV")));
  parent.append(el("section", { id: "trials" }, el("h2", {}, "Trials"), bar, box, more));
  const rowOf = new Map();
  const view = {
    draw: () => {
      head.replaceChildren(...short().map((name) => {
        const by = state.sort.replace(/^-/, "") === name;
        return el("th", { scope: "col", "aria-sort": by ? (state.sort.startsWith("-") ? "descending" : "ascending") : "none" },
          el("button", { type: "button", "data-sort": name, onclick: () => change({ sort: state.sort === "-" + name ? name : by ? "-" + name : (typeof trials[0].v[name] === "string" ? "" : "-") + name }) },
            label(name) + (by ? (state.sort.startsWith("-") ? " \u25be" : " \u25b4") : "")));
      }));
      rowOf.clear();
      body.replaceChildren(...ordered.slice(0, rows).map((trial) => {
        const row = el("tr", { "data-trial": trial.key, onclick: () => choose(trial) }, ...short().map((name, i) => {
          const value = name === "study" ? trial.study.name : trial.v[name];
          const text = name === ACCURACY && value !== null ? withError(value, trial.v[ERROR]) : shown(name, value);
          return el(i ? "td" : "th", { scope: i ? undefined : "row", class: typeof value === "number" ? "number" : name === "reason" ? "prose" : undefined }, text);
        }));
        rowOf.set(trial, row);
        return row;
      }));
      more.hidden = ordered.length <= rows;
      count.textContent = `${grouped(ordered.length)} of ${grouped(trials.length)} trials` + (ordered.length > rows ? `, ${grouped(rows)} shown` : "");
    },
    mark: (chosen, under) => {
      body.querySelectorAll(".chosen, .under").forEach((row) => row.classList.remove("chosen", "under"));
      if (chosen && rowOf.has(chosen)) rowOf.get(chosen).classList.add("chosen");
      if (under && rowOf.has(under)) rowOf.get(under).classList.add("under");
    },
  };
  views.push(view);
}
