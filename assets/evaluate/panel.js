/**
 * The panel of pictures behind a number: queries with what they retrieved, items of a level, pairs with their boxes.
 *
 *   const panel = createPanel(element, {path, thumb, onDisk, onOrdered});
 *   panel.examples(key)   key: {source, task, reading, score, metric, label?}
 *   panel.level(source, level) · panel.pairs(source, direct) · panel.findings(check)
 *
 * @typedef {import("./types.js").Key} Key
 * @typedef {import("./types.js").Card} Card
 * @typedef {import("./types.js").Example} Example
 * @typedef {import("./types.js").Pair} Pair
 * @typedef {{path: import("./types.js").Path, viewPath: (name: string) => string, thumb: (row: number) => string,
 *   onDisk: (row: number) => unknown, onOrdered: (row: number, source: string) => void, classes: () => import("./types.js").ClassInfo[]}} Options
 * @typedef {{estimate: import("./types.js").Estimate, queries_available: number, pool: number}} Measured
 */
import { rectOf } from "../shared/boxes.js";
import { add, button, el, make } from "../shared/dom.js";
import { count, measured, number, plural, taskTitle, unitOf } from "../shared/format.js";
import { address, ask, query } from "../shared/http.js";
import { card as itemCard, choice, complaint, note } from "../shared/pieces.js";

const STEP = 12;
const MOST = 48; // examples the server gives at once
const PAIR_ORDERS = [
  ["false", "wrong order, worst first"],
  ["true", "right order, closest first"],
];
const ORDERS = [
  ["worst", "worst first"],
  ["typical", "typical"],
  ["best", "best first"],
];
const LEVEL_ORDERS = [
  ["typical", "around the median"],
  ["inner", "nearest to the root"],
  ["outer", "farthest out"],
];

/** How much is shown, and a button for the next page until all is. @param {number} total @param {number} shownSoFar @param {() => unknown} next */
function more(total, shownSoFar, next) {
  const rest = shownSoFar < total ? button("show more", next, { class: "he-small he-more" }) : null;
  return el("div", { class: "he-paging" }, note(`showing ${count(shownSoFar)} of ${count(total)}`), rest);
}

/** @param {Measured} answer @param {Key} key */
function legend({ estimate, queries_available: available, pool }, { source, metric }) {
  const mean = `${measured(metric, estimate.mean)}${unitOf(metric)}`;
  const queries = `${count(estimate.count)} of ${count(available)} queries`;
  const lucky = estimate.chance === null ? "" : ` (chance ${measured(metric, estimate.chance)}${unitOf(metric)})`;
  const words = `${source}: ${mean}${lucky} over ${queries}; pool of ${count(pool)}. In ranked order; `;
  return el(
    "p",
    { class: "he-note" },
    words,
    el("b", { class: "he-key-right", text: "✓ blue frame" }),
    " is correct, × dashed is not.",
  );
}

class Panel {
  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, { path, viewPath, thumb, onDisk, onOrdered, classes }) {
    this.path = path;
    this.viewPath = viewPath;
    this.thumb = thumb;
    this.onDisk = onDisk;
    this.onOrdered = onOrdered;
    this.classes = classes;
    this.title = el("h3", { id: "he-panel-title" });
    this.tools = el("div", { class: "he-panel-tools" });
    this.body = el("div", { class: "he-panel-body" });
    const close = button("×", () => this.dialog.close(), { class: "he-close", "aria-label": "Close" });
    this.dialog = el(
      "dialog",
      { class: "he-panel", "aria-labelledby": "he-panel-title" },
      el("header", {}, this.title, close),
      this.tools,
      this.body,
    );
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    root.append(this.dialog);
    this.asked = 0;
  }

  /** @param {string} text @param {...Node} controls */
  open(text, ...controls) {
    this.title.textContent = text;
    this.tools.replaceChildren(...controls);
    if (!this.dialog.open) this.dialog.showModal();
    this.body.scrollTop = 0;
  }

  /** Fill the body with what `make` finds; a late answer to an older question is not shown. @param {() => Promise<Node[]>} make */
  async fill(make) {
    const number_ = ++this.asked;
    this.body.setAttribute("aria-busy", "true");
    try {
      const nodes = await make();
      if (number_ === this.asked) this.body.replaceChildren(...nodes);
    } catch (error) {
      if (number_ === this.asked) this.body.replaceChildren(complaint(error));
    } finally {
      if (number_ === this.asked) this.body.removeAttribute("aria-busy");
    }
  }

  // ---- small pieces ----------------------------------------------------------------------------------------------

  /** A part of a picture with boxes on it, in the picture's own pixels. @param {import("./types.js").Scene} scene */
  region(scene) {
    const [x1, y1, x2, y2] = scene.region;
    const alt = scene.cards.map((item) => item.label).join(" and ");
    const src = address(this.viewPath(`region/${scene.image}?box=${scene.region.join(",")}`));
    const image = el("img", { loading: "lazy", alt, src });
    const overlay = make("svg", { viewBox: `${x1} ${y1} ${x2 - x1} ${y2 - y1}` });
    scene.boxes.forEach((box, i) => {
      for (const part of ["he-halo", "he-line"]) add(overlay, "rect", { ...rectOf(box), class: `${part} he-box-${i}` });
    });
    const frame = el("div", { class: "he-region" }, image, overlay);
    frame.style.aspectRatio = `${x2 - x1} / ${y2 - y1}`;
    return frame;
  }

  /**
   * Do something elsewhere on the page: the panel makes way first.
   * @template {unknown[]} A @param {(...values: A) => unknown} act @returns {(...values: A) => void}
   */
  leaving(act) {
    return (...values) => {
      this.dialog.close();
      act(...values);
    };
  }

  /** @param {number} row @param {string} [text] */
  disk(row, text = "show on the disk") {
    return button(
      text,
      this.leaving(() => this.onDisk(row)),
      { "data-row": row },
    );
  }

  /** @param {Card} item @param {boolean} [last] */
  card(item, last = false) {
    return itemCard(item, { thumb: this.thumb, onPick: this.leaving(this.onDisk), last });
  }

  // ---- queries and what they retrieved ---------------------------------------------------------------------------

  /** The query in its surroundings, and what it is worth. @param {Example} one @param {Key} key @param {number} depth */
  questioned(one, key, depth) {
    const item = one.query.cards[0];
    const seen = one.retrieved.slice(0, depth);
    const right = seen.filter((found) => found.relevant).length;
    const value = `${key.metric} ${measured(key.metric, one.value)}${unitOf(key.metric)}`;
    const facts = `${value} · ${right} of the first ${seen.length} correct · ${plural(one.relevant_total, "correct item")} in the pool`;
    const ordered = button(
      "order by norm",
      this.leaving(() => this.onOrdered(item.row, key.source)),
      {
        title: "Norm-ordered retrieval of this query (the paper's Fig. 5)",
      },
    );
    const words = [
      el("h4", { text: item.label }),
      el("p", { text: facts }),
      note(`${item.file} · ${number(item.radius)} from the root`),
    ];
    const actions = el("div", { class: "he-downloads" }, this.disk(item.row), ordered);
    return el("div", { class: "he-query" }, this.region(one.query), el("div", {}, ...words, actions));
  }

  /** @param {Example} one @param {Key} key */
  example(one, key) {
    const item = one.query.cards[0];
    const depth = Number(/@(\d+)$/.exec(key.metric)?.[1] || one.retrieved.length); // what the metric looked at
    /** @param {number} i */
    const last = (i) => i === depth - 1 && depth < one.retrieved.length;
    const strip = { class: "he-strip", role: "group", "aria-label": `Retrieved for ${item.label}, in ranked order` };
    const found = el("div", strip, ...one.retrieved.map((got, i) => this.card(got, last(i))));
    return el(
      "article",
      { class: "he-example", "data-row": item.row, "data-value": one.value },
      this.questioned(one, key, depth),
      found,
    );
  }

  /** @param {Key} key */
  examples(key, order = "worst", limit = STEP) {
    const again = (/** @type {{order?: string, label?: number|null}} */ change) => this.examples({ ...key, ...change }, change.order || order, STEP);
    this.open(
      `${key.metric} by ${key.score}: ${taskTitle(key.task, key.reading)}`,
      choice("Examples", ORDERS, order, (value) => again({ order: value })),
      this.classChoice(key.label, (value) => again({ label: value })),
    );
    return this.fill(async () => {
      const { source, task, reading, score, metric, label } = key;
      /** @type {Measured & {examples: Example[]}} */
      const answer = await ask(this.path("examples", { source, task, reading, score, metric, label, order, limit }));
      /** @type {HTMLElement[]} */
      const list = answer.examples.map((one) => this.example(one, key));
      if (!list.length) list.push(note("No query of this class was measured; take all classes, or run the full evaluation."));
      const next = () => this.examples(key, order, Math.min(MOST, limit + STEP));
      const rest = list.length === limit && limit < MOST ? [button("show more", next, { class: "he-small he-more" })] : [];
      return [legend(answer, key), ...list, ...rest];
    });
  }

  /** @param {number|null|undefined} label @param {(label: number|null) => unknown} onchange */
  classChoice(label, onchange) {
    const options = [["", "all classes"], ...this.classes().map((one) => [String(one.label), `${one.name} (${count(one.count)})`])];
    const chosen = label === null || label === undefined ? "" : String(label);
    return choice("Class of the query", options, chosen, (value) => onchange(value === "" ? null : Number(value)));
  }

  // ---- items of a level, pairs -----------------------------------------------------------------------------------
  /** @param {string} source @param {import("./types.js").Level} one */
  level(source, one, order = "typical") {
    const change = (/** @type {string} */ value) => this.level(source, one, value);
    this.open(`${one.name}: ${plural(one.count, "item")} at depth ${one.depth}`, choice("Items", LEVEL_ORDERS, order, change));
    /** @param {number} offset @returns {Promise<{total: number, items: Card[]}>} */
    const get = (offset) => ask(this.path("level", { source, depth: one.depth, order, offset, limit: 2 * STEP }));
    return this.paged(get, (answer) => answer.items.map((item) => this.card(item)), "he-cards");
  }

  /** @param {string} source @param {boolean} direct */
  pairs(source, direct, right = false) {
    const change = (/** @type {string} */ value) => this.pairs(source, direct, value === "true");
    this.open(`${source}: radii of ${direct ? "direct " : ""}parent and child`, choice("Pairs", PAIR_ORDERS, String(right), change));
    /** @param {number} offset @returns {Promise<{total: number, pairs: Pair[]}>} */
    const get = (offset) => ask(this.path("pairs", { source, direct, right, offset, limit: STEP }));
    return this.paged(get, (answer) => answer.pairs.map((one) => this.pair(one)), "he-pairs");
  }

  /** @param {import("./types.js").Check} check */
  findings(check) {
    this.open(check.title, note(check.meaning));
    /** @param {number} offset @returns {Promise<{total: number, pairs: Pair[], measure: string}>} */
    const get = (offset) => ask(this.viewPath(`health/${check.key}?${query({ offset, limit: STEP })}`));
    return this.paged(get, (answer) => answer.pairs.map((one) => this.pair(one, answer.measure)), "he-pairs");
  }

  /** One item, or two of one picture, with their boxes on it. @param {Pair} one @param {string} [measure] what `value` is */
  pair(one, measure) {
    const line = (/** @type {Card} */ item, /** @type {number} */ i) => {
      const facts = ` ${item.depth_name} · ${number(one.radii[i])} from the root`;
      return el(
        "p",
        { class: `he-of he-of-${i}` },
        el("span", {}, el("b", { text: item.label }), facts),
        this.disk(item.row, "disk"),
      );
    };
    const value = measure ? `${measure} ${Number(one.value.toPrecision(4))} · ` : "";
    const words = el("div", {}, ...one.cards.map(line), note(`${value}${one.cards[0].file}`));
    return el("article", { class: "he-pair", "data-rows": one.cards.map((item) => item.row).join(" ") }, this.region(one), words);
  }

  /**
   * A list that grows by a page at a time.
   * @template {{total: number}} A
   * @param {(offset: number) => Promise<A>} get @param {(answer: A) => Node[]} make its elements @param {string} className
   */
  paged(get, make, className) {
    return this.fill(async () => {
      const list = el("div", { class: className });
      const foot = el("div");
      /** @type {() => Promise<void>} */
      const next = async () => {
        const answer = await get(list.childElementCount);
        list.append(...make(answer));
        const rest = () => next().catch((error) => foot.replaceChildren(complaint(error)));
        foot.replaceChildren(
          answer.total ? more(answer.total, list.childElementCount, rest) : note("None: nothing is wrong here."),
        );
      };
      await next();
      return [list, foot];
    });
  }

  close() {
    return this.dialog.close();
  }
}

/** @param {HTMLElement} root @param {Options} options */
export const createPanel = (root, options) => new Panel(root, options);
