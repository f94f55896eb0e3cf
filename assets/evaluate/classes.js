/** Results by class of the query: one metric at a time, sortable, searchable, every number a button to its examples. */
import { button, el } from "../shared/dom.js";
import { count, measured, taskTitle, unitOf } from "../shared/format.js";
import { ask } from "../shared/http.js";
import { choice, complaint, note, numberButton, scrolled } from "../shared/pieces.js";

/** @typedef {{name: string, label: number, count: number, chance: number|null, values: (number|null)[]}} Row   values: one for each source */
/** @typedef {{onPick: import("./types.js").OnPick, path: import("./types.js").Path, state: {task: string, score: string, metric: string}}} Options */

const LISTED = "as listed"; // what the page itself ranks by

class ByClass {
  /** @param {import("./types.js").Report} report @param {Options} options */
  constructor(report, { onPick, path, state }) {
    this.report = report;
    this.onPick = onPick;
    this.path = path;
    this.state = state;
    this.names = report.sources.map((source) => source.name);
    this.groups = report.tasks.map((task) => taskTitle(task.task, task.reading));
    this.tools = el("div", { class: "he-tools" });
    this.search = el("input", {
      type: "search",
      placeholder: "search a class",
      "aria-label": "Search a class",
      oninput: () => this.draw(),
    });
    this.shown = note("", { role: "status" });
    this.holder = scrolled("Results by class");
    this.holder.classList.add("he-tall");
    /** @type {Row[]} */
    this.rows = [];
    this.asked = 0;
    this.sort = { by: "value0", down: false };

    this.controls();
    /** @type {import("../shared/pieces.js").Section} */
    this.section = el("div", {}, this.tools, this.shown, this.holder);
    this.section.shown = () => this.rows.length || this.load();
  }

  task() {
    return this.report.tasks[Math.max(0, this.groups.indexOf(this.state.task))];
  }

  /** @param {Row} row @returns {string|number|null} what the rows are sorted by */
  valueIn(row) {
    const by = /** @type {"name"|"count"|"chance"|`value${number}`} */ (this.sort.by);
    return by === "name" || by === "count" || by === "chance" ? row[by] : row.values[Number(by.slice(5))];
  }

  controls() {
    const one = this.task();
    if (!one.scores.includes(this.state.score)) this.state.score = one.scores.includes(LISTED) ? LISTED : one.scores[0];
    if (!one.metrics.includes(this.state.metric)) this.state.metric = one.metrics[0];
    const set = (/** @type {"task"|"score"|"metric"} */ key) => (/** @type {string} */ value) => {
      this.state[key] = value;
      this.controls();
      this.load();
    };
    this.tools.replaceChildren(
      choice("Task", this.groups, taskTitle(one.task, one.reading), set("task")),
      choice("Ranked by", one.scores, this.state.score, set("score")),
      choice("Metric", one.metrics, this.state.metric, set("metric")),
      this.search,
    );
  }

  async load() {
    const number_ = ++this.asked;
    const one = this.task();
    try {
      const answer = await ask(
        this.path("classes", { task: one.task, reading: one.reading, score: this.state.score, metric: this.state.metric }),
      );
      if (number_ !== this.asked) return;
      this.rows = answer.rows;
      this.draw();
    } catch (error) {
      if (number_ === this.asked) this.holder.replaceChildren(complaint(error));
    }
  }

  /** @param {string} text @param {string} by */
  heading(text, by) {
    const pressed = this.sort.by === by;
    const sorter = button(text, () => this.reorder(by), { class: "he-sort", "data-by": by });
    sorter.append(el("i", { "aria-hidden": "true", text: pressed ? (this.sort.down ? " ▾" : " ▴") : "" }));
    return el("th", { scope: "col", "aria-sort": pressed ? (this.sort.down ? "descending" : "ascending") : "none" }, sorter);
  }

  /** @param {string} by */
  reorder(by) {
    if (this.sort.by === by) this.sort.down = !this.sort.down;
    else Object.assign(this.sort, { by, down: by === "count" });
    this.draw();
    /** @type {HTMLElement} */ (this.holder.querySelector(`[data-by="${by}"]`)).focus();
  }

  ordered() {
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.rows.filter((row) => row.name.toLowerCase().includes(wanted));
    const empty = (/** @type {Row} */ row) => this.valueIn(row) === null || this.valueIn(row) === undefined;
    const compare = (/** @type {Row} */ a, /** @type {Row} */ b) => {
      const [one, other] = [this.valueIn(a), this.valueIn(b)];
      return typeof one === "string" ? one.localeCompare(String(other)) : Number(one) - Number(other);
    };
    return found.sort(
      (a, b) => Number(empty(a)) - Number(empty(b)) || (empty(a) ? 0 : (this.sort.down ? -1 : 1) * compare(a, b)) || a.name.localeCompare(b.name),
    );
  }

  /** @param {Row} row @param {number} widest */
  line(row, widest) {
    const one = this.task();
    const cells = row.values.map((value, i) => {
      if (value === null) return el("td", { class: "he-nothing", text: "–" });
      const key = {
        source: this.names[i],
        task: one.task,
        reading: one.reading,
        score: this.state.score,
        metric: this.state.metric,
        label: row.label,
      };
      const bar = el("span", { class: "he-bar-cell", "aria-hidden": "true" });
      bar.style.setProperty("--share", `${(100 * value) / widest}%`);
      const about = `${this.names[i]}, ${row.name}, ${this.state.metric}`;
      return el(
        "td",
        {},
        bar,
        numberButton(measured(this.state.metric, value), about, () => this.onPick(key)),
      );
    });
    return el(
      "tr",
      { "data-label": row.label },
      el("th", { scope: "row", text: row.name }),
      el("td", { text: count(row.count) }),
      ...cells,
      el("td", { class: "he-chance", text: measured(this.state.metric, row.chance) }),
    );
  }

  draw() {
    const list = this.ordered();
    const widest = Math.max(1, ...this.rows.flatMap((row) => row.values.filter((value) => value !== null)));
    const head = el(
      "tr",
      {},
      this.heading("class", "name"),
      this.heading("queries", "count"),
      ...this.names.map((name, i) => this.heading(name, `value${i}`)),
      this.heading("chance", "chance"),
    );
    const body = list.map((row) => this.line(row, widest));
    this.holder.replaceChildren(el("table", { class: "he-by-class" }, el("thead", {}, head), el("tbody", {}, ...body)));
    const unit = unitOf(this.state.metric) && ", in %";
    this.shown.textContent = `${count(list.length)} of ${count(this.rows.length)} classes with queries, by ${this.state.metric}${unit}.`;
  }
}

/**
 * The section of results by class.
 * @param {import("./types.js").Report} report @param {Options} options
 * @returns {import("../shared/pieces.js").Section}
 */
export const classes = (report, options) => new ByClass(report, options).section;
