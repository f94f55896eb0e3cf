/**
 * The disk as a figure for a paper: SVG of a given width in millimetres, light on white, with the legend, the cone's ω, data,
 * checkpoint and what radius and angle mean below it. Its letters are written into it (disk/fonts.js).
 *
 * @typedef {import("./paint.js").Painter} Painter
 * @typedef {import("./export.js").Thumbnail} Thumbnail
 */
import { add, make } from "../shared/dom.js";
import { count, wrapped } from "../shared/format.js";
import { shownPictures, toSVG } from "./export.js";
import { withLetters } from "./fonts.js";
import { captionOf } from "./words.js";

const XMLNS = "http://www.w3.org/2000/svg";
const FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";
const INK = "#1d2433";
const SMALL = 12.5; // px of the stage, as all lengths here
const LINE = 19;
const MARGIN = 14;
const ENTRY = 13; // room for a dot and the gap after a name
const POINTS_PER_MM = 72 / 25.4;
const LEAST_POINTS = 5; // print below this size cannot be read

/**
 * @param {import("./paint.js").Painter} paint
 * @param {{width: number, facts: string[], thumbs?: Thumbnail[]}} about width in mm; facts: lines below
 * @returns {string} SVG
 */
export function figure(paint, { width, facts, thumbs = [] }) {
  return inLight(paint, () => {
    const { size } = paint;
    const picture = new DOMParser().parseFromString(toSVG(paint, withoutApex(paint, thumbs)), "image/svg+xml").documentElement;
    const below = make("g");
    const height = size + words(below, paint, facts);
    const out = make("svg", { xmlns: XMLNS, width: `${width}mm`, height: `${((width * height) / size).toFixed(2)}mm`, viewBox: `0 0 ${size} ${height}` });
    add(out, "rect", { width: size, height, fill: "#ffffff" });
    const disk = add(out, "g");
    disk.append(...document.importNode(picture, true).childNodes);
    out.append(below);
    for (const text of out.querySelectorAll("text")) text.setAttribute("font-family", FONT);
    return new XMLSerializer().serializeToString(out);
  });
}

/**
 * Whether letters of the figure are too small to read at a width in mm.
 * @param {Painter} paint @param {number} width @returns {number} points of the smallest
 */
const smallestPoints = (paint, width) => (9.5 * width * POINTS_PER_MM) / paint.size;

/** Colours of the light theme while `run` reads them. @template T @param {Painter} paint @param {() => T} run @returns {T} */
function inLight(paint, run) {
  const root = /** @type {HTMLElement} */ (paint.stage.closest(".hypviz-disk"));
  /** @type {[string|undefined, import("./types.js").Theme]} */
  const before = [root.dataset.theme, paint.look.theme];
  const colours = paint.points.groups.map((group) => group.colour);
  [root.dataset.theme, paint.look.theme] = ["light", "light"];
  const { key, groups } = paint.points.colours();
  for (const group of paint.points.groups) group.colour = paint.points.colourOf(groups[key[group.rows[0]]]);
  try {
    return run();
  } finally {
    [root.dataset.theme, paint.look.theme] = before;
    paint.points.groups.forEach((group, i) => (group.colour = colours[i]));
  }
}

/** The pictures that do not cover the place where the cone starts. @param {Painter} paint @param {Thumbnail[]} thumbs */
function withoutApex(paint, thumbs) {
  const apex = paint.lines.apex();
  if (!apex) return thumbs;
  const [x, y] = paint.polarToStage(apex);
  const reach = paint.thumbs.side / 2 + 9;
  return thumbs.filter(({ spot }) => Math.abs(spot[0] - x) > reach || Math.abs(spot[1] - y) > reach);
}

/** Legend and facts below the disk. @param {Element} out @param {Painter} paint @param {string[]} facts @returns {number} the height they take */
function words(out, paint, facts) {
  let y = paint.size + LINE;
  const place = { x: MARGIN };
  for (const group of paint.points.colours().groups.filter((one) => one.count)) {
    const label = `${group.name} (${count(group.count)})`;
    const long = ENTRY + label.length * SMALL * 0.55 + ENTRY;
    if (place.x > MARGIN && place.x + long > paint.size - MARGIN) [place.x, y] = [MARGIN, y + LINE];
    add(out, "circle", { cx: place.x + 4, cy: y - 4, r: 4, fill: paint.points.colourOf(group) });
    write(out, place.x + ENTRY, y, label);
    place.x += long;
  }
  const lines = [...coneWords(paint), ...captionOf(paint), ...facts].filter(Boolean);
  for (const line of wrapped(lines, (paint.size - 2 * MARGIN) / (SMALL * 0.52))) write(out, MARGIN, (y += LINE), line);
  return y + MARGIN - paint.size;
}

/** @param {Painter} paint */
function coneWords({ look, focus }) {
  if (!look.selection || look.omega === null) return [];
  const degrees = ((look.omega * 180) / Math.PI).toFixed(1);
  return [`cone of the marked item: ω = ${look.omega.toFixed(3)} rad (${degrees}°)${focus ? "" : ", its section with the plane"}`];
}

/** @param {Element} parent @param {number} x @param {number} y @param {string} text */
function write(parent, x, y, text) {
  add(parent, "text", { x, y, "font-size": SMALL, fill: INK }).textContent = text;
}

/**
 * The figure with the pictures that are on the screen and its letters.
 * @param {import("./paint.js").Painter} paint @param {{width: number, facts: string[]}} about width in mm; facts: lines below
 * @returns {Promise<{svg: string, note: string}>} note: what to know of it, or nothing
 */
export async function fullFigure(paint, { width, facts }) {
  if (!(width >= 20 && width <= 1000)) throw new Error(`A figure is 20 to 1000 mm wide, not ${width}.`);
  const points = smallestPoints(paint, width);
  const thumbs = await shownPictures(paint);
  const svg = await withLetters(figure(paint, { width, facts, thumbs }));
  return { svg, note: points < LEAST_POINTS ? `The smallest letters are ${points.toFixed(1)} pt at this width.` : "" };
}

