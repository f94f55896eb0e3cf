/** The disk in words: what an item is, and how to read the picture. */
import { count, distance, number } from "../shared/format.js";

/** The label of an item. @param {import("./paint.js").Painter} paint @param {number} row */
export function nameOf(paint, row) {
  const { header, label, depth } = paint;
  const i = paint.indexOf(row);
  if (label[i] >= 0) return header.classes[label[i]] ?? `class ${label[i]}`;
  return depth[i] === 0 ? "scene" : "unlabelled";
}

/**
 * Label, depth and distance, where from.
 * @param {import("./paint.js").Painter} paint @param {number} row @param {(row: number) => string} [describe] the last line; default: the image's name
 * @returns {string[]} the lines of the hover card
 */
export function wordsOf(paint, row, describe) {
  const { header, depth, radius, image } = paint;
  const i = paint.indexOf(row);
  const kind = header.depths[depth[i]]?.name ?? `level ${depth[i]}`;
  const name = nameOf(paint, row);
  const from = describe?.(row) || header.images[image[i]] || `image ${image[i] + 1}`;
  return [name, `${name === kind ? "" : `${kind} · `}${distance(radius[i])} from root`, from];
}

/**
 * How many points are drawn and which, and what radius and angle mean.
 * @param {import("./paint.js").Painter} paint @param {boolean} [scored] whether what the layout keeps stands elsewhere @returns {string[]}
 */
export function captionOf({ header, points, n, focus }, scored = false) {
  const drawn = points.shown.length;
  const how = drawn < n ? "evenly spread over the data" : n < header.total ? header.how : "";
  const luck = typeof header.chance === "number" ? `, chance ${number(header.chance, 2)}` : "";
  const sure = !scored && typeof header.distortion === "number" ? ` (rank correlation ${number(header.distortion, 2)}${luck})` : "";
  return [
    `showing ${count(drawn)} of ${count(header.total)}${how ? `: ${how}` : ""}`,
    header.geometry === "euclidean" ? "radius = true norm" : "radius = true distance to the root",
    focus ? "Around the selection: angles and distances from it are exact" : `angle = projection${sure}`,
  ];
}

