// A page that `--serve` has sent asks now and then whether the study has gone on, and is loaded anew when it has. What is
// chosen stands in the address and stays; a brush half drawn or a word half typed is waited for.

if (document.documentElement.dataset.served) {
  const every = 5000;  // ms
  const words = new URLSearchParams({ token: new URLSearchParams(location.search).get("token") });
  const note = el("p", { class: "note", role: "status" }, "This page follows the search.");
  document.querySelector("h1").after(note);
  let first = null;
  const look = async () => {
    let version = first;
    try {
      const answer = await fetch("/api/version?" + words);
      if (answer.ok) version = (await answer.json()).version;
    } catch (error) {
      note.replaceWith(el("div", { class: "ended", role: "status" },
        el("p", { class: "note" }, "kwsmith does not answer any more: its search has ended, or somebody has stopped it. This is how things stood when the page was loaded last. To see how they stand now, open report.html in the study's folder, or run:"),
        command("kwsmith report " + doc.studies.map((study) => shellWord(study.name)).join(" ") + " --serve")));
      return;
    }
    const busy = brushing || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) || document.hidden;
    if (first === null) first = version;
    else if (version !== first && !busy) return location.reload();
    else if (version !== first) note.textContent = "There are newer results: load the page again, or leave the field, to see them.";
    setTimeout(look, every);
  };
  look();
}
