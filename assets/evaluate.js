/**
 * The Evaluate tab: choose what to compare, run it with progress, and read tables, curves, radii, classes, figures, health.
 *
 *   const evaluator = hypviz.mountEvaluator(element);
 *   evaluator.open(view);   // view: what `View.describe()` sends; data and checkpoint are chosen at the top of the page
 *
 * The server does all measuring (hypviz/review); a finished evaluation is kept there, so a second look is instant.
 */
(function () {
  "use strict";
  const { el, choice, ask, query, address, timeLeft, complaint } = window.hypviz.evaluate;
  const POLL_MS = 400;
  const APEXES = [["query", "the query (β1 or α2)"], ["candidate", "the candidate"], ["sum", "both, summed"]];
  const TABS = [["results", "Results"], ["curves", "Curves"], ["radii", "Radius by depth"], ["classes", "By class"], ["ordered", "Norm-ordered"], ["health", "Health"]];

  window.hypviz.mountEvaluator = function (root) {
    const bar = el("form", { class: "he-bar", onsubmit: (event) => event.preventDefault() });
    const state = el("div", { class: "he-state", "aria-live": "polite" });
    const tabs = el("div", { class: "he-tabs", role: "tablist", "aria-label": "Parts of the evaluation" });
    const stage = el("div", { class: "he-stage", role: "tabpanel" });
    root.replaceChildren(el("div", { class: "he-root" }, bar, state, tabs, stage));
    const chosen = { other: "", apex: "query", scope: "quick" };
    const kept = {}; // what each section remembers while another one is looked at
    let view = null;
    let part = "results";
    let report = null;
    let sections = {};
    let standing = null;
    let names = null;
    let visit = 0; // answers to an earlier choice are not shown
    let timer = 0;

    const viewPath = (name) => `evaluate/${view.key}/${name}`;
    const path = (name, values = {}) => viewPath(`${name}?${query({ ...chosen, ...values })}`);
    const thumb = (row) => address(`view/${view.key}/thumb/${row}`);
    const onDisk = (row) => window.hypvizExplorer && window.hypvizExplorer.goTo({ row });
    const panel = window.hypviz.evaluate.createPanel(root.firstChild, { path, viewPath, thumb, onDisk, onOrdered, classes: () => (report ? report.classes : []) });

    // ---- choosing --------------------------------------------------------------------------------------------------

    async function open(next) {
      view = next;
      clearTimeout(timer);
      panel.close();
      Object.assign(chosen, { other: "", apex: "query", scope: "quick" });
      const mine = ++visit;
      clear();
      try {
        names = await ask(viewPath("choices"));
        const first = await ask(path("status"));
        if (mine !== visit) return;
        if (first.available.includes("full")) chosen.scope = "full"; // the better one, when it is there
        await look();
      } catch (error) {
        if (mine === visit) state.replaceChildren(complaint(error));
      }
    }

    function clear() {
      report = null;
      sections = {};
      for (const key of Object.keys(kept)) delete kept[key];
      stage.replaceChildren();
    }

    function choose(key) {
      return (value) => {
        chosen[key] = value;
        panel.close();
        clear();
        look();
      };
    }

    function drawBar() {
      const others = [["", "nothing"], [names.untrained, "the untrained encoder"], ...names.others];
      const scopes = [["quick", `quick: a sample of ${standing.quick_queries} per task`], ["full", "full: every query"]];
      const what = el("p", { class: "he-what" }, "Judging ", el("b", { text: names.checkpoint }), " on ", el("b", { text: names.data }), el("small", { text: "both are chosen at the top of the page" }));
      bar.replaceChildren(what, choice("Beside", others, chosen.other, choose("other"), { name: "other" }), choice("Apex of the angle", APEXES, chosen.apex, choose("apex"), { name: "apex" }), choice("Queries", scopes, chosen.scope, choose("scope"), { name: "scope" }));
    }

    // ---- where it stands -------------------------------------------------------------------------------------------

    /** Ask where this choice stands, show it, and come back while it runs. */
    async function look() {
      clearTimeout(timer);
      const mine = ++visit;
      try {
        const found = await ask(path("status"));
        if (mine !== visit) return;
        standing = found;
        drawBar();
        drawState();
        if (standing.state === "ready" && !report) {
          const made = await ask(path("report"));
          if (mine !== visit) return;
          report = made;
          sections = {};
          drawState();
        }
        show(part);
        if (standing.state === "running" || standing.state === "busy") timer = setTimeout(look, POLL_MS);
        root.dataset.state = report ? "ready" : standing.state;
      } catch (error) {
        if (mine !== visit) return;
        state.replaceChildren(complaint(error), runButton("try again"));
        root.dataset.state = "failed";
      }
    }

    async function run() {
      const mine = ++visit;
      try {
        await ask(path("run"), { method: "POST" });
        if (mine === visit) await look();
      } catch (error) {
        if (mine === visit) state.replaceChildren(complaint(error), runButton("try again"));
      }
    }

    const runButton = (text) => el("button", { type: "button", class: "he-run", text, onclick: run });
    const note = (text) => el("p", { class: "he-note", text });

    function drawState() {
      const { state: word, job, stale } = standing;
      root.dataset.state = word;
      if (word === "ready") state.replaceChildren(report ? summary() : note("Reading the results …"));
      else if (word === "running" || word === "busy") progress(job, word === "busy");
      else {
        const failed = word === "failed" ? complaint(new Error(job.error)) : null;
        const said = word === "cancelled" ? "Stopped; nothing was kept." : stale || "Not measured yet with these choices.";
        const cost = chosen.scope === "quick" ? "A sample of the queries: seconds on a few hundred pictures, with wider intervals." : "Every query: minutes on thousands of pictures.";
        const lines = failed ? [failed] : [el("p", { class: stale && word === "absent" ? "he-stale" : null, text: said }), note(cost)];
        state.replaceChildren(el("div", { class: "he-empty" }, el("div", {}, ...lines), runButton(failed ? "Run again" : `Run the ${chosen.scope} evaluation`)));
      }
    }

    function progress(job, other) {
      const bar_ = state.querySelector("progress") || el("progress", { max: "1", "aria-label": "Progress" });
      bar_.value = job.share;
      const words = job.cancelling ? "stopping …" : `${Math.round(100 * job.share)} % · ${job.what} · ${job.seconds.toFixed(0)} s so far${job.seconds_left === null ? "" : `, ${timeLeft(job.seconds_left)}`}`;
      const title = other ? `${job.title} is running; this one can start after it.` : `${job.title}.`;
      let line = state.querySelector(".he-progress");
      if (!line) {
        const cancel = el("button", { type: "button", class: "he-small he-cancel", text: "Cancel" });
        line = el("div", { class: "he-progress" }, el("p", { class: "he-title" }), bar_, el("p", { class: "he-note he-words", "aria-live": "off" }), cancel);
        state.replaceChildren(line);
      }
      line.querySelector(".he-title").textContent = title;
      line.querySelector(".he-words").textContent = words;
      const button = line.querySelector(".he-cancel");
      button.disabled = job.cancelling;
      button.onclick = () => ask(`evaluate/cancel/${job.id}`, { method: "POST" }).then(look, (error) => state.append(complaint(error)));
    }

    function summary() {
      const parts = report.sources.map((one) => `${one.name}: ${one.geometry}, ${one.dimension}-d, c = ${one.curv.toFixed(2)}, measured in ${one.seconds} s on ${one.created.slice(0, 16).replace("T", " ")} UTC`);
      const sample = report.options.scope === "quick" ? `A sample of up to ${report.settings.max_queries} queries per task. ` : "";
      return note(`${sample}${parts.join(" · ")}. Brackets: 95 % intervals, pictures resampled. Click any number for its pictures.`);
    }

    // ---- sections --------------------------------------------------------------------------------------------------

    const actions = {
      onPick: (key) => (key.task === "radii" ? pickRadii(key) : panel.examples(key)),
      onLevel: (source, level) => panel.level(source, level),
      onShow: (check) => panel.findings(check),
      onDisk, path, viewPath, thumb,
    };

    /** A number about radii leads to pairs of parent and child, or to the items of a level. */
    function pickRadii({ source, metric }) {
      if (metric === "direct" || metric === "ancestors") return panel.pairs(source, metric === "direct");
      const { levels } = report.radii.find((one) => one.source === source);
      const depth = metric.startsWith("depth ") ? Number(metric.slice(6)) : levels[levels.length - 1].depth;
      return panel.level(source, levels.find((level) => level.depth === depth));
    }

    function make(name) {
      const parts = window.hypviz.evaluate;
      const start = { curves: { curve: "" }, classes: { task: "", score: "", metric: "" }, ordered: { row: null, source: "", limit: 10, word: "" } };
      kept[name] = kept[name] || start[name] || {};
      const context = { ...actions, state: kept[name] };
      return name === "health" ? parts.health(context) : parts[name](report, context);
    }

    function show(name) {
      part = name;
      tabs.replaceChildren(...TABS.map(tabButton));
      if (name !== "health" && !report) {
        stage.replaceChildren(standing && standing.state === "ready" ? note("Reading the results …") : promise());
        return;
      }
      sections[name] = sections[name] || make(name);
      if (stage.firstChild !== sections[name]) stage.replaceChildren(sections[name]);
      stage.dataset.part = name;
      if (sections[name].shown) sections[name].shown();
    }

    function promise() {
      const will = ["the paper's tables, beside cosine and distance on the same vectors", "precision over recall with the thresholds marked", "true radius by depth", "results by class", "norm-ordered retrieval, to save as a figure"];
      return el("div", { class: "he-promise" }, el("p", { text: "An evaluation gives:" }), el("ul", {}, ...will.map((text) => el("li", { text }))), note("The health report needs no evaluation."));
    }

    function tabButton([name, text], index) {
      const on = name === part;
      const step = (event) => {
        const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!move) return;
        event.preventDefault();
        show(TABS[(index + move + TABS.length) % TABS.length][0]);
        tabs.querySelector("[aria-selected=true]").focus();
      };
      return el("button", { type: "button", role: "tab", class: "he-tab", "data-part": name, "aria-selected": String(on), tabindex: on ? "0" : "-1", text, onclick: () => show(name), onkeydown: step });
    }

    function onOrdered(row, source) {
      sections.ordered = sections.ordered || make("ordered");
      sections.ordered.take(row, source);
      show("ordered");
    }

    // Charts take their colours from the theme when drawn, and their width when they are seen.
    new MutationObserver(() => report && sections[part] && sections[part].shown && sections[part].shown()).observe(document.body, { attributes: true, attributeFilter: ["class"] });

    return { open, show, state: () => ({ view, chosen: { ...chosen }, standing, report, part }) };
  };
})();
