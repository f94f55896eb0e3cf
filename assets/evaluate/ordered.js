/**
 * Norm-ordered retrieval (the paper's Fig. 5): the best items for one query under each score, shown by ascending radius,
 * that is from general to specific; saved as SVG with its pictures inside, or as PNG made from that SVG.
 *
 * @typedef {import("../shared/pieces.js").Section & {take: (row: number, source: string) => void}} OrderedSection
 * @typedef {import("./types.js").OrderedRow} OrderedRow
 * @typedef {{path: import("./types.js").Path, thumb: (row: number) => string, onDisk: (row: number) => unknown,
 *   state: {row: number|null, source: string, limit: number, word: string, width?: string}}} Options
 */
import { toPrinter } from "../disk/print.js";
import { button, el, save } from "../shared/dom.js";
import { count, number, shareOf } from "../shared/format.js";
import { ask } from "../shared/http.js";
import { card, choice, complaint, downloads, note } from "../shared/pieces.js";
import { orderedFigure } from "./figure.js";

/** @type {Record<string, string>} */
const TITLES = { angle: "hyperbolic angle", cosine: "cosine", distance: "distance" };

/** @param {OrderedRow} one */
const rightOf = (one) => one.items.filter((item) => item.relevant).length;
/** @param {OrderedRow} one */
const wordsOf = (one) => `${rightOf(one)} of ${one.items.length} correct (chance ${shareOf(one.chance, 1)})${one.own ? `, ${one.own} in its own picture` : ""}`;

class Ordered {
  /** @param {import("./types.js").Report} report @param {Options} options */
  constructor(report, { path, thumb, onDisk, state }) {
    this.report = report;
    this.path = path;
    this.thumb = thumb;
    this.onDisk = onDisk;
    this.state = state;
    this.names = report.sources.map((source) => source.name);
    this.tools = el("div", { class: "he-tools" });
    this.stage = el("div", { class: "he-ordered" });
    /** @type {import("./types.js").OrderedAnswer|null} */
    this.answer = null;
    this.asked = 0;

    /** @type {Map<string, number>} */
    this.byName = new Map([...report.classes.map((one) => /** @type {[string, number]} */ ([one.name, one.label])), ["scene", -1]]);
    this.holders = report.classes.filter((one) => one.under).length;

    if (!this.names.includes(state.source)) state.source = this.names[0];
    this.controls();
    /** @type {OrderedSection} */
    this.section = Object.assign(el("div", {}, this.tools, this.stage), {
      shown: () => (state.row === null ? this.drawQuery(state.word || "") : this.answer || this.load()),
      take: (/** @type {number} */ row, /** @type {string} */ source) => {
        Object.assign(state, { row, source, word: "" });
        this.answer = null;
        this.controls();
      },
    });
  }

  controls() {
    const under = (/** @type {import("./types.js").ClassInfo} */ one) => (one.under ? `${one.under} classes under it` : "nothing under it");
    const options = this.report.classes.map((one) => el("option", { value: one.name }, under(one)));
    const list = el("datalist", { id: "he-classes" }, el("option", { value: "scene" }), ...options);
    /** @type {HTMLInputElement} */
    const field = el("input", {
      type: "search",
      list: "he-classes",
      placeholder: "a class, or scene",
      value: this.state.word,
      "aria-label": "Class of the query",
      onchange: () => this.drawQuery(field.value),
    });
    const hint = "A query drawn at random, of this class if one is named";
    const random = button("another query", () => this.drawQuery(field.value), { title: hint });
    const limits = ["10", "20", "40"];
    this.tools.replaceChildren(
      el("label", { class: "he-choice" }, el("span", { text: "Query" }), field, list),
      random,
      choice("Model", this.names, this.state.source, (value) => ((this.state.source = value), this.load())),
      choice("Items", limits, String(this.state.limit), (value) => ((this.state.limit = Number(value)), this.load())),
    );
  }

  /** A query of the named class; of the scenes when none is named, for every scene holds something. @param {string} word */
  async drawQuery(word) {
    const name = word.trim().toLowerCase();
    const label = name ? [...this.byName].find(([known]) => known.toLowerCase() === name)?.[1] : -1;
    if (label === undefined) {
      const hint = `choose one of the list, in which ${count(this.holders)} classes have others under them`;
      this.stage.replaceChildren(complaint(new Error(`No class called “${word}”; ${hint}.`)));
      return;
    }
    this.state.word = name;
    const turn = ++this.asked; // an earlier query's answer that comes late is not shown in place of this one
    await this.guarded(async () => {
      const { row } = await ask(this.path("query", { label }));
      if (turn !== this.asked) return;
      this.state.row = row;
      await this.load();
    });
  }

  /** @param {() => Promise<unknown>} work */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      this.stage.replaceChildren(complaint(error));
    }
  }

  async load() {
    const turn = ++this.asked;
    await this.guarded(async () => {
      const found = await ask(this.path("ordered", { source: this.state.source, row: this.state.row, limit: this.state.limit }));
      if (turn !== this.asked) return;
      this.answer = found;
      this.show();
    });
  }

  // ---- on the page -----------------------------------------------------------------------------------------------
  /** @param {OrderedRow} one */
  row(one) {
    const facts = `${wordsOf(one)} · general → specific`;
    const title = el("h4", {}, `${TITLES[one.score] || one.score} `, el("span", { text: facts }));
    const strip = {
      class: "he-strip",
      role: "group",
      "aria-label": `Top ${one.items.length} by ${one.score}, by ascending radius`,
    };
    const cards = one.items.map((item) => card(item, { thumb: this.thumb, onPick: this.onDisk }));
    return el("section", { class: "he-ordered-row", "data-score": one.score }, title, el("div", strip, ...cards));
  }

  show() {
    const { query, rows } = this.shownAnswer;
    const words = [
      el("h4", { text: query.label }),
      el("p", { text: `${query.depth_name} in ${query.file}, ${number(query.radius)} from the root` }),
      button("show on the disk", () => this.onDisk(query.row)),
    ];
    const picture = el("img", { class: "he-query-picture", src: this.thumb(query.row), alt: query.label });
    const files = [
      ["norm-ordered.png", "PNG"],
      ["norm-ordered.svg", "SVG"],
      ["norm-ordered.pdf", "PDF"],
    ];
    const width = el("input", { type: "number", min: "20", max: "1000", step: "1", value: this.state.width ?? "174", "aria-label": "Width of the figure in millimetres" });
    width.onchange = () => (this.state.width = width.value);
    const saving = downloads("Save figure", files, (name) => this.keep(name, Number(width.value)));
    saving.append(width, el("span", { text: "mm wide" }));
    this.stage.replaceChildren(
      el("div", { class: "he-query" }, picture, el("div", {}, ...words)),
      ...rows.map((one) => this.row(one)),
      note(
        "The best items by each score, shown by ascending radius, the true distance to the root; ✓ and a blue frame: correct by class.",
      ),
      saving,
    );
  }

  /** The answer, for what is done only once there is one. */
  get shownAnswer() {
    return /** @type {import("./types.js").OrderedAnswer} */ (this.answer);
  }

  /** What the figure is of, for the line below it. */
  facts() {
    const { omega, data, query } = this.shownAnswer;
    const cone = omega === null ? [] : [`ω = ${omega.toFixed(3)} rad (${((omega * 180) / Math.PI).toFixed(1)}°) at the query`];
    return [`data: ${data}`, `checkpoint: ${this.state.source}`, ...cone, `query ${number(query.radius)} from the root`, "numbers: distance to the root", "✓ correct by class"];
  }

  /** @param {string} name @param {number} width mm */
  async keep(name, width) {
    const format = name.split(".").pop();
    try {
      const { query, rows } = this.shownAnswer;
      const groups = rows.map((one) => ({
        title: `${TITLES[one.score] || one.score}: ${wordsOf(one)}`,
        items: one.items,
      }));
      const made = await orderedFigure({ query, groups, facts: this.facts(), width, thumb: this.thumb, format });
      if (format === "pdf") await toPrinter(made.svg, made.page);
      else save(made.blob, name);
    } catch (error) {
      this.stage.append(complaint(new Error(`${name} could not be made: ${/** @type {Error} */ (error).message}.`)));
    }
  }
}

/**
 * The section of norm-ordered retrieval; `take(row, source)` of it makes an item the query.
 * @param {import("./types.js").Report} report @param {Options} options @returns {OrderedSection}
 */
export const ordered = (report, options) => new Ordered(report, options).section;
