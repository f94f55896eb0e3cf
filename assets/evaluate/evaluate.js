/**
 * The Evaluate tab: choose what to compare, run it with progress, and read tables, curves, radii, classes, figures, health.
 *
 *   const evaluator = mountEvaluator(element);
 *   evaluator.open(view);   // view: what `View.describe()` sends; data and checkpoint are chosen at the top of the page
 *
 * The server does all measuring (hypviz/review); a finished evaluation is kept there, so a second look is instant.
 *
 * @typedef {import("../shared/pieces.js").Section} Section
 * @typedef {import("./types.js").Kept} Kept
 * @typedef {import("./types.js").Report} Report
 * @typedef {{checkpoint: string, data: string, untrained: string, others: string[][], quick_queries: number, nothing: string}} Choices   what the server offers; nothing: why none can judge
 */
import { button, el } from "../shared/dom.js";
import { address, ask, query } from "../shared/http.js";
import { choice, note } from "../shared/pieces.js";
import { curves, radii } from "./charts.js";
import { classes as byClass } from "./classes.js";
import { health } from "./health.js";
import { ordered } from "./ordered.js";
import { createPanel } from "./panel.js";
import { promise } from "./promise.js";
import { createStanding } from "./standing.js";
import { results } from "./tables.js";

const POLL_MS = 400;
const APEXES = [
  ["query", "the query"],
  ["candidate", "the candidate"],
  ["sum", "both, summed"],
];
const TABS = [
  ["results", "Results"],
  ["curves", "Curves"],
  ["radii", "Radius by depth"],
  ["classes", "By class"],
  ["ordered", "Norm-ordered"],
  ["health", "Health"],
];
/** What makes each part that needs a report. @type {Record<string, (report: Report, context: Context) => Section>} */
const SECTIONS = { results, curves, radii, classes: byClass, ordered };

/** @param {number} row */
const onDisk = (row) => window.hypvizExplorer && window.hypvizExplorer.goTo({ row });

/** @typedef {Evaluator["actions"] & {state: Kept}} Context   of a section */

class Evaluator {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.bar = el("form", { class: "he-bar", onsubmit: (event) => event.preventDefault() });
    const line = el("div", { class: "he-state", "aria-live": "polite" });
    this.tabs = el("div", { class: "he-tabs", role: "tablist", "aria-label": "Parts of the evaluation" });
    this.stage = el("div", { class: "he-stage", role: "tabpanel" });
    root.replaceChildren(el("div", { class: "he-root" }, this.bar, line, this.tabs, this.stage));
    this.words = createStanding(line, { onRun: () => this.run(), onCancel: (job) => this.cancel(job) });
    this.chosen = { other: "", apex: "query", scope: "quick" };
    /** @type {Record<string, Partial<Kept>>} what each section remembers while another one is looked at */
    this.kept = {};
    this.view = /** @type {import("./types.js").View} */ (/** @type {unknown} */ (null)); // there once one is open
    this.part = "results";
    /** @type {Report|null} */
    this.report = null;
    /** @type {Record<string, Section|undefined>} */
    this.sections = {};
    /** @type {import("./types.js").Status|null} */
    this.standing = null;
    this.nothing = "";
    this.visit = 0; // answers to an earlier choice are not shown
    this.timer = 0;
    /** @type {import("./types.js").Path} */
    const path = (name, values) => this.path(name, values);
    const viewPath = (/** @type {string} */ name) => this.viewPath(name);
    const thumb = (/** @type {number} */ row) => this.thumb(row);
    this.panel = createPanel(/** @type {HTMLElement} */ (root.firstChild), { path, viewPath, thumb, onDisk, onOrdered: (row, source) => this.onOrdered(row, source), classes: () => this.classes() });

    // ---- sections --------------------------------------------------------------------------------------------------

    this.actions = {
      onPick: (/** @type {import("./types.js").Key} */ key) => (key.task === "radii" ? this.pickRadii(key) : this.panel.examples(key)),
      onLevel: (/** @type {string} */ source, /** @type {import("./types.js").Level} */ level) => this.panel.level(source, level),
      onShow: (/** @type {import("./types.js").Check} */ check) => this.panel.findings(check),
      onDisk,
      path,
      viewPath,
      thumb,
    };
    new MutationObserver(() => this.redraw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  /** @param {string} name */
  viewPath(name) {
    return `evaluate/${this.view.key}/${name}`;
  }

  /** @param {string} name @param {Record<string, unknown>} [values] */
  path(name, values = {}) {
    return this.viewPath(`${name}?${query({ ...this.chosen, ...values })}`);
  }

  /** @param {number} row */
  thumb(row) {
    return address(`view/${this.view.key}/thumb/${row}`);
  }

  classes() {
    return this.report ? this.report.classes : [];
  }

  // ---- choosing --------------------------------------------------------------------------------------------------
  /** @param {import("./types.js").View} next */
  async open(next) {
    this.view = next;
    this.panel.close();
    Object.assign(this.chosen, { other: "", apex: "query", scope: "quick" });
    await this.guarded(async (current) => {
      this.clear();
      /** @type {Choices} */
      const names = await ask(this.viewPath("choices"));
      /** @type {import("./types.js").Status} */
      const { available } = await ask(this.path("status"));
      if (!current()) return;
      this.nothing = names.nothing;
      if (available.includes("full")) this.chosen.scope = "full"; // the better one, when it is there
      this.drawBar(names);
      await this.look();
    });
  }

  /** Do something that later choices make void: `current()` says whether it still counts. @param {(current: () => boolean) => Promise<unknown>} work */
  async guarded(work) {
    clearTimeout(this.timer);
    const mine = ++this.visit;
    try {
      await work(() => mine === this.visit);
    } catch (error) {
      if (mine === this.visit) this.tell("failed", error);
    }
  }

  /** @param {string} state @param {unknown} error */
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

  /** @param {"other"|"apex"|"scope"} key */
  choose(key) {
    return (/** @type {string} */ value) => {
      this.chosen[key] = value;
      this.panel.close();
      this.clear();
      this.look();
    };
  }

  /** @param {Choices} names */
  drawBar(names) {
    const others = [["", "nothing"], [names.untrained, "the untrained encoder"], ...names.others];
    const scopes = [
      ["quick", `quick: a sample of ${names.quick_queries} per task`],
      ["full", "full: every query"],
    ];
    const { notice } = this.view;
    const where = el("small", { text: "both are chosen at the top of the page" });
    const learned = notice && (notice.kind === "learned" || notice.few) ? [note(notice.text, { class: "he-note he-learned" })] : [];
    const [checkpoint, data] = [names.checkpoint, names.data].map((text) => el("b", { text }));
    this.bar.replaceChildren(
      el("p", { class: "he-what" }, "Judging ", checkpoint, " on ", data, where),
      choice("Compare with", others, this.chosen.other, this.choose("other"), { name: "other" }),
      choice("Angle measured at", APEXES, this.chosen.apex, this.choose("apex"), { name: "apex", title: "Where the apex of the scoring angle lies: β1 is at what contains, α2 at what is contained" }),
      choice("Queries", scopes, this.chosen.scope, this.choose("scope"), { name: "scope" }),
      ...learned,
    );
  }

  // ---- where it stands -------------------------------------------------------------------------------------------

  /** Ask where this choice stands, show it, and come back while it runs. */
  async look() {
    await this.guarded(async (current) => {
      const before = this.standing?.state;
      /** @type {import("./types.js").Status} */
      const found = await ask(this.path("status"));
      if (!current()) return;
      this.standing = found;
      const said = () => ({ scope: this.chosen.scope, report: this.report, nothing: this.nothing });
      this.words.show(found, said());
      if (found.state === "ready" && !this.report) {
        /** @type {Report} */
        const made = await ask(this.path("report"));
        if (!current()) return;
        this.report = made;
        this.words.show(found, said());
      }
      if (found.state !== before || !this.stage.firstChild) this.show(this.part);
      if (found.state === "running" || found.state === "busy") this.timer = setTimeout(() => this.look(), POLL_MS);
      this.root.dataset.state = found.state;
    });
  }

  /** @param {string} address_ */
  send(address_) {
    return this.guarded(async (current) => {
      await ask(address_, { method: "POST" });
      if (current()) await this.look();
    });
  }

  run() {
    return this.send(this.path("run"));
  }

  /** @param {string} job */
  cancel(job) {
    return this.send(`evaluate/cancel/${job}`);
  }

  /** A number about radii leads to pairs of parent and child, or to the items of a level. @param {{source: string, metric: string}} key */
  pickRadii({ source, metric }) {
    if (metric === "direct" || metric === "ancestors") return this.panel.pairs(source, metric === "direct");
    const levels = this.report?.radii.find((one) => one.source === source)?.levels ?? [];
    const depth = metric.startsWith("depth ") ? Number(metric.slice(6)) : levels[levels.length - 1].depth;
    const level = levels.find((one) => one.depth === depth);
    return level && this.panel.level(source, level);
  }

  /** @param {string} name @returns {Section} */
  make(name) {
    /** @type {Record<string, Partial<Kept>>} */
    const start = {
      curves: { curve: "" },
      classes: { task: "", score: "", metric: "" },
      ordered: { row: null, source: "", limit: 10, word: "" },
    };
    this.kept[name] = this.kept[name] || start[name] || {};
    const context = { ...this.actions, state: /** @type {Kept} */ (this.kept[name]) };
    return name === "health" ? health(context) : SECTIONS[name](/** @type {Report} */ (this.report), context);
  }

  /** @param {string} name */
  show(name) {
    this.part = name;
    this.tabs.replaceChildren(...TABS.map((one, index) => this.tabButton(one, index)));
    if (name !== "health" && !this.report) {
      this.stage.replaceChildren(promise());
      return;
    }
    const section = (this.sections[name] = this.sections[name] || this.make(name));
    if (this.stage.firstChild !== section) this.stage.replaceChildren(section);
    this.stage.dataset.part = name;
    section.shown?.();
  }

  tabButton(/** @type {string[]} */ [name, text], /** @type {number} */ index) {
    const on = name === this.part;
    const step = (/** @type {KeyboardEvent} */ event) => {
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

  /** @param {number} row @param {string} source */
  onOrdered(row, source) {
    const section = (this.sections.ordered = this.sections.ordered || this.make("ordered"));
    /** @type {import("./ordered.js").OrderedSection} */ (section).take(row, source);
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
