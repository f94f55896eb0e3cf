/**
 * Tables of the Evaluate tab: the paper's layout, and two sources side by side. Every number is a button to its examples.
 *
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Difference} Difference
 * @typedef {import("./types.js").OnPick} OnPick
 * @typedef {import("./types.js").Report} Report
 * @typedef {(name: string) => string} Download   the address of a file
 */
import { button, el, save } from "../shared/dom.js";
import { measured, taskTitle, unitOf } from "../shared/format.js";
import { address } from "../shared/http.js";
import { choice, downloads, note, numberButton, scrolled } from "../shared/pieces.js";

const FILES = [
  ["tables.md", "Tables (Markdown)"],
  ["results.csv", "All results (CSV)"],
  ["classes.csv", "By class (CSV)"],
  ["results.json", "Everything (JSON)"],
];
const COMPARED =
  "Difference: second − first, query by query, with a 95 % interval from resampled images. The verdict is open while that " +
  "interval holds 0; whether the two single intervals overlap is told beside it. Chance: what a random ranking is worth.";
const ARROWS = { higher: "↑", lower: "↓" };
const WORDS = { higher: "higher is better", lower: "lower is better" };

/**
 * What identifies the number of a cell: enough to ask for its examples.
 * @param {Cell|Difference} cell @param {string} source @returns {import("./types.js").Key}
 */
const keyOf = (cell, source) => ({ source, task: cell.task, reading: cell.reading, score: cell.score, metric: cell.metric });

/** The interval, printed as the number beside it. @param {{low: number|null, high: number|null}} estimate @param {string} metric */
function interval({ low, high }, metric) {
  const known = low !== null && high !== null;
  return known ? el("small", { text: `[${measured(metric, low)}, ${measured(metric, high)}]` }) : null;
}

/** @param {Cell} one @param {import("./types.js").TableRow} row @param {import("./types.js").Column} column @param {OnPick} onPick */
function cell(one, row, column, onPick) {
  if (one.value === null) return el("td", { class: "he-nothing", text: one.text });
  const plain = () => el("span", { class: "he-plain", text: one.text });
  if (!one.pictures) return el("td", { class: one.best ? "he-best" : null }, plain(), interval(one, one.metric));
  const about = [row.source, row.score, column.name, one.best && "best of this column"].filter(Boolean).join(", ");
  const title = one.reading ? `${taskTitle(one.task, one.reading)}: ${one.metric} by ${one.score}` : column.name;
  const button = numberButton(one.text, about, () => onPick(keyOf(one, row.source)), { title, "data-metric": one.metric });
  return el("td", { class: one.best ? "he-best" : null }, button, interval(one, one.metric));
}

/**
 * One of the paper's tables; `index` is its number among the files to take away.
 * @param {import("./types.js").Table} table @param {number} index @param {{onPick: OnPick, download: Download}} options
 */
function paperTable(table, index, { onPick, download }) {
  const scored = table.rows.some((row) => row.score);
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", text: "checkpoint" }),
    scored ? el("th", { scope: "col", class: "he-word", text: "score" }) : null,
  );
  for (const column of table.columns) {
    const label = `${column.name} ${ARROWS[column.better] || ""}`.trim();
    head.append(el("th", { scope: "col", title: WORDS[column.better] }, label));
  }
  const body = el("tbody");
  table.rows.forEach((row, i) => {
    const first = i === 0 || table.rows[i - 1].source !== row.source;
    const kind = row.chance ? "he-first he-chance" : first ? "he-first" : null;
    const title = row.chance ? "What a random ranking is worth" : null;
    const line = el("tr", { class: kind, title }, el("th", { scope: "row", text: row.source }));
    if (scored) line.append(el("td", { class: "he-word", text: row.score }));
    row.cells.forEach((one, j) => line.append(cell(one, row, table.columns[j], onPick)));
    body.append(line);
  });
  const name = `table-${index + 1}.csv`;
  const csv = button("CSV", () => save(download(name), name), { title: "Save this table as CSV" });
  return el(
    "figure",
    { class: "he-table" },
    el("figcaption", {}, el("h4", { text: table.title }), csv),
    scrolled(table.title, el("table", {}, el("thead", {}, head), body)),
    table.note ? note(table.note) : null,
  );
}

// ---- two sources side by side ------------------------------------------------------------------------------------

/** @param {Difference} one @param {string} second */
function verdict(one, second) {
  const mark = one.better > 0 ? "▲" : one.better < 0 ? "▼" : "≈";
  const words = one.better > 0 ? `${second} is better` : one.better < 0 ? `${second} is worse` : "no clear difference";
  const overlap = one.overlap === null ? "" : one.overlap ? "intervals overlap" : "intervals apart";
  const kind = one.better > 0 ? "up" : one.better < 0 ? "down" : "same";
  const sign = el("b", { text: mark, "aria-hidden": "true" });
  return el("td", { class: `he-verdict he-${kind}` }, sign, ` ${words}`, el("small", { text: overlap }));
}

/** @param {Difference} one @param {string[]} names @param {OnPick} onPick */
function comparedRow(one, names, onPick) {
  const line = el(
    "tr",
    {},
    el("th", { scope: "row", text: `${one.metric}${unitOf(one.metric)} ${one.lower_is_better ? "↓" : "↑"}` }),
  );
  [one.first, one.second].forEach((estimate, i) => {
    const about = `${names[i]}, ${taskTitle(one.task, one.reading)}, ${one.metric}`;
    const button = numberButton(measured(one.metric, estimate.mean), about, () => onPick(keyOf(one, names[i])));
    line.append(el("td", {}, estimate.mean === null ? "–" : button, interval(estimate, one.metric)));
  });
  line.append(
    el("td", { class: "he-chance", text: measured(one.metric, one.chance) }),
    el("td", { class: "he-change" }, measured(one.metric, one.change.mean, true), interval(one.change, one.metric)),
    verdict(one, names[1]),
  );
  return line;
}

/** Both sources, metric by metric, under one score at a time. @param {Difference[]} differences @param {string[]} names @param {{onPick: OnPick}} options */
function compared(differences, names, { onPick }) {
  const scores = [...new Set(differences.map((one) => one.score))];
  const holder = scrolled("Side by side");
  holder.classList.add("he-tall");
  /** @param {string} score */
  const show = (score) => {
    const table = el("table", { class: "he-compared" });
    const titles = ["", names[0], names[1], "chance", "difference", "paired verdict"];
    table.append(
      el(
        "thead",
        {},
        el("tr", {}, ...titles.map((text, i) => el("th", { scope: "col", class: i === 5 ? "he-word" : null, text }))),
      ),
    );
    let group = "";
    const body = el("tbody");
    for (const one of differences.filter((d) => d.score === score)) {
      const title = taskTitle(one.task, one.reading);
      if (title !== group)
        body.append(el("tr", { class: "he-group" }, el("th", { colspan: "6", scope: "colgroup", text: title })));
      group = title;
      body.append(comparedRow(one, names, onPick));
    }
    table.append(body);
    holder.replaceChildren(table);
  };
  show(scores[0]);
  const title = el("figcaption", {}, el("h4", { text: "Side by side" }), choice("ranked by", scores, scores[0], show));
  return el("figure", { class: "he-table" }, title, holder, note(COMPARED));
}

/**
 * The tables of the report whose cells pass `wanted`, in its order.
 * @param {Report} report @param {(cell: Cell) => boolean} wanted @param {{onPick: OnPick, path: Download}} options @returns {HTMLElement[]}
 */
export function tablesOf(report, wanted, { onPick, path }) {
  /** @param {string} name */
  const download = (name) => address(path(`download/${name}`));
  const chosen = report.tables
    .map((table, index) => ({ table, index }))
    .filter(({ table }) => table.rows.some((row) => row.cells.some(wanted)));
  return chosen.map(({ table, index }) => paperTable(table, index, { onPick, download }));
}

/**
 * The whole Results section.
 * @param {Report} report @param {{onPick: OnPick, path: Download}} options @returns {import("../shared/pieces.js").Section}
 */
export function results(report, { onPick, path }) {
  const names = report.sources.map((source) => source.name);
  const beside = report.differences.length ? [compared(report.differences, names, { onPick })] : [];
  /** @param {string} name */
  const keep = (name) => save(address(path(`download/${name}`)), name);
  return el(
    "div",
    { class: "he-results" },
    ...beside,
    ...tablesOf(report, () => true, { onPick, path }),
    ...report.notes.map((text) => note(text)),
    downloads("Save", FILES, keep),
  );
}
