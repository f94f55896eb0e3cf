/**
 * Charts of the Evaluate tab, drawn by plotly as SVG (the page's one WebGL figure is the disk): precision over recall with
 * threshold marks (the paper's Fig. 4), and the true distance to the root by depth.
 *
 * @typedef {import("../shared/pieces.js").Section} Section
 * @typedef {import("./types.js").Curve} Curve
 * @typedef {import("./types.js").Report} Report
 * @typedef {{dark: boolean, narrow: boolean}} Look
 * @typedef {{data: object[], layout: object}} Figure   what plotly draws
 */
import { el, isDark, save } from "../shared/dom.js";
import { count, number, taskTitle } from "../shared/format.js";
import { choice, complaint, downloads, note } from "../shared/pieces.js";
import { tablesOf } from "./tables.js";

/* Okabe and Ito's colours, told apart with every kind of colour vision; lighter ones on dark. */
/** @type {Record<string, [string, string]>} */
const COLOURS = {
  angle: ["#0072b2", "#56b4e9"],
  cosine: ["#d55e00", "#f0a35e"],
  distance: ["#00805d", "#3fd0a4"],
};
/** @type {[string, string]} */
const OTHER = ["#8a4f7d", "#e3a1d0"];
const RADII = "radii"; // the task of table cells about radii
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10];
/** @type {Record<string, string>} */
const BOUNDED = { angle: "exterior angle", cosine: "angle between directions", distance: "distance" };
const DASHES = ["solid", "dash", "dot"];
const SYMBOLS = ["circle", "square", "diamond"];
const NARROW = 560; // pixels of a chart below which its marks need more room
const EXPORT = { width: 900, height: 640, scale: 3 }; // 2,700 × 1,920 pixels: 300 dpi at 9 inches

/** @param {string} score @param {boolean} dark */
const colour = (score, dark) => (COLOURS[score] || OTHER)[dark ? 1 : 0];
/** @param {string} score */
const unit = (score) => (score === "distance" ? "" : " rad");

/** @param {boolean} dark @param {Record<string, unknown> & {xaxis: object, yaxis: object}} extra */
function layout(dark, extra) {
  const ink = dark ? "#e5e9f0" : "#1d2433";
  const grid = dark ? "#313a4d" : "#e3e8f0";
  const axis = {
    gridcolor: grid,
    linecolor: ink,
    linewidth: 1,
    ticks: "outside",
    tickcolor: ink,
    zeroline: false,
    fixedrange: true,
    automargin: true,
  };
  return {
    font: { family: "system-ui, Segoe UI, Roboto, sans-serif", size: 13, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 62, r: 14, t: 14, b: 52 },
    hoverlabel: { font: { family: "system-ui, sans-serif" } },
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, font: { size: 12 } },
    ...extra,
    xaxis: { ...axis, ...extra.xaxis },
    yaxis: { ...axis, ...extra.yaxis },
  };
}

// ---- precision and recall ----------------------------------------------------------------------------------------

/**
 * Points of a curve at round thresholds, about eight of them and none nearer to the last than `gap` of an axis.
 * @param {Curve} curve @param {number} gap @returns {number[]}
 */
function marks({ threshold, precision, recall }, gap) {
  const used = threshold.filter((_, i) => recall[i] > 0.02 && recall[i] < 0.995);
  const span = (used.at(-1) || 0) - (used[0] || 0);
  const step = STEPS.find((one) => span / one <= 9) || span;
  /** @type {number[]} */
  const found = [];
  for (let wanted = step; wanted <= threshold[threshold.length - 1]; wanted += step) {
    const best = threshold.reduce(
      (nearest, t, i) => (Math.abs(t - wanted) < Math.abs(threshold[nearest] - wanted) ? i : nearest),
      0,
    );
    const last = found.at(-1);
    const apart = last === undefined || Math.hypot(recall[best] - recall[last], Number(precision[best]) - Number(precision[last])) > gap;
    if (precision[best] !== null && recall[best] < 0.97 && apart && Math.abs(threshold[best] - wanted) < step / 4)
      found.push(best);
  }
  return found;
}

/**
 * The line of a curve, and its marks; `order` is the place of its source, told by dashes and the shape of the marks.
 * @param {Curve} curve @param {number} order @param {Look} look
 */
function curveTraces(curve, order, { dark, narrow }) {
  const name = `${curve.source} · ${curve.score}`;
  const line = { color: colour(curve.score, dark), width: 2.25, dash: DASHES[order % DASHES.length] };
  const bound = `${BOUNDED[curve.score] || curve.score} ≤ %{customdata:.3f}${unit(curve.score)}`;
  const shared = {
    type: "scatter",
    legendgroup: name,
    meta: curve,
    hovertemplate: `${name}<br>${bound}<br>precision %{y:.3f} · recall %{x:.3f}<extra></extra>`,
  };
  const at = marks(curve, narrow ? 0.13 : 0.045);
  const marker = {
    color: line.color,
    size: 7,
    symbol: SYMBOLS[order % SYMBOLS.length],
    line: { color: dark ? "#0b0f19" : "#ffffff", width: 1 },
  };
  const whole = { x: curve.recall, y: curve.precision, customdata: curve.threshold };
  const marked = { x: at.map((i) => curve.recall[i]), y: at.map((i) => curve.precision[i]), customdata: at.map((i) => curve.threshold[i]) };
  return [
    { ...shared, ...whole, mode: "lines", name, line },
    {
      ...shared,
      ...marked,
      mode: "markers+text",
      showlegend: false,
      marker,
      text: marked.customdata.map((threshold) => String(Number(threshold.toFixed(2)))),
      textposition: order % 2 ? "bottom left" : "top right",
      textfont: { size: 11, color: line.color },
      cliponaxis: false,
    },
  ];
}

/**
 * What a random ranking is worth: the share of right decisions at every threshold, the same for all curves of a task.
 * @param {Curve} curve @param {boolean} dark
 */
function chanceTrace({ base_rate: rate }, dark) {
  const line = { color: dark ? "#9aa5b8" : "#667085", width: 1.5, dash: "dashdot" };
  const name = `chance ${number(rate)}`;
  return { type: "scatter", mode: "lines", name, x: [0, 1], y: [rate, rate], line, hovertemplate: `${name}<extra></extra>` };
}

/** @param {Curve[]} curves @param {string[]} sources @param {Look} look @returns {Figure} */
function curveFigure(curves, sources, look) {
  const lines = curves.flatMap((curve) => curveTraces(curve, sources.indexOf(curve.source), look));
  return {
    data: curves.length ? [...lines, chanceTrace(curves[0], look.dark)] : [],
    layout: layout(look.dark, {
      hovermode: "closest",
      xaxis: { title: { text: "recall" }, range: [-0.01, 1.03] },
      yaxis: { title: { text: "precision" }, range: [0, 1.04] },
    }),
  };
}

/**
 * Precision over recall, task by task; a click on a curve leads to its pictures.
 * @param {Report} report @param {{onPick: import("./types.js").OnPick, state: {curve: string}}} options state: the task last looked at
 * @returns {Section}
 */
export function curves(report, { onPick, state }) {
  const groups = [...new Map(report.curves.map((curve) => [taskTitle(curve.task, curve.reading), curve])).keys()];
  const sources = report.sources.map((source) => source.name);
  /** @param {string} title */
  const of = (title) => report.curves.filter((curve) => taskTitle(curve.task, curve.reading) === title);
  const best = note("");
  const board = chart("precision-recall", (look) => curveFigure(of(state.curve), sources, look), {
    label: "Precision over recall, with thresholds marked on the curves",
    onClick: (/** @type {PlotPoint<Curve>} */ point) => {
      if (!point.data.meta) return; // the line of chance
      const { source, task, reading, score, metric } = point.data.meta;
      onPick({ source, task, reading, score, metric });
    },
  });
  const largest = (/** @type {Curve} */ { source, score, best: f1 }) => (f1 ? [`${source}, ${score}: ${number(f1[1])} at ${number(f1[0], 2)}${unit(score)}`] : []);
  /** @param {string} title */
  const show = (title) => {
    state.curve = title;
    board.draw();
    const words = of(title).flatMap(largest);
    best.textContent =
      "Marks are thresholds on what the score ranks by: all at or below is retrieved. " +
      `Largest F1: ${words.join("; ")}. Click a curve for its pictures.`;
  };
  if (!groups.includes(state.curve)) state.curve = groups[0];
  /** @type {Section} */
  const section = el("div", { class: "he-charts" }, choice("Task", groups, state.curve, show), board.node, best);
  section.shown = () => show(state.curve);
  return section;
}

// ---- radius by depth ---------------------------------------------------------------------------------------------

/** @param {Report} report @param {Look} look @returns {Figure} */
function radiusFigure(report, { dark }) {
  const colours = [COLOURS.angle, OTHER].map((pair) => pair[dark ? 1 : 0]);
  const data = report.radii.map((one, i) => {
    /** @param {number} index */
    const at = (index) => one.levels.map((level) => level.quantiles[index]);
    return {
      type: "box",
      name: one.source,
      x: one.levels.map((level) => level.name),
      lowerfence: at(0),
      q1: at(1),
      median: at(2),
      q3: at(3),
      upperfence: at(4),
      mean: one.levels.map((level) => level.mean),
      boxpoints: false,
      meta: one,
      line: { color: colours[i], width: 2 },
    };
  });
  const axes = { xaxis: { type: "category" }, yaxis: { title: { text: "true distance to the root" }, rangemode: "tozero" } };
  return { data, layout: layout(dark, { boxmode: "group", showlegend: report.radii.length > 1, ...axes }) };
}

/**
 * The true distance to the root by depth, with its tables; a click on a box leads to the items of its level.
 * @param {Report} report @param {{onLevel: (source: string, level: import("./types.js").Level) => unknown, onPick: import("./types.js").OnPick,
 *   path: import("./types.js").Path}} actions
 * @returns {Section}
 */
export function radii(report, actions) {
  const board = chart("radius-by-depth", (look) => radiusFigure(report, look), {
    label: "True distance to the root by depth",
    onClick: (/** @type {PlotPoint<import("./types.js").Radii>} */ point) => {
      if (!point.data.meta) return;
      const { source, levels } = point.data.meta;
      const level = levels.find((one) => one.name === point.x);
      if (level) actions.onLevel(source, level);
    },
  });
  const words = note(
    `Boxes: quartiles, median and mean; whiskers: the 5th and 95th percentile; ${count(report.radii[0].pairs)} ancestor pairs.`,
  );
  /** @type {Section} */
  const section = el(
    "div",
    { class: "he-charts" },
    board.node,
    words,
    ...tablesOf(report, (cell) => cell.task === RADII, actions),
  );
  section.shown = board.draw;
  return section;
}

// ---- a chart with its buttons ------------------------------------------------------------------------------------

/** @template M @typedef {{data: {meta?: M}, x: unknown}} PlotPoint   what was clicked, with what its trace is of */

/**
 * A plotly chart that follows the theme and is saved as on white paper.
 * @template M
 * @param {string} name @param {(look: Look) => Figure} figure @param {{label: string, onClick: (point: PlotPoint<M>) => void}} options
 */
function chart(name, figure, { label, onClick }) {
  /** @type {HTMLElement} */
  const plain = el("div", { class: "he-plot", role: "img", "aria-label": label });
  const holder = /** @type {HTMLElement & import("../disk/plotly.js").Plotted} */ (plain);
  const problem = el("div");
  /** @param {string} file */
  async function keep(file) {
    const format = file.split(".").pop();
    try {
      const made = figure({ dark: false, narrow: false });
      made.layout = { ...made.layout, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" };
      const picture = await window.Plotly.toImage(made, { format, ...EXPORT, scale: format === "png" ? EXPORT.scale : 1 });
      save(picture, file);
    } catch (error) {
      problem.replaceChildren(complaint(new Error(`${file} could not be made: ${/** @type {Error} */ (error).message || error}.`)));
    }
  }
  async function draw() {
    const made = figure({ dark: isDark(), narrow: holder.clientWidth < NARROW });
    await window.Plotly.react(holder, made.data, made.layout, { displayModeBar: false, responsive: true });
    if (!holder.dataset.clicks) {
      holder.dataset.clicks = "1";
      holder.on("plotly_click", (/** @type {{points: PlotPoint<M>[]}} */ event) => onClick(event.points[0]));
    }
  }
  const files = ["png", "svg"].map((format) => [`${name}.${format}`, format.toUpperCase()]);
  const node = el("figure", { class: "he-chart" }, holder, downloads("Save figure", files, keep), problem);
  return { node, draw };
}
