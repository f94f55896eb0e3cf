/**
 * Norm-ordered retrieval (the paper's Fig. 5): the best items for one query under each score, shown by ascending radius,
 * that is from general to specific; saved as SVG with its pictures inside, or as PNG made from that SVG.
 */
(function () {
  "use strict";
  const { el, choice, ask, number, count, save, complaint, orderedFigure } = window.hypviz.evaluate;
  const TITLES = { angle: "hyperbolic angle", cosine: "cosine", distance: "distance" };

  window.hypviz.evaluate.ordered = function (report, { path, thumb, onDisk, state }) {
    const names = report.sources.map((source) => source.name);
    const tools = el("div", { class: "he-tools" });
    const stage = el("div", { class: "he-ordered" });
    let answer = null;
    let asked = 0;

    const byName = new Map(report.classes.map((one) => [one.name, one.label]).concat([["scene", -1]]));
    const holders = report.classes.filter((one) => one.under).length;

    function controls() {
      const list = el("datalist", { id: "he-classes" }, el("option", { value: "scene" }), ...report.classes.map((one) => el("option", { value: one.name }, `${one.under ? `${one.under} classes under it` : "nothing under it"}`)));
      const field = el("input", { type: "search", list: "he-classes", placeholder: "a class, or scene", value: state.word || "", "aria-label": "Class of the query", onchange: () => draw_(field.value) });
      const random = el("button", { type: "button", class: "he-small he-random", text: "another query", title: "A query drawn at random, of this class if one is named", onclick: () => draw_(field.value) });
      const limits = ["10", "20", "40"];
      tools.replaceChildren(
        el("label", { class: "he-choice" }, el("span", { text: "Query" }), field, list),
        random,
        choice("Model", names, state.source, (value) => ((state.source = value), load())),
        choice("Items", limits, String(state.limit), (value) => ((state.limit = Number(value)), load())),
      );
    }

    /** A query of the named class; of the scenes when none is named, for every scene holds something. */
    async function draw_(word) {
      const name = word.trim().toLowerCase();
      const label = name ? [...byName].find(([known]) => known.toLowerCase() === name)?.[1] : -1;
      if (label === undefined) {
        stage.replaceChildren(complaint(new Error(`No class called “${word}”; choose one of the list. ${count(holders)} classes have others under them.`)));
        return;
      }
      state.word = name;
      await guarded(async () => {
        state.row = (await ask(path("query", { label }))).row;
        await load();
      });
    }

    async function guarded(work) {
      try {
        await work();
      } catch (error) {
        stage.replaceChildren(complaint(error));
      }
    }

    async function load() {
      const number_ = ++asked;
      await guarded(async () => {
        const found = await ask(path("ordered", { source: state.source, row: state.row, limit: state.limit }));
        if (number_ !== asked) return;
        answer = found;
        show();
      });
    }

    // ---- on the page -----------------------------------------------------------------------------------------------

    const rightOf = (row) => row.items.filter((item) => item.relevant).length;

    function card(item) {
      const words = `${item.label}, ${item.relevant ? "correct" : "not correct"}, ${number(item.radius)} from the root`;
      const mark = el("i", { class: "he-mark", "aria-hidden": "true", text: item.relevant ? "✓" : "×" });
      return el(
        "button",
        { type: "button", class: `he-card ${item.relevant ? "he-right" : "he-wrong"}`, "data-row": item.row, "data-radius": item.radius, title: `${words}\n${item.file}`, "aria-label": `${words}; show on the disk`, onclick: () => onDisk(item.row) },
        el("span", { class: "he-thumb" }, el("img", { loading: "lazy", alt: "", src: thumb(item.row) }), mark),
        el("span", { class: "he-label", text: item.label }),
        el("span", { class: "he-radius", text: number(item.radius) }),
      );
    }

    function show() {
      const query = answer.query;
      const head = el("div", { class: "he-query" }, el("img", { class: "he-query-picture", src: thumb(query.row), alt: query.label }), el("div", {}, el("h4", { text: query.label }), el("p", { text: `${query.depth_name} in ${query.file}, ${number(query.radius)} from the root` }), el("button", { type: "button", class: "he-small", text: "show on the disk", onclick: () => onDisk(query.row) })));
      const rows = answer.rows.map((row) =>
        el(
          "section",
          { class: "he-ordered-row", "data-score": row.score },
          el("h4", {}, `${TITLES[row.score] || row.score} `, el("span", { text: `${rightOf(row)} of ${row.items.length} correct · general → specific` })),
          el("div", { class: "he-strip", role: "group", "aria-label": `Top ${row.items.length} by ${row.score}, by ascending radius` }, ...row.items.map(card)),
        ),
      );
      const buttons = ["png", "svg"].map((format) => el("button", { type: "button", class: "he-small", "data-format": format, text: format.toUpperCase(), onclick: () => keep(format) }));
      const note = "The best items by each score, shown by ascending radius; ✓ and a blue frame: correct by class. Radii are true distances to the root.";
      stage.replaceChildren(head, ...rows, el("p", { class: "he-note", text: note }), el("div", { class: "he-downloads" }, el("span", { text: "Save figure" }), ...buttons));
    }

    async function keep(format) {
      try {
        const groups = answer.rows.map((row) => ({
          title: `${TITLES[row.score] || row.score}: ${rightOf(row)} of ${row.items.length} correct`,
          items: row.items,
        }));
        save(await orderedFigure({ query: answer.query, groups, thumb, format }), `norm-ordered.${format}`);
      } catch (error) {
        stage.append(complaint(new Error(`The ${format.toUpperCase()} could not be made: ${error.message}.`)));
      }
    }

    if (!names.includes(state.source)) state.source = names[0];
    controls();
    const section = el("div", {}, tools, stage);
    section.shown = () => (state.row === null ? draw_(state.word || "") : answer || load());
    section.take = (row, source) => {
      Object.assign(state, { row, source, word: "" });
      answer = null;
      controls();
    };
    return section;
  };
})();
