/**
 * The Evaluate tab: choose what to compare, run it with progress, and read tables, curves, radii, classes, figures, health.
 *
 *   const evaluator = mountEvaluator(element);
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

const onDisk = (row) => window.hypvizExplorer && window.hypvizExplorer.goTo({ row });

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

class Evaluator {
  constructor(root) {
    this.root = root;
    this.bar = el("form", { class: "he-bar", onsubmit: (event) => event.preventDefault() });
    const line = el("div", { class: "he-state", "aria-live": "polite" });
    this.tabs = el("div", { class: "he-tabs", role: "tablist", "aria-label": "Parts of the evaluation" });
    this.stage = el("div", { class: "he-stage", role: "tabpanel" });
    root.replaceChildren(el("div", { class: "he-root" }, this.bar, line, this.tabs, this.stage));
    this.words = createStanding(line, { onRun: () => this.run(), onCancel: (job) => this.cancel(job) });
    this.chosen = { other: "", apex: "query", scope: "quick" };
    this.kept = {}; // what each section remembers while another one is looked at
    this.view = null;
    this.part = "results";
    this.report = null;
    this.sections = {};
    this.standing = null;
    this.visit = 0; // answers to an earlier choice are not shown
    this.timer = 0;
    this.panel = createPanel(root.firstChild, { path: (name, values) => this.path(name, values), viewPath: (name) => this.viewPath(name), thumb: (row) => this.thumb(row), onDisk, onOrdered: (row, source) => this.onOrdered(row, source), classes: () => this.classes() });

    // ---- sections --------------------------------------------------------------------------------------------------

    this.actions = {
      onPick: (key) => (key.task === "radii" ? this.pickRadii(key) : this.panel.examples(key)),
      onLevel: (source, level) => this.panel.level(source, level),
      onShow: (check) => this.panel.findings(check),
      onDisk,
      path: (name, values) => this.path(name, values),
      viewPath: (name) => this.viewPath(name),
      thumb: (row) => this.thumb(row),
    };
    new MutationObserver(() => this.redraw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  viewPath(name) {
    return `evaluate/${this.view.key}/${name}`;
  }

  path(name, values = {}) {
    return this.viewPath(`${name}?${query({ ...this.chosen, ...values })}`);
  }

  thumb(row) {
    return address(`view/${this.view.key}/thumb/${row}`);
  }

  classes() {
    return this.report ? this.report.classes : [];
  }

  // ---- choosing --------------------------------------------------------------------------------------------------
  async open(next) {
    this.view = next;
    this.panel.close();
    Object.assign(this.chosen, { other: "", apex: "query", scope: "quick" });
    await this.guarded(async (current) => {
      this.clear();
      const names = await ask(this.viewPath("choices"));
      const { available } = await ask(this.path("status"));
      if (!current()) return;
      if (available.includes("full")) this.chosen.scope = "full"; // the better one, when it is there
      this.drawBar(names);
      await this.look();
    });
  }

  /** Do something that later choices make void: `current()` says whether it still counts. */
  async guarded(work) {
    clearTimeout(this.timer);
    const mine = ++this.visit;
    try {
      await work(() => mine === this.visit);
    } catch (error) {
      if (mine === this.visit) this.tell("failed", error);
    }
  }

  tell(state, error) {
    this.words.fail(error);
    this.root.dataset.state = state;
  }

  clear() {
    this.report = this.standing = null;
    this.sections = {};
    for (const key of Object.keys(this.kept)) delete this.kept[key];
    this.stage.replaceChildren();
  }

  choose(key) {
    return (value) => {
      this.chosen[key] = value;
      this.panel.close();
      this.clear();
      this.look();
    };
  }

  drawBar(names) {
    const others = [["", "nothing"], [names.untrained, "the untrained encoder"], ...names.others];
    const scopes = [
      ["quick", `quick: a sample of ${names.quick_queries} per task`],
      ["full", "full: every query"],
    ];
    const where = el("small", { text: "both are chosen at the top of the page" });
    const [checkpoint, data] = [names.checkpoint, names.data].map((text) => el("b", { text }));
    this.bar.replaceChildren(
      el("p", { class: "he-what" }, "Judging ", checkpoint, " on ", data, where),
      choice("Beside", others, this.chosen.other, this.choose("other"), { name: "other" }),
      choice("Apex of the angle", APEXES, this.chosen.apex, this.choose("apex"), { name: "apex" }),
      choice("Queries", scopes, this.chosen.scope, this.choose("scope"), { name: "scope" }),
    );
  }

  // ---- where it stands -------------------------------------------------------------------------------------------

  /** Ask where this choice stands, show it, and come back while it runs. */
  async look() {
    await this.guarded(async (current) => {
      const before = this.standing?.state;
      const found = await ask(this.path("status"));
      if (!current()) return;
      this.standing = found;
      this.words.show(this.standing, { scope: this.chosen.scope, report: this.report });
      if (this.standing.state === "ready" && !this.report) {
        const made = await ask(this.path("report"));
        if (!current()) return;
        this.report = made;
        this.words.show(this.standing, { scope: this.chosen.scope, report: this.report });
      }
      if (this.standing.state !== before || !this.stage.firstChild) this.show(this.part);
      if (this.standing.state === "running" || this.standing.state === "busy") this.timer = setTimeout(() => this.look(), POLL_MS);
      this.root.dataset.state = this.standing.state;
    });
  }

  send(address_) {
    return this.guarded(async (current) => {
      await ask(address_, { method: "POST" });
      if (current()) await this.look();
    });
  }

  run() {
    return this.send(this.path("run"));
  }

  cancel(job) {
    return this.send(`evaluate/cancel/${job}`);
  }

  /** A number about radii leads to pairs of parent and child, or to the items of a level. */
  pickRadii({ source, metric }) {
    if (metric === "direct" || metric === "ancestors") return this.panel.pairs(source, metric === "direct");
    const { levels } = this.report.radii.find((one) => one.source === source);
    const depth = metric.startsWith("depth ") ? Number(metric.slice(6)) : levels[levels.length - 1].depth;
    return this.panel.level(
      source,
      levels.find((level) => level.depth === depth),
    );
  }

  make(name) {
    const start = {
      curves: { curve: "" },
      classes: { task: "", score: "", metric: "" },
      ordered: { row: null, source: "", limit: 10, word: "" },
    };
    this.kept[name] = this.kept[name] || start[name] || {};
    const context = { ...this.actions, state: this.kept[name] };
    return name === "health" ? health(context) : SECTIONS[name](this.report, context);
  }

  show(name) {
    this.part = name;
    this.tabs.replaceChildren(...TABS.map((one, index) => this.tabButton(one, index)));
    if (name !== "health" && !this.report) {
      this.stage.replaceChildren(promise());
      return;
    }
    this.sections[name] = this.sections[name] || this.make(name);
    if (this.stage.firstChild !== this.sections[name]) this.stage.replaceChildren(this.sections[name]);
    this.stage.dataset.part = name;
    if (this.sections[name].shown) this.sections[name].shown();
  }

  tabButton(/** @type {string[]} */ [name, text], /** @type {number} */ index) {
    const on = name === this.part;
    const step = (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      this.show(TABS[(index + move + TABS.length) % TABS.length][0]);
      /** @type {HTMLElement} */ (this.tabs.querySelector("[aria-selected=true]")).focus();
    };
    const attributes = {
      role: "tab",
      class: "he-tab",
      "data-part": name,
      "aria-selected": String(on),
      tabindex: on ? "0" : "-1",
    };
    return button(text, () => this.show(name), { ...attributes, onkeydown: step });
  }

  onOrdered(row, source) {
    this.sections.ordered = this.sections.ordered || this.make("ordered");
    this.sections.ordered.take(row, source);
    this.show("ordered");
  }

  // Charts take their colours from the theme when they are drawn: draw again when it changes.
  redraw() {
    return this.report && this.sections[this.part]?.shown?.();
  }

  state() {
    return { view: this.view, chosen: { ...this.chosen }, standing: this.standing, report: this.report, part: this.part };
  }
}

/** @param {HTMLElement} root @returns {Evaluator} */
export const mountEvaluator = (root) => new Evaluator(root);
