/**
 * Norm-ordered retrieval as a figure for a paper: on white, every picture inside the file.
 *
 *   const {blob, svg, page} = await orderedFigure({query, groups: [{title, items}], facts, width, thumb, format});
 *
 * query, items: {row, label, radius, relevant?}.  facts: words for the line below.  width: in mm.  format: "svg" (lines and letters
 * stay vectors) or "png" (three times the size of the screen).  page: its size in CSS, for print.
 *
 * @typedef {{row: number, label: string, radius: number, relevant?: boolean}} Item
 * @typedef {{title: string, items: Item[]}} Group
 * @typedef {(row: number) => string} Thumb   the address of the picture of a row
 */
import { withLetters } from "../disk/fonts.js";
import { el } from "../shared/dom.js";
import { number, wrapped } from "../shared/format.js";
import { dataUrl } from "../shared/http.js";

const RIGHT = "#0072b2";
const QUIET = "#566274";
const CELL = 84; // all lengths in units of the SVG, 1/96 inch
const LINE = 102;
const PER_LINE = 10;
const LEFT = CELL + 26;
const PNG_SCALE = 3;

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
/** @param {number} x @param {number} y @param {string} words @param {number} size @param {string} [extra] attributes */
const text = (x, y, words, size, extra = "") => `<text x="${x}" y="${y}" font-size="${size}" ${extra}>${escape(words)}</text>`;

/** One picture with its frame, its mark, its class and its radius. @param {Item} item @param {number[]} place @param {Thumb} thumb */
async function cell(item, [x, y], thumb) {
  const side = CELL - 12;
  /** @type {Record<string, string>} */
  const frames = {
    true: `stroke="${RIGHT}" stroke-width="2.5"`,
    false: 'stroke="#8a94a6" stroke-width="1" stroke-dasharray="3 2"',
    undefined: `stroke="${QUIET}" stroke-width="1"`,
  };
  const sign = text(x + side - 7, y + 10.6, "✓", 10, 'text-anchor="middle" fill="#fff"');
  const mark = `<circle cx="${x + side - 7}" cy="${y + 7}" r="7" fill="${RIGHT}"/>${sign}`;
  return [
    `<image x="${x + 3}" y="${y + 3}" width="${side - 6}" height="${side - 6}" href="${await dataUrl(thumb(item.row))}"/>`,
    `<rect x="${x}" y="${y}" width="${side}" height="${side}" rx="4" fill="none" ${frames[String(item.relevant)]}/>`,
    item.relevant ? mark : "",
    text(x + side / 2, y + side + 10, item.label, 8.5, 'text-anchor="middle"'),
    text(x + side / 2, y + side + 19, number(item.radius), 7.5, `text-anchor="middle" fill="${QUIET}"`),
  ].join("");
}

/** @param {Item} query @param {Group[]} groups @param {string[]} facts @param {number} mm @param {Thumb} thumb */
async function drawn(query, groups, facts, mm, thumb) {
  const width = LEFT + PER_LINE * CELL;
  const parts = [text(8, 18, "query", 11, 'font-weight="600"'), await cell(query, [8, 28], thumb)];
  let y = 14;
  for (const group of groups) {
    /** @param {number} i */
    const place = (i) => [LEFT + (i % PER_LINE) * CELL, y + 14 + Math.floor(i / PER_LINE) * LINE];
    parts.push(text(LEFT, y + 4, group.title, 11, 'font-weight="600"'));
    parts.push(text(width - 12, y + 4, "general → specific", 9, `text-anchor="end" fill="${QUIET}"`));
    parts.push(...(await Promise.all(group.items.map((item, i) => cell(item, place(i), thumb)))));
    y += 28 + Math.max(1, Math.ceil(group.items.length / PER_LINE)) * LINE;
  }
  for (const line of wrapped(facts, (width - 16) / 4.7)) parts.push(text(8, (y += 14), line, 9, `fill="${QUIET}"`));
  y += 12;
  const size = [`${mm}mm`, `${((mm * y) / width).toFixed(2)}mm`];
  const head = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${size[0]}" height="${size[1]}"`;
  const paper = '<rect width="100%" height="100%" fill="#fff"/>';
  const svg = `<svg ${head} font-family="Helvetica, Arial, sans-serif" fill="#1d2433">${paper}${parts.join("")}</svg>`;
  return { svg, page: size.join(" "), width, height: y };
}

/** @param {{svg: string, width: number, height: number}} picture @returns {Promise<Blob>} PNG */
async function raster({ svg, width, height }) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = el("canvas", { width: width * PNG_SCALE, height: height * PNG_SCALE });
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(/** @type {Blob} */ (blob)), "image/png"));
}

/**
 * @param {{query: Item, groups: Group[], facts: string[], width: number, thumb: Thumb, format: string|undefined}} about
 * @returns {Promise<{blob: Blob, svg: string, page: string}>}
 * @throws {Error} for a width that is no figure's, and when a picture cannot be read
 */
export async function orderedFigure({ query, groups, facts, width, thumb, format }) {
  if (!(width >= 20 && width <= 1000)) throw new Error(`a figure is 20 to 1000 mm wide, not ${width}`);
  const made = await drawn(query, groups, facts, width, thumb);
  made.svg = await withLetters(made.svg);
  const blob = format === "png" ? await raster(made) : new Blob([made.svg], { type: "image/svg+xml" });
  return { blob, svg: made.svg, page: made.page };
}
