/**
 * The panel of pictures behind a number: queries with what they retrieved, items of a level, pairs with their boxes.
 *
 *   const panel = hypviz.evaluate.createPanel(element, {path, thumb, onDisk, onOrdered});
 *   panel.examples(key)   key: {source, task, reading, score, metric, label?}
 *   panel.level(source, level) · panel.pairs(source, direct) · panel.findings(check)
 */
(function () {
  "use strict";
  const { el, choice, ask, query, address, number, measured, unitOf, count, plural, complaint, taskTitle } = window.hypviz.evaluate;
  const SVG = "http://www.w3.org/2000/svg";
  const STEP = 12;
  const ORDERS = [["worst", "worst first"], ["typical", "typical"], ["best", "best first"]];
  const LEVEL_ORDERS = [["typical", "around the median"], ["inner", "nearest to the root"], ["outer", "farthest out"]];

  window.hypviz.evaluate.createPanel = function (root, { path, viewPath, thumb, onDisk, onOrdered, classes }) {
    const title = el("h3", { id: "he-panel-title" });
    const tools = el("div", { class: "he-panel-tools" });
    const body = el("div", { class: "he-panel-body" });
    const close = el("button", { type: "button", class: "he-close", "aria-label": "Close", text: "×", onclick: () => dialog.close() });
    const dialog = el("dialog", { class: "he-panel", "aria-labelledby": "he-panel-title" }, el("header", {}, title, close), tools, body);
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
      const image = el("img", { loading: "lazy", alt: scene.cards.map((card) => card.label).join(" and "), src: address(viewPath(`region/${scene.image}?box=${scene.region.join(",")}`)) });
      const overlay = document.createElementNS(SVG, "svg");
      overlay.setAttribute("viewBox", `${x1} ${y1} ${x2 - x1} ${y2 - y1}`);
      scene.boxes.forEach(([bx1, by1, bx2, by2], i) => {
        for (const part of ["he-halo", "he-line"]) {
          const rect = document.createElementNS(SVG, "rect");
          const shape = { x: bx1, y: by1, width: bx2 - bx1, height: by2 - by1, class: `${part} he-box-${i}` };
          Object.entries(shape).forEach(([name, value]) => rect.setAttribute(name, value));
          overlay.append(rect);
        }
      });
      const frame = el("div", { class: "he-region" }, image, overlay);
      frame.style.aspectRatio = `${x2 - x1} / ${y2 - y1}`;
      return frame;
    }

    function disk(row, text = "show on the disk") {
      return el("button", { type: "button", class: "he-small", text, "data-row": row, onclick: () => (dialog.close(), onDisk(row)) });
    }

    /** An item; `last` draws a line after it, where the metric stopped looking. */
    function card(item, last) {
      const known = item.relevant !== undefined;
      const words = `${item.label}${known ? (item.relevant ? ", correct" : ", not correct") : ""}`;
      const image = el("img", { loading: "lazy", alt: "", src: thumb(item.row) });
      const mark = known ? el("i", { class: "he-mark", "aria-hidden": "true", text: item.relevant ? "✓" : "×" }) : null;
      const kind = known ? (item.relevant ? " he-right" : " he-wrong") : "";
      const attributes = { type: "button", class: `he-card${kind}${last === true ? " he-last" : ""}`, "data-row": item.row, title: `${words} (${item.depth_name}) in ${item.file}\n${number(item.radius)} from the root`, "aria-label": `${words}; show on the disk`, onclick: () => (dialog.close(), onDisk(item.row)) };
      return el("button", attributes, el("span", { class: "he-thumb" }, image, mark), el("span", { class: "he-label", text: item.label }), el("span", { class: "he-radius", text: number(item.radius) }));
    }

    /** A button that appends the next page until all are shown. */
    function more(total, shownSoFar, next) {
      const shown = el("p", { class: "he-note", text: `showing ${count(shownSoFar)} of ${count(total)}` });
      const button = shownSoFar < total ? el("button", { type: "button", class: "he-small he-more", text: "show more", onclick: next }) : null;
      return el("div", { class: "he-paging" }, shown, button);
    }

    // ---- queries and what they retrieved ---------------------------------------------------------------------------

    function example(one, key) {
      const item = one.query.cards[0];
      const depth = Number(/@(\d+)$/.exec(key.metric)?.[1] || one.retrieved.length); // what the metric looked at
      const seen = one.retrieved.slice(0, depth);
      const right = seen.filter((item_) => item_.relevant).length;
      const value = `${key.metric} ${measured(key.metric, one.value)}${unitOf(key.metric)}`;
      const facts = `${value} · ${right} of the first ${seen.length} correct · ${plural(one.relevant_total, "correct item")} in the pool`;
      const head = el("div", { class: "he-query" }, region(one.query), el("div", {}, el("h4", { text: item.label }), el("p", { text: facts }), el("p", { class: "he-note", text: `${item.file} · ${number(item.radius)} from the root` }), el("div", { class: "he-downloads" }, disk(item.row), el("button", { type: "button", class: "he-small", text: "order by norm", title: "Norm-ordered retrieval of this query (the paper's Fig. 5)", onclick: () => (dialog.close(), onOrdered(item.row, key.source)) }))));
      return el("article", { class: "he-example", "data-row": item.row, "data-value": one.value }, head, el("div", { class: "he-strip", role: "group", "aria-label": `Retrieved for ${item.label}, in ranked order` }, ...one.retrieved.map((item_, i) => card(item_, i === depth - 1 && depth < one.retrieved.length))));
    }

    function examples(key, order = "worst", limit = STEP) {
      const again = (change) => examples({ ...key, ...change }, change.order || order, STEP);
      const label = classChoice(key.label, (value) => again({ label: value }));
      open(`${key.metric} by ${key.score}: ${taskTitle(key.task, key.reading)}`, choice("Examples", ORDERS, order, (value) => again({ order: value })), label);
      return fill(async () => {
        const { source, task, reading, score, metric } = key;
        const answer = await ask(path("examples", { source, task, reading, score, metric, label: key.label, order, limit }));
        const measured = `${key.source}: ${measured(key.metric, answer.estimate.mean)}${unitOf(key.metric)} over ${count(answer.estimate.count)} queries of ${count(answer.queries_available)}; pool of ${count(answer.pool)}.`;
        const legend = el("p", { class: "he-note" }, `${measured} In ranked order; `, el("b", { class: "he-key-right", text: "✓ blue frame" }), " is correct, × dashed is not.");
        const list = answer.examples.map((one) => example(one, key));
        if (!list.length) list.push(el("p", { class: "he-note", text: "No query of this class was measured; take all classes, or run the full evaluation." }));
        const full = answer.examples.length === limit && limit < 48;
        const paging = full ? [el("button", { type: "button", class: "he-small he-more", text: "show more", onclick: () => examples(key, order, Math.min(48, limit + STEP)) })] : [];
        return [legend, ...list, ...paging];
      });
    }

    function classChoice(label, onchange) {
      const options = [["", "all classes"], ...classes().map((one) => [String(one.label), `${one.name} (${count(one.count)})`])];
      return choice("Class of the query", options, label === null || label === undefined ? "" : String(label), (value) => onchange(value === "" ? null : Number(value)));
    }

    // ---- items of a level, pairs -----------------------------------------------------------------------------------

    function level(source, one, order = "typical") {
      open(`${one.name}: ${plural(one.count, "item")} at depth ${one.depth}`, choice("Items", LEVEL_ORDERS, order, (value) => level(source, one, value)));
      return paged((offset) => ask(path("level", { source, depth: one.depth, order, offset, limit: 24 })), (answer) => answer.items.map((item) => card(item, false)), "he-cards");
    }

    function pairs(source, direct, right = false) {
      const kinds = [["false", "wrong order, worst first"], ["true", "right order, closest first"]];
      open(`${source}: radii of ${direct ? "direct " : ""}parent and child`, choice("Pairs", kinds, String(right), (value) => pairs(source, direct, value === "true")));
      return paged((offset) => ask(path("pairs", { source, direct, right, offset, limit: STEP })), (answer) => answer.pairs.map((one) => pair(one)), "he-pairs");
    }

    function findings(check) {
      open(check.title, el("p", { class: "he-note", text: check.meaning }));
      return paged((offset) => ask(viewPath(`health/${check.key}?${query({ offset, limit: STEP })}`)), (answer) => answer.pairs.map((one) => pair(one, answer.measure)), "he-pairs");
    }

    function pair(one, measure) {
      const line = (item, i) => el("p", { class: `he-of he-of-${i}` }, el("b", { text: item.label }), ` ${item.depth_name} · ${number(one.radii[i])} from the root `, disk(item.row, "disk"));
      const value = measure && `${measure} ${Number(one.value.toPrecision(4))} · `;
      const words = el("div", {}, ...one.cards.map(line), el("p", { class: "he-note", text: `${value || ""}${one.cards[0].file}` }));
      return el("article", { class: "he-pair", "data-rows": one.cards.map((item) => item.row).join(" ") }, region(one), words);
    }

    function paged(get, make, className) {
      return fill(async () => {
        const list = el("div", { class: className });
        const foot = el("div");
        const next = async () => {
          const answer = await get(list.childElementCount);
          list.append(...make(answer));
          const rest = () => next().catch((error) => foot.replaceChildren(complaint(error)));
          foot.replaceChildren(answer.total ? more(answer.total, list.childElementCount, rest) : el("p", { class: "he-note", text: "None: nothing is wrong here." }));
        };
        await next();
        return [list, foot];
      });
    }

    return { examples: (key) => examples(key), level, pairs, findings, close: () => dialog.close() };
  };
})();
