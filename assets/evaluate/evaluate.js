/**
 * The Evaluate tab: choose what to compare, run it with progress, and read tables, curves, radii, classes, figures, health.
 *
 *   const evaluator = hypviz.mountEvaluator(element);
 *   evaluator.open(view);   // view: what `View.describe()` sends; data and checkpoint are chosen at the top of the page
 *
 * The server does all measuring (hypviz/review); a finished evaluation is kept there, so a second look is instant.
 */
import { button, el } from "../shared/dom.js";
import { address, ask, query } from "../shared/http.js";
import { choice, note } from "../shared/pieces.js";
import { curves, radii } from "./charts.js";
import { classes as byClass } from "./classes.js";
import { health } from "./health.js";
import { ordered } from "./ordered.js";
import { createPanel } from "./panel.js";
import { createStanding } from "./standing.js";
import { results } from "./tables.js";

const POLL_MS = 400;
const APEXES = [
  ["query", "the query (β1 or α2)"],
  ["candidate", "the candidate"],
  ["sum", "both, summed"],
];
const PROMISES = [
  "the paper's tables, beside cosine and distance on the same vectors",
  "precision over recall with the thresholds marked",
  "true radius by depth",
  "results by class",
  "norm-ordered retrieval, to save as a figure",
];
const TABS = [
  ["results", "Results"],
  ["curves", "Curves"],
  ["radii", "Radius by depth"],
  ["classes", "By class"],
  ["ordered", "Norm-ordered"],
  ["health", "Health"],
];
/** What makes each part that needs a report. */

const SECTIONS = { results, curves, radii, classes: byClass, ordered };

export function mountEvaluator(root) {
  const bar = el("form", { class: "he-bar", onsubmit: (event) => event.preventDefault() });
  const line = el("div", { class: "he-state", "aria-live": "polite" });
  const tabs = el("div", { class: "he-tabs", role: "tablist", "aria-label": "Parts of the evaluation" });
  const stage = el("div", { class: "he-stage", role: "tabpanel" });
  root.replaceChildren(el("div", { class: "he-root" }, bar, line, tabs, stage));
  const words = createStanding(line, { onRun: () => run(), onCancel: (job) => cancel(job) });
  const chosen = { other: "", apex: "query", scope: "quick" };
  const kept = {}; // what each section remembers while another one is looked at
  let view = null;
  let part = "results";
  let report = null;
  let sections = {};
  let standing = null;
  let visit = 0; // answers to an earlier choice are not shown
  let timer = 0;

  const viewPath = (name) => `evaluate/${view.key}/${name}`;
  const path = (name, values = {}) => viewPath(`${name}?${query({ ...chosen, ...values })}`);
  const thumb = (row) => address(`view/${view.key}/thumb/${row}`);
  const onDisk = (row) => window.hypvizExplorer && window.hypvizExplorer.goTo({ row });
  const classes = () => (report ? report.classes : []);
  const panel = createPanel(root.firstChild, { path, viewPath, thumb, onDisk, onOrdered, classes });

  // ---- choosing --------------------------------------------------------------------------------------------------

  async function open(next) {
    view = next;
    panel.close();
    Object.assign(chosen, { other: "", apex: "query", scope: "quick" });
    await guarded(async (current) => {
      clear();
      const names = await ask(viewPath("choices"));
      const { available } = await ask(path("status"));
      if (!current()) return;
      if (available.includes("full")) chosen.scope = "full"; // the better one, when it is there
      drawBar(names);
      await look();
    });
  }

  /** Do something that later choices make void: `current()` says whether it still counts. */
  async function guarded(work) {
    clearTimeout(timer);
    const mine = ++visit;
    try {
      await work(() => mine === visit);
    } catch (error) {
      if (mine === visit) tell("failed", error);
    }
  }

  function tell(state, error) {
    words.fail(error);
    root.dataset.state = state;
  }

  function clear() {
    report = standing = null;
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

  function drawBar(names) {
    const others = [["", "nothing"], [names.untrained, "the untrained encoder"], ...names.others];
    const scopes = [
      ["quick", `quick: a sample of ${names.quick_queries} per task`],
      ["full", "full: every query"],
    ];
    const where = el("small", { text: "both are chosen at the top of the page" });
    const [checkpoint, data] = [names.checkpoint, names.data].map((text) => el("b", { text }));
    bar.replaceChildren(
      el("p", { class: "he-what" }, "Judging ", checkpoint, " on ", data, where),
      choice("Beside", others, chosen.other, choose("other"), { name: "other" }),
      choice("Apex of the angle", APEXES, chosen.apex, choose("apex"), { name: "apex" }),
      choice("Queries", scopes, chosen.scope, choose("scope"), { name: "scope" }),
    );
  }

  // ---- where it stands -------------------------------------------------------------------------------------------

  /** Ask where this choice stands, show it, and come back while it runs. */
  async function look() {
    await guarded(async (current) => {
      const before = standing?.state;
      const found = await ask(path("status"));
      if (!current()) return;
      standing = found;
      words.show(standing, { scope: chosen.scope, report });
      if (standing.state === "ready" && !report) {
        const made = await ask(path("report"));
        if (!current()) return;
        report = made;
        words.show(standing, { scope: chosen.scope, report });
      }
      if (standing.state !== before || !stage.firstChild) show(part);
      if (standing.state === "running" || standing.state === "busy") timer = setTimeout(look, POLL_MS);
      root.dataset.state = standing.state;
    });
  }

  const send = (address_) =>
    guarded(async (current) => {
      await ask(address_, { method: "POST" });
      if (current()) await look();
    });
  const run = () => send(path("run"));
  const cancel = (job) => send(`evaluate/cancel/${job}`);

  // ---- sections --------------------------------------------------------------------------------------------------

  const actions = {
    onPick: (key) => (key.task === "radii" ? pickRadii(key) : panel.examples(key)),
    onLevel: (source, level) => panel.level(source, level),
    onShow: (check) => panel.findings(check),
    onDisk,
    path,
    viewPath,
    thumb,
  };

  /** A number about radii leads to pairs of parent and child, or to the items of a level. */
  function pickRadii({ source, metric }) {
    if (metric === "direct" || metric === "ancestors") return panel.pairs(source, metric === "direct");
    const { levels } = report.radii.find((one) => one.source === source);
    const depth = metric.startsWith("depth ") ? Number(metric.slice(6)) : levels[levels.length - 1].depth;
    return panel.level(
      source,
      levels.find((level) => level.depth === depth),
    );
  }

  function make(name) {
    const start = {
      curves: { curve: "" },
      classes: { task: "", score: "", metric: "" },
      ordered: { row: null, source: "", limit: 10, word: "" },
    };
    kept[name] = kept[name] || start[name] || {};
    const context = { ...actions, state: kept[name] };
    return name === "health" ? health(context) : SECTIONS[name](report, context);
  }

  function show(name) {
    part = name;
    tabs.replaceChildren(...TABS.map(tabButton));
    if (name !== "health" && !report) {
      stage.replaceChildren(promise());
      return;
    }
    sections[name] = sections[name] || make(name);
    if (stage.firstChild !== sections[name]) stage.replaceChildren(sections[name]);
    stage.dataset.part = name;
    if (sections[name].shown) sections[name].shown();
  }

  function promise() {
    const list = el("ul", {}, ...PROMISES.map((text) => el("li", { text })));
    return el(
      "div",
      { class: "he-promise" },
      el("p", { text: "An evaluation gives:" }),
      list,
      note("The health report needs no evaluation."),
    );
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
    const attributes = {
      role: "tab",
      class: "he-tab",
      "data-part": name,
      "aria-selected": String(on),
      tabindex: on ? "0" : "-1",
    };
    return button(text, () => show(name), { ...attributes, onkeydown: step });
  }

  function onOrdered(row, source) {
    sections.ordered = sections.ordered || make("ordered");
    sections.ordered.take(row, source);
    show("ordered");
  }

  // Charts take their colours from the theme when they are drawn: draw again when it changes.
  const redraw = () => report && sections[part]?.shown?.();
  new MutationObserver(redraw).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  return { open, show, state: () => ({ view, chosen: { ...chosen }, standing, report, part }) };
}
