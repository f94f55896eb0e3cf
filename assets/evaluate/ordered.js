/**
 * Norm-ordered retrieval (the paper's Fig. 5): the best items for one query under each score, shown by ascending radius,
 * that is from general to specific; saved as SVG with its pictures inside, or as PNG made from that SVG.
 */
import { toPrinter } from "../disk/print.js";
import { button, el, save } from "../shared/dom.js";
import { count, number } from "../shared/format.js";
import { ask } from "../shared/http.js";
import { card, choice, complaint, downloads, note } from "../shared/pieces.js";
import { orderedFigure } from "./figure.js";

const TITLES = { angle: "hyperbolic angle", cosine: "cosine", distance: "distance" };

export function ordered(report, { path, thumb, onDisk, state }) {
  const names = report.sources.map((source) => source.name);
  const tools = el("div", { class: "he-tools" });
  const stage = el("div", { class: "he-ordered" });
  let answer = null;
  let asked = 0;

  const byName = new Map(report.classes.map((one) => [one.name, one.label]).concat([["scene", -1]]));
  const holders = report.classes.filter((one) => one.under).length;

  function controls() {
    const under = (one) => (one.under ? `${one.under} classes under it` : "nothing under it");
    const options = report.classes.map((one) => el("option", { value: one.name }, under(one)));
    const list = el("datalist", { id: "he-classes" }, el("option", { value: "scene" }), ...options);
    const field = el("input", {
      type: "search",
      list: "he-classes",
      placeholder: "a class, or scene",
      value: state.word,
      "aria-label": "Class of the query",
      onchange: () => drawQuery(field.value),
    });
    const hint = "A query drawn at random, of this class if one is named";
    const random = button("another query", () => drawQuery(field.value), { title: hint });
    const limits = ["10", "20", "40"];
    tools.replaceChildren(
      el("label", { class: "he-choice" }, el("span", { text: "Query" }), field, list),
      random,
      choice("Model", names, state.source, (value) => ((state.source = value), load())),
      choice("Items", limits, String(state.limit), (value) => ((state.limit = Number(value)), load())),
    );
  }

  /** A query of the named class; of the scenes when none is named, for every scene holds something. */
  async function drawQuery(word) {
    const name = word.trim().toLowerCase();
    const label = name ? [...byName].find(([known]) => known.toLowerCase() === name)?.[1] : -1;
    if (label === undefined) {
      const hint = `choose one of the list, in which ${count(holders)} classes have others under them`;
      stage.replaceChildren(complaint(new Error(`No class called “${word}”; ${hint}.`)));
      return;
    }
    state.word = name;
    const turn = ++asked; // an earlier query's answer that comes late is not shown in place of this one
    await guarded(async () => {
      const { row } = await ask(path("query", { label }));
      if (turn !== asked) return;
      state.row = row;
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
    const turn = ++asked;
    await guarded(async () => {
      const found = await ask(path("ordered", { source: state.source, row: state.row, limit: state.limit }));
      if (turn !== asked) return;
      answer = found;
      show();
    });
  }

  // ---- on the page -----------------------------------------------------------------------------------------------

  const rightOf = (one) => one.items.filter((item) => item.relevant).length;

  function row(one) {
    const facts = `${rightOf(one)} of ${one.items.length} correct · general → specific`;
    const title = el("h4", {}, `${TITLES[one.score] || one.score} `, el("span", { text: facts }));
    const strip = {
      class: "he-strip",
      role: "group",
      "aria-label": `Top ${one.items.length} by ${one.score}, by ascending radius`,
    };
    const cards = one.items.map((item) => card(item, { thumb, onPick: onDisk }));
    return el("section", { class: "he-ordered-row", "data-score": one.score }, title, el("div", strip, ...cards));
  }

  function show() {
    const { query, rows } = answer;
    const words = [
      el("h4", { text: query.label }),
      el("p", { text: `${query.depth_name} in ${query.file}, ${number(query.radius)} from the root` }),
      button("show on the disk", () => onDisk(query.row)),
    ];
    const picture = el("img", { class: "he-query-picture", src: thumb(query.row), alt: query.label });
    const files = [
      ["norm-ordered.png", "PNG"],
      ["norm-ordered.svg", "SVG"],
      ["norm-ordered.pdf", "PDF"],
    ];
    const width = el("input", { type: "number", min: "20", max: "1000", step: "1", value: state.width ?? "174", "aria-label": "Width of the figure in millimetres" });
    width.onchange = () => (state.width = width.value);
    const saving = downloads("Save figure", files, (name) => keep(name, Number(width.value)));
    saving.append(width, el("span", { text: "mm wide" }));
    stage.replaceChildren(
      el("div", { class: "he-query" }, picture, el("div", {}, ...words)),
      ...rows.map(row),
      note(
        "The best items by each score, shown by ascending radius, the true distance to the root; ✓ and a blue frame: correct by class.",
      ),
      saving,
    );
  }

  /** What the figure is of, for the line below it. */
  function facts() {
    const { omega, data, query } = answer;
    const cone = omega === null ? [] : [`ω = ${omega.toFixed(3)} rad (${((omega * 180) / Math.PI).toFixed(1)}°) at the query`];
    return [`data: ${data}`, `checkpoint: ${state.source}`, ...cone, `query ${number(query.radius)} from the root`, "numbers: distance to the root", "✓ correct by class"];
  }

  async function keep(name, width) {
    const format = name.split(".").pop();
    try {
      const groups = answer.rows.map((one) => ({
        title: `${TITLES[one.score] || one.score}: ${rightOf(one)} of ${one.items.length} correct`,
        items: one.items,
      }));
      const made = await orderedFigure({ query: answer.query, groups, facts: facts(), width, thumb, format });
      if (format === "pdf") await toPrinter(made.svg, made.page);
      else save(made.blob, name);
    } catch (error) {
      stage.append(complaint(new Error(`${name} could not be made: ${error.message}.`)));
    }
  }

  if (!names.includes(state.source)) state.source = names[0];
  controls();
  const section = el("div", {}, tools, stage);
  section.shown = () => (state.row === null ? drawQuery(state.word || "") : answer || load());
  section.take = (row, source) => {
    Object.assign(state, { row, source, word: "" });
    answer = null;
    controls();
  };
  return section;
}
