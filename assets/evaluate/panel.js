/**
 * The panel of pictures behind a number: queries with what they retrieved, items of a level, pairs with their boxes.
 *
 *   const panel = hypviz.evaluate.createPanel(element, {path, thumb, onDisk, onOrdered});
 *   panel.examples(key)   key: {source, task, reading, score, metric, label?}
 *   panel.level(source, level) · panel.pairs(source, direct) · panel.findings(check)
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

export function createPanel(root, { path, viewPath, thumb, onDisk, onOrdered, classes }) {
  const title = el("h3", { id: "he-panel-title" });
  const tools = el("div", { class: "he-panel-tools" });
  const body = el("div", { class: "he-panel-body" });
  const close = button("×", () => dialog.close(), { class: "he-close", "aria-label": "Close" });
  const dialog = el(
    "dialog",
    { class: "he-panel", "aria-labelledby": "he-panel-title" },
    el("header", {}, title, close),
    tools,
    body,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  root.append(dialog);
  let asked = 0;

  function open(text, ...controls) {
    title.textContent = text;
    tools.replaceChildren(...controls);
    if (!dialog.open) dialog.showModal();
    body.scrollTop = 0;
  }

  /** Fill the body with what `make` finds; a late answer to an older question is not shown. */
  async function fill(make) {
    const number_ = ++asked;
    body.setAttribute("aria-busy", "true");
    try {
      const nodes = await make();
      if (number_ === asked) body.replaceChildren(...nodes);
    } catch (error) {
      if (number_ === asked) body.replaceChildren(complaint(error));
    } finally {
      if (number_ === asked) body.removeAttribute("aria-busy");
    }
  }

  // ---- small pieces ----------------------------------------------------------------------------------------------

  /** A part of a picture with boxes on it, in the picture's own pixels. */
  function region(scene) {
    const [x1, y1, x2, y2] = scene.region;
    const alt = scene.cards.map((item) => item.label).join(" and ");
    const src = address(viewPath(`region/${scene.image}?box=${scene.region.join(",")}`));
    const image = el("img", { loading: "lazy", alt, src });
    const overlay = make("svg", { viewBox: `${x1} ${y1} ${x2 - x1} ${y2 - y1}` });
    scene.boxes.forEach((box, i) => {
      for (const part of ["he-halo", "he-line"]) add(overlay, "rect", { ...rectOf(box), class: `${part} he-box-${i}` });
    });
    const frame = el("div", { class: "he-region" }, image, overlay);
    frame.style.aspectRatio = `${x2 - x1} / ${y2 - y1}`;
    return frame;
  }

  /** Do something elsewhere on the page: the panel makes way first. */
  const leaving =
    (act) =>
    (...values) => {
      dialog.close();
      act(...values);
    };

  const disk = (row, text = "show on the disk") =>
    button(
      text,
      leaving(() => onDisk(row)),
      { "data-row": row },
    );
  const card = (item, last = false) => itemCard(item, { thumb, onPick: leaving(onDisk), last });

  /** How much is shown, and a button for the next page until all is. */
  function more(total, shownSoFar, next) {
    const rest = shownSoFar < total ? button("show more", next, { class: "he-small he-more" }) : null;
    return el("div", { class: "he-paging" }, note(`showing ${count(shownSoFar)} of ${count(total)}`), rest);
  }

  // ---- queries and what they retrieved ---------------------------------------------------------------------------

  /** The query in its surroundings, and what it is worth. */
  function questioned(one, key, depth) {
    const item = one.query.cards[0];
    const seen = one.retrieved.slice(0, depth);
    const right = seen.filter((found) => found.relevant).length;
    const value = `${key.metric} ${measured(key.metric, one.value)}${unitOf(key.metric)}`;
    const facts = `${value} · ${right} of the first ${seen.length} correct · ${plural(one.relevant_total, "correct item")} in the pool`;
    const ordered = button(
      "order by norm",
      leaving(() => onOrdered(item.row, key.source)),
      {
        title: "Norm-ordered retrieval of this query (the paper's Fig. 5)",
      },
    );
    const words = [
      el("h4", { text: item.label }),
      el("p", { text: facts }),
      note(`${item.file} · ${number(item.radius)} from the root`),
    ];
    const actions = el("div", { class: "he-downloads" }, disk(item.row), ordered);
    return el("div", { class: "he-query" }, region(one.query), el("div", {}, ...words, actions));
  }

  function example(one, key) {
    const item = one.query.cards[0];
    const depth = Number(/@(\d+)$/.exec(key.metric)?.[1] || one.retrieved.length); // what the metric looked at
    const last = (i) => i === depth - 1 && depth < one.retrieved.length;
    const strip = { class: "he-strip", role: "group", "aria-label": `Retrieved for ${item.label}, in ranked order` };
    const found = el("div", strip, ...one.retrieved.map((got, i) => card(got, last(i))));
    return el(
      "article",
      { class: "he-example", "data-row": item.row, "data-value": one.value },
      questioned(one, key, depth),
      found,
    );
  }

  function examples(key, order = "worst", limit = STEP) {
    const again = (change) => examples({ ...key, ...change }, change.order || order, STEP);
    open(
      `${key.metric} by ${key.score}: ${taskTitle(key.task, key.reading)}`,
      choice("Examples", ORDERS, order, (value) => again({ order: value })),
      classChoice(key.label, (value) => again({ label: value })),
    );
    return fill(async () => {
      const { source, task, reading, score, metric, label } = key;
      const answer = await ask(path("examples", { source, task, reading, score, metric, label, order, limit }));
      const list = answer.examples.map((one) => example(one, key));
      if (!list.length) list.push(note("No query of this class was measured; take all classes, or run the full evaluation."));
      const next = () => examples(key, order, Math.min(MOST, limit + STEP));
      const rest = list.length === limit && limit < MOST ? [button("show more", next, { class: "he-small he-more" })] : [];
      return [legend(answer, key), ...list, ...rest];
    });
  }

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

  function classChoice(label, onchange) {
    const options = [["", "all classes"], ...classes().map((one) => [String(one.label), `${one.name} (${count(one.count)})`])];
    const chosen = label === null || label === undefined ? "" : String(label);
    return choice("Class of the query", options, chosen, (value) => onchange(value === "" ? null : Number(value)));
  }

  // ---- items of a level, pairs -----------------------------------------------------------------------------------

  function level(source, one, order = "typical") {
    const change = (value) => level(source, one, value);
    open(`${one.name}: ${plural(one.count, "item")} at depth ${one.depth}`, choice("Items", LEVEL_ORDERS, order, change));
    const get = (offset) => ask(path("level", { source, depth: one.depth, order, offset, limit: 2 * STEP }));
    return paged(get, (answer) => answer.items.map((item) => card(item)), "he-cards");
  }

  function pairs(source, direct, right = false) {
    const change = (value) => pairs(source, direct, value === "true");
    open(`${source}: radii of ${direct ? "direct " : ""}parent and child`, choice("Pairs", PAIR_ORDERS, String(right), change));
    const get = (offset) => ask(path("pairs", { source, direct, right, offset, limit: STEP }));
    return paged(get, (answer) => answer.pairs.map((one) => pair(one)), "he-pairs");
  }

  function findings(check) {
    open(check.title, note(check.meaning));
    const get = (offset) => ask(viewPath(`health/${check.key}?${query({ offset, limit: STEP })}`));
    return paged(get, (answer) => answer.pairs.map((one) => pair(one, answer.measure)), "he-pairs");
  }

  /** One item, or two of one picture, with their boxes on it. */
  function pair(one, measure) {
    const line = (item, i) => {
      const facts = ` ${item.depth_name} · ${number(one.radii[i])} from the root`;
      return el(
        "p",
        { class: `he-of he-of-${i}` },
        el("span", {}, el("b", { text: item.label }), facts),
        disk(item.row, "disk"),
      );
    };
    const value = measure ? `${measure} ${Number(one.value.toPrecision(4))} · ` : "";
    const words = el("div", {}, ...one.cards.map(line), note(`${value}${one.cards[0].file}`));
    return el("article", { class: "he-pair", "data-rows": one.cards.map((item) => item.row).join(" ") }, region(one), words);
  }

  /** A list that grows by a page at a time; get(offset) → {total, …}, make(answer) → its elements. */
  function paged(get, make, className) {
    return fill(async () => {
      const list = el("div", { class: className });
      const foot = el("div");
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

  return { examples: (key) => examples(key), level, pairs, findings, close: () => dialog.close() };
}
