/**
 * The disk to take away: SVG and PDF with points, rings and labels as vectors, PNG at any scale.
 *
 * PDF goes through the browser's own print: it writes vectors and embeds the fonts, which no library at hand does
 * without a second renderer that would have to agree with this one.
 *
 * @typedef {{spot: number[], href: string}} Thumbnail   a picture and its place on the stage
 */
import { add, el, make } from "../shared/dom.js";
import { dataUrl } from "../shared/http.js";
import { withLetters } from "./fonts.js";
import { DIM, LIT } from "./points.js";

const XMLNS = "http://www.w3.org/2000/svg";
const COPIED = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray"];
const COPIED_TEXT = ["font-family", "font-size", "font-weight", "text-anchor", "paint-order"];

/**
 * The present picture as a standalone SVG, points as vector circles, with the thumbnails that are given.
 * @param {import("./paint.js").Painter} paint @param {Thumbnail[]} [thumbs] @returns {string}
 */
export function toSVG(paint, thumbs = []) {
  const { size } = paint;
  const out = make("svg", { xmlns: XMLNS, width: size, height: size, viewBox: `0 0 ${size} ${size}` });
  const edges = make("path", { fill: "none", d: paint.edges.pathData(), stroke: getComputedStyle(paint.edges.canvas).color });
  edges.setAttribute("stroke-opacity", paint.edges.count > 200 ? "0.28" : "0.5");
  const points = make("g");
  for (const { rows, colour, lit } of paint.points.groups) {
    const group = add(points, "g", { fill: colour, "fill-opacity": lit ? LIT : DIM });
    for (const i of rows) {
      const [x, y] = paint.spotOf(i);
      if (x < -9 || y < -9 || x > size + 9 || y > size + 9) continue;
      add(group, "circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: (paint.points.size(i) / 2).toFixed(2) });
    }
  }
  const [under, over] = paint.layers.map(styledCopy);
  under.append(edges);
  out.append(under, points, ...(thumbs.length ? [pictures(thumbs, paint.thumbs.side)] : []), over);
  return new XMLSerializer().serializeToString(out);
}

/**
 * The same with the thumbnails that are on the screen, and its letters, written into it.
 * @param {import("./paint.js").Painter} paint @returns {Promise<string>}
 */
export async function toFullSVG(paint) {
  return withLetters(toSVG(paint, await shownPictures(paint)));
}

/**
 * The thumbnails on the screen, each with its place on the stage.
 * @param {import("./paint.js").Painter} paint @returns {Promise<Thumbnail[]>}
 */
export function shownPictures(paint) {
  const shown = [...paint.thumbs.images].filter(([, image]) => !image.hidden && image.complete && image.naturalWidth);
  return Promise.all(shown.map(async ([i, image]) => ({ spot: paint.spotOf(i), href: await dataUrl(image.src) })));
}

/** @param {Thumbnail[]} thumbs @param {number} side */
function pictures(thumbs, side) {
  const group = make("g");
  for (const { spot: [x, y], href } of thumbs) {
    const place = { x: (x - side / 2).toFixed(1), y: (y - side / 2).toFixed(1), width: side, height: side };
    add(group, "image", { ...place, href, preserveAspectRatio: "xMidYMid slice" });
  }
  return group;
}

/** The picture in pixels. @param {import("./paint.js").Painter} paint @param {number} scale pixels per stage pixel @returns {Promise<Blob>} PNG */
export async function toPNG(paint, scale) {
  const side = Math.round(paint.size * scale);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await toFullSVG(paint))}`;
  await image.decode();
  const canvas = Object.assign(el("canvas"), { width: side, height: side });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = getComputedStyle(paint.stage).getPropertyValue("--hd-page");
  context.fillRect(0, 0, side, side);
  context.drawImage(image, 0, 0, side, side);
  /** @type {Blob|null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error(`A picture of ${side} × ${side} pixels is more than this browser can make; choose a smaller scale.`);
  return blob;
}

/** A layer with the style sheet's values written into it, so that it looks the same on its own. @param {SVGElement} layer */
function styledCopy(layer) {
  const copy = /** @type {SVGElement} */ (layer.cloneNode(true));
  const originals = layer.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    if (node.tagName === "stop") node.setAttribute("stop-color", style.getPropertyValue("stop-color"));
    else if (node.getAttribute("class")) {
      for (const name of [...COPIED, ...(node.tagName === "text" ? COPIED_TEXT : [])]) node.setAttribute(name, style.getPropertyValue(name));
    }
    node.removeAttribute("class");
  });
  const group = make("g");
  group.append(...copy.childNodes);
  return group;
}

