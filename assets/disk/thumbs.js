/**
 * Pictures on the disk: the most telling items as thumbnails on their points, none over another, swapped while one
 * navigates. First what belongs to the selection, then what is lit, general before specific, evenly spread over the data; where
 * room is left, what is dimmed, dimmed.
 *
 * @typedef {Map<number, number[]>} Places   stage positions of pictures, by cell
 */
import { el } from "../shared/dom.js";

const MOST = 150;
const GAP = 4;
const SWAP_MS = 150;

export class Thumbs {
  /** @param {import("./paint.js").Painter} paint @param {HTMLElement} layer @param {(row: number) => string} [urlOf] none: no pictures */
  constructor(paint, layer, urlOf) {
    this.paint = paint;
    this.layer = layer;
    this.urlOf = urlOf;
    /** @type {Map<number, HTMLImageElement>} by the index of their point */
    this.images = new Map();
    /** @type {number[]} */
    this.order = [];
    this.chosenAt = this.waiting = 0; // ms; a timer
  }

  get side() {
    return Math.round(Math.min(44, Math.max(28, this.paint.size / 15)));
  }

  /** Put the points into their order of precedence; after every change of data, selection or colours. */
  adopt() {
    this.order = this.urlOf ? this.rank() : [];
    this.choose();
  }

  rank() {
    const { paint } = this;
    const { selection: s, pictures } = paint.look;
    const around = pictures ? [s?.row, ...(s?.path || []), ...(s?.children || []), ...(s?.parents || [])] : s?.path || [];
    const first = [...new Set(around)].filter((row) => pictures || row !== s?.row).map((row) => paint.indexOf(row)).filter((i) => i >= 0);
    if (!pictures) return first;
    const { lit, shown } = paint.points;
    /** @type {number[][][]} */
    const levels = [[], []]; // what is lit, then what is dimmed
    for (const i of shown) (levels[lit && !lit[i] ? 1 : 0][paint.depth[i]] ||= []).push(i);
    return [...new Set([...first, ...levels.flat().flatMap((level) => spread(level || []))])];
  }

  /** Take pictures in order of precedence, each where no other lies yet. */
  choose() {
    this.chosenAt = performance.now();
    const { paint, side } = this;
    const cell = side + GAP;
    /** @type {Places} */
    const taken = new Map();
    /** @type {Set<number>} */
    const chosen = new Set();
    for (const i of this.order) {
      if (chosen.size >= MOST) break;
      const [x, y] = paint.spotOf(i);
      if (!this.fits(x, y)) continue;
      const [column, line] = [Math.floor(x / cell), Math.floor(y / cell)];
      if (crowded(taken, column, line, x, y, cell)) continue;
      taken.set(column * 4096 + line, [x, y]);
      chosen.add(i);
    }
    for (const [i, image] of this.images) {
      if (chosen.has(i)) continue;
      image.remove();
      this.images.delete(i);
    }
    for (const i of chosen) if (!this.images.has(i)) this.images.set(i, this.picture(i));
    this.place();
  }

  /** Inside the stage with the whole picture, and inside the disk. @param {number} x @param {number} y */
  fits(x, y) {
    const { paint, side } = this;
    const rim = side / 2;
    return x > rim && y > rim && x < paint.size - rim && y < paint.size - rim;
  }

  /** @param {number} i */
  picture(i) {
    const image = el("img", "hd-thumb");
    Object.assign(image, { alt: "", draggable: false, decoding: "async", src: this.urlOf?.(this.paint.rowAt(i)) });
    image.onerror = () => image.remove();
    return this.layer.appendChild(image);
  }

  /** Move the pictures with their points; every frame. */
  place() {
    const { paint, side } = this;
    this.layer.style.setProperty("--hd-side", `${side}px`);
    if (this.images.size) this.follow();
    if (this.order.length && !this.waiting && performance.now() - this.chosenAt > 16) {
      this.waiting = setTimeout(() => {
        this.waiting = 0;
        if (paint.ready) this.choose();
      }, SWAP_MS);
    }
  }

  follow() {
    const { paint, side } = this;
    const { lit } = paint.points;
    const { key, groups } = paint.points.colours();
    for (const [i, image] of this.images) {
      const [x, y] = paint.spotOf(i);
      image.style.transform = `translate(${(x - side / 2).toFixed(1)}px, ${(y - side / 2).toFixed(1)}px)`;
      image.style.borderColor = paint.points.colourOf(groups[key[i]]);
      image.classList.toggle("hd-dimmed", lit !== null && !lit[i]);
      image.hidden = !this.fits(x, y);
    }
  }

  /** The point whose picture lies at a stage position; −1 for none. @param {number[]} spot */
  hit([px, py]) {
    const reach = this.side / 2;
    for (const [i, image] of this.images) {
      const [x, y] = this.paint.spotOf(i);
      if (!image.hidden && Math.abs(px - x) <= reach && Math.abs(py - y) <= reach) return i;
    }
    return -1;
  }

  destroy() {
    clearTimeout(this.waiting);
    this.layer.replaceChildren();
    this.images.clear();
  }
}

/**
 * Whether a picture in the neighbouring cells is nearer than a cell in both directions.
 * @param {Places} taken @param {number} column @param {number} line @param {number} x @param {number} y @param {number} cell
 */
function crowded(taken, column, line, x, y, cell) {
  for (let dx = -1; dx <= 1; dx++) {
    for (let dy = -1; dy <= 1; dy++) {
      const other = taken.get((column + dx) * 4096 + line + dy);
      if (other && Math.abs(other[0] - x) < cell && Math.abs(other[1] - y) < cell) return true;
    }
  }
  return false;
}

/** The same entries, any few of the first spread over all: steps of the golden ratio. @param {number[]} level */
function spread(level) {
  /** @param {number} position */
  const turn = (position) => (position * 0.6180339887498949) % 1;
  return level.map((i, position) => [turn(position), i]).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
}

