/**
 * Learning curves as SVG: the loss while it runs, and what validation says after every epoch. Colours follow the theme by CSS.
 *
 * @typedef {import("./types.js").Epoch} Epoch
 * @typedef {import("./types.js").Job} Job
 * @typedef {{name: string, points: number[][], quiet?: boolean}} Line   points: [x, y]
 */
import { add, el, make } from "../shared/dom.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [210, 46, 12, 12, 30];
/** Figures of which less is better, and of which neither is: the share inside should be that of what belongs there. */
export const LOWER_IS_BETTER = new Set(["mean direction"]);
export const NEITHER = new Set(["median share inside"]);
const DASHES = ["", "6 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2"];

/** Lines of one colour have different dashes. @param {number} i */
const dashOf = (i) => DASHES[(i + Math.floor(i / DASHES.length)) % DASHES.length];

/** Round numbers between low and high, about four of them. @param {number} low @param {number} high */
function ticks(low, high) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => span / one <= 5) || power * 10;
  /** @type {number[]} */
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Number(tick.toPrecision(6)));
  return found;
}

/**
 * One chart; its marks are vertical lines.
 * @param {HTMLElement} holder
 * @param {{title: string, xTitle: string, lines: Line[], marks?: {x: number, text: string}[], xHigh?: number}} content
 */
function draw(holder, content) {
  const { title, xTitle, lines, marks = [], xHigh } = content;
  const width = Math.max(260, holder.clientWidth || 420);
  const svg = make("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "ht-chart", role: "img", "aria-label": title });
  const points = lines.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y));
  if (!points.length) return holder.replaceChildren(el("p", { class: "he-note", text: `${title}: nothing measured yet.` }));
  const xs = points.map(([x]) => x);
  let [low, high] = [Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y))];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  [low, high] = [low - room, high + room];
  const [first, last] = [Math.min(...xs), Math.max(xHigh ?? -Infinity, ...xs, Math.min(...xs) + 1)];
  /** @param {number} x */
  const toX = (x) => LEFT + ((x - first) / (last - first)) * (width - LEFT - RIGHT);
  /** @param {number} y */
  const toY = (y) => HEIGHT - BOTTOM - ((y - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  for (const tick of ticks(low, high)) {
    add(svg, "line", { x1: LEFT, x2: width - RIGHT, y1: toY(tick), y2: toY(tick), class: "ht-grid" });
    add(svg, "text", { x: LEFT - 6, y: toY(tick) + 4, class: "ht-tick", "text-anchor": "end" }).textContent = String(tick);
  }
  for (const tick of ticks(first, last).filter(Number.isInteger))
    add(svg, "text", { x: toX(tick), y: HEIGHT - BOTTOM + 15, class: "ht-tick", "text-anchor": "middle" }).textContent = tick.toLocaleString("en");
  add(svg, "text", { x: width - RIGHT, y: HEIGHT - 2, class: "ht-tick", "text-anchor": "end" }).textContent = xTitle;
  for (const { x, text } of marks) {
    add(svg, "line", { x1: toX(x), x2: toX(x), y1: TOP, y2: HEIGHT - BOTTOM, class: "ht-mark" });
    const left = toX(x) > width / 2;
    add(svg, "text", { x: toX(x) + (left ? -5 : 5), y: HEIGHT - BOTTOM - 6, class: "ht-tick ht-mark-text", "text-anchor": left ? "end" : "start" }).textContent = text;
  }
  lines.forEach((line, i) => {
    const d = line.points.filter(([, y]) => Number.isFinite(y)).map(([x, y], k) => `${k ? "L" : "M"}${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join("");
    add(svg, "path", { d, class: `ht-line ht-line-${i % 6}${line.quiet ? " ht-quiet" : ""}`, "stroke-dasharray": line.quiet ? "" : dashOf(i) });
    if (!line.quiet && line.points.length < 60) for (const [x, y] of line.points) if (Number.isFinite(y)) add(svg, "circle", { cx: toX(x), cy: toY(y), r: 2.4, class: `ht-dot ht-line-${i % 6}` });
  });
  holder.replaceChildren(svg);
}

/**
 * What the lines are, with their values at an epoch, or their last ones.
 * @param {HTMLElement} holder @param {Line[]} lines @param {number|null} [at]
 */
function legend(holder, lines, at = null) {
  const entry = (/** @type {Line} */ line, /** @type {number} */ i) => {
    const sample = make("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" });
    add(sample, "path", { d: "M0,4L26,4", class: `ht-line ht-line-${i % 6}${line.quiet ? " ht-quiet" : ""}`, "stroke-dasharray": line.quiet ? "" : dashOf(i) });
    const value = (line.points.find(([x]) => x === at) ?? line.points.at(-1))?.[1];
    return el("li", {}, sample, el("span", { text: line.name }), el("b", { text: digits(value) }));
  };
  holder.replaceChildren(...lines.map(entry));
}

/** @param {number|null|undefined} value @returns {string} */
const digits = (value) => (typeof value === "number" && Number.isFinite(value) ? value.toFixed(3) : "–");

/** The curves of one training, with the same numbers as a table. @returns {{node: HTMLElement, show: (job: Job, live: number[][]) => void}} */
export function createCurves() {
  const make_ = (/** @type {string} */ title) => {
    const holder = el("div", { class: "ht-plot" });
    const list = el("ul", { class: "ht-legend" });
    const caption = el("figcaption", { text: title });
    return { holder, list, title: caption, node: el("figure", { class: "ht-figure" }, caption, holder, list) };
  };
  const loss = make_("Loss");
  const quality = make_("Validation, higher is better");
  const table = el("details", { class: "ht-history" });
  /** @type {Job|null} */
  let job = null;
  /** @type {number[][]} */
  let live = [];

  /** @param {Job} next @param {number[][]} liveLoss */
  function show(next, liveLoss) {
    [job, live] = [next, liveLoss];
    const { history } = next;
    const perEpoch = (/** @type {"train_loss"|"validation_loss"} */ key) =>
      history.filter((row) => Number.isFinite(row[key])).map((row) => [row.step, /** @type {number} */ (row[key])]);
    const losses = [
      { name: "training, every step", points: thin(live), quiet: true },
      { name: "training, mean of the epoch", points: perEpoch("train_loss") },
      { name: "validation", points: perEpoch("validation_loss") },
    ].filter((line) => line.points.length);
    const names = [...new Set(history.flatMap((row) => Object.keys(row.metrics || {})))];
    const upwards = names.filter((name) => !LOWER_IS_BETTER.has(name) && !NEITHER.has(name)); // the others are in the table
    const metrics = upwards.map((name) => ({ name, points: history.flatMap(({ epoch, metrics }) => (metrics?.[name] !== undefined ? [[epoch, metrics[name]]] : [])) }));
    const { best_epoch: at } = next;
    const best = at === null || at === undefined ? [] : [{ x: at, text: `best: epoch ${at}` }];
    draw(loss.holder, { title: "Loss over steps", xTitle: "step", lines: losses });
    legend(loss.list, losses);
    draw(quality.holder, { title: "Validation metrics over epochs", xTitle: "epoch", lines: metrics, marks: best });
    legend(quality.list, metrics, at);
    quality.title.textContent = `Validation, higher is better${best.length ? `; in figures: epoch ${at}` : ""}`;
    writeTable(history, names);
  }

  /** @param {Epoch[]} history @param {string[]} names */
  function writeTable(history, names) {
    const open = table.open;
    const cell = (/** @type {number|null|undefined} */ value) => el("td", { text: digits(value) });
    const head = el("tr", {}, ...["epoch", "training loss", "validation loss", ...names].map((name) => el("th", { scope: "col", text: name })));
    const rows = history.map((row) =>
      el("tr", { class: row.best ? "ht-best" : null }, el("th", { scope: "row", text: String(row.epoch) }), cell(row.train_loss), cell(row.validation_loss), ...names.map((name) => cell(row.metrics?.[name]))),
    );
    const whole = el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
    table.replaceChildren(el("summary", { text: "The same as a table" }), el("div", { class: "he-scroll", tabindex: "0", role: "region", "aria-label": "History" }, whole));
    table.open = open;
  }

  /** At most 400 points of a long curve, evenly spaced. @param {number[][]} points */
  const thin = (points) => (points.length <= 400 ? points : points.filter((_, i) => i % Math.ceil(points.length / 400) === 0));

  const node = el("div", { class: "ht-curves" }, loss.node, quality.node, table);
  new ResizeObserver(() => job && show(job, live)).observe(loss.holder);
  return { node, show };
}
