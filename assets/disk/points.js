/**
 * The points of the disk: which are drawn, in what size and colour, which are lit. How they reach the screen is left
 * to a renderer: plotly's scattergl, or a 2-D canvas where there is no WebGL or where one figure has it already.
 *
 * @typedef {import("./colours.js").Group} Group
 * @typedef {import("./disk.js").Selection} Selection
 * @typedef {Object} PointGroup         points of one colour and brightness
 * @property {Uint32Array} rows         their indices
 * @property {number[]} size            diameter of each, px
 * @property {string} colour
 * @property {boolean} lit
 * @property {boolean} member           of the selection's cone
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {Float64Array} flat        x and y in turn
 *
 * @typedef {{size: number, reach: number, face: string, tint: string, opacity: (group: PointGroup) => number}} PointLook
 *   side of the stage in px, half of it in disk radii, colours of the outlines of points and of members
 */
import { Bits, isRow } from "../shared/bitset.js";
import { reducedMotion } from "../shared/dom.js";
import { CanvasPoints } from "./canvas.js";
import { colouring } from "./colours.js";
import { PlotlyPoints } from "./plotly.js";

const GL_LIMIT = 90000; // plotly's scattergl slows down at 100,000 points
const CANVAS_LIMIT = 20000;
const FADE_MS = 160;
const SIZES = [8.6, 6.6, 5, 4.2, 3.8]; // px by depth, on a stage of 720 px
export const LIT = 0.88; // opacity of a point
export const DIM = 0.11; // opacity of a point outside the selection

export class Points {
  /**
   * @param {import("./paint.js").Painter} paint @param {HTMLElement} element for the renderer
   * @param {import("./plotly.js").Plotly|null} plotly null: a canvas
   */
  constructor(paint, element, plotly) {
    this.paint = paint;
    this.limit = plotly ? GL_LIMIT : CANVAS_LIMIT;
    this.renderer = plotly ? new PlotlyPoints(element, plotly, () => this.lost()) : new CanvasPoints(element);
    /** @type {PointGroup[]} */
    this.groups = [];
    /** @type {{groups: PointGroup[], stage: string}|null} what the renderer has drawn */
    this.drawn = null;
    this.shown = new Uint32Array(0); // indices of the points that are drawn
    /** @type {Uint8Array|null} see `findLit` */
    this.lit = null;
    /** @type {({asked: string} & ReturnType<typeof colouring>)|null} */
    this.colouring = null;
  }

  /** Choose which points are drawn: all, or as many as the renderer can, evenly spread over the data. */
  adopt() {
    const { n } = this.paint;
    const size = Math.min(n, this.limit);
    this.shown = Uint32Array.from({ length: size }, (_, i) => Math.floor((i * n) / size));
    this.colouring = null;
  }

  /** Groups of one colour and brightness each, and what they mean; see disk/colours.js. */
  colours() {
    const by = this.paint.look.colourBy;
    if (this.colouring?.asked !== by) this.colouring = { asked: by, ...colouring(this.paint, by) };
    return this.colouring;
  }

  /** @param {Group} group */
  colourOf(group) {
    return this.paint.look.theme === "dark" ? group.dark : group.colour;
  }

  /** New groups on the screen; where they are those that are there already, only their positions: a click asks for a drawing thrice. */
  async draw() {
    const { paint } = this;
    const fresh = !this.groups.length;
    const wasDimmed = this.groups.some((group) => !group.lit);
    const groups = this.makeGroups();
    const style = getComputedStyle(paint.stage);
    const [face, tint] = ["--hd-face-1", "--hd-accent"].map((name) => style.getPropertyValue(name).trim());
    const stage = [paint.size, face, tint, devicePixelRatio].join();
    if (this.drawn && this.drawn.groups === this.groups && this.drawn.stage === stage && isSame(groups, this.groups)) return this.push();
    this.groups = groups;
    this.fill();
    this.drawn = null;
    await this.renderer.draw(groups, { size: paint.size, reach: paint.half / paint.px, face, tint, opacity: (g) => (g.lit ? LIT : DIM) });
    if (this.groups === groups) this.drawn = { groups, stage };
    if (!fresh && !wasDimmed && this.groups.some((group) => !group.lit)) this.fade();
  }

  /** The renderer has lost its drawing. */
  lost() {
    this.drawn = null;
    return this.paint.rebuild();
  }

  /** New positions on the screen. */
  push() {
    this.fill();
    this.renderer.push(this.groups);
  }

  /** One group per colour and brightness, dimmed ones first. */
  makeGroups() {
    const { key, groups } = this.colours();
    const colours = groups.map((group) => this.colourOf(group));
    const distinct = [...new Set(colours)];
    const place = colours.map((colour) => distinct.indexOf(colour));
    const lit = (this.lit = this.findLit());
    /** @type {Map<number, number[]>} */
    const buckets = new Map();
    /** @param {number} i */
    const put = (i) => {
      const id = place[key[i]] + (lit ? lit[i] : 1) * distinct.length;
      const bucket = buckets.get(id);
      if (bucket) bucket.push(i);
      else buckets.set(id, [i]);
    };
    this.shown.forEach(put);
    if (lit && this.shown.length < this.paint.n) {
      const drawn = new Set(this.shown); // lit points are drawn even where the sample left them out
      for (let i = 0; i < this.paint.n; i++) if (lit[i] && !drawn.has(i)) put(i);
    }
    return [...buckets]
      .sort(([a], [b]) => a - b)
      .map(([id, rows]) => this.makeGroup(Uint32Array.from(rows), distinct[id % distinct.length], Math.floor(id / distinct.length)));
  }

  /** @param {Uint32Array} rows @param {string} colour @param {number} level 0 dimmed, 1 lit, 2 a member of the selection's cone */
  makeGroup(rows, colour, level) {
    const [lit, member] = [level > 0, level > 1];
    const size = Array.from(rows, (i) => this.size(i));
    return { rows, size, colour, lit, member, x: new Float32Array(rows.length), y: new Float32Array(rows.length), flat: new Float64Array(2 * rows.length) };
  }

  /** Diameter in pixels: by depth, smaller on small stages and in crowds. @param {number} i */
  size(i) {
    const crowd = Math.min(1, Math.max(0.5, (9000 / this.shown.length) ** 0.25));
    const unit = crowd * Math.min(1.2, Math.max(0.62, this.paint.size / 720));
    return unit * SIZES[Math.min(this.paint.depth[i], SIZES.length - 1)];
  }

  /** 1 for points at full strength, 2 for members of the selection's cone, null when nothing is dimmed: a legend entry, the set, what all cones share, one cone. */
  findLit() {
    const { paint } = this;
    const { selection, highlight, set, common } = paint.look;
    if (highlight !== null) {
      const { key } = this.colours();
      return Uint8Array.from(key, (group) => (group === highlight ? 1 : 0));
    }
    const bits = set || common;
    if (!bits && !selection) return null;
    const lit = new Uint8Array(paint.n);
    if (bits) for (let i = 0; i < paint.n; i++) lit[i] = bits.has(paint.rowAt(i)) ? 1 : 0;
    if (!bits && selection) this.lightSelection(lit, selection);
    if (selection && isRow(selection.row)) this.light(lit, [selection.row], 1);
    return lit;
  }

  /** @param {Uint8Array} lit @param {Selection} selection */
  lightSelection(lit, { members, children, parents, path }) {
    const { paint } = this;
    if (members instanceof Bits) for (let i = 0; i < paint.n; i++) lit[i] = members.has(paint.rowAt(i)) ? 2 : 0;
    else this.light(lit, members, 2);
    for (const rows of [children, parents, path]) this.light(lit, rows, 1);
  }

  /** @param {Uint8Array} lit @param {Iterable<number>|undefined} rows @param {number} level */
  light(lit, rows, level) {
    for (const row of rows || []) {
      const i = this.paint.indexOf(row);
      if (i >= 0) lit[i] = Math.max(lit[i], level);
    }
  }

  /** Positions into the very arrays that plotly holds, so that its own data is always current. */
  fill() {
    const { vx, vy } = this.paint;
    for (const { rows, x, y, flat } of this.groups) {
      for (let i = 0; i < rows.length; i++) {
        flat[2 * i] = x[i] = vx[rows[i]];
        flat[2 * i + 1] = y[i] = vy[rows[i]];
      }
    }
  }

  /** Let the dimmed points fade instead of jumping. Only a nicety: left out where motion is unwanted. */
  fade() {
    if (reducedMotion()) return;
    const { groups } = this;
    const start = performance.now();
    /** @param {number} now */
    const frame = (now) => {
      if (this.groups !== groups) return; // drawn anew meanwhile
      const t = Math.min(1, Math.max(0, (now - start) / FADE_MS));
      const done = this.renderer.opacity(groups, (g) => (g.lit ? LIT : LIT + (DIM - LIT) * t));
      if (t < 1 && done) requestAnimationFrame(frame);
    };
    frame(start);
  }

  /**
   * The drawn point nearest to a view position, within `reach`; −1 for none. A plain loop: 0.2 ms at 50,000.
   * @param {number} x @param {number} y @param {number} reach
   */
  nearest(x, y, reach) {
    const { vx, vy } = this.paint;
    let best = reach ** 2;
    let found = -1;
    for (const { rows } of this.groups) {
      for (let i = 0; i < rows.length; i++) {
        const square = (vx[rows[i]] - x) ** 2 + (vy[rows[i]] - y) ** 2;
        if (square <= best) [best, found] = [square, rows[i]];
      }
    }
    return found;
  }

  destroy() {
    this.groups = [];
    this.renderer.destroy();
  }
}

/** Whether groups differ in nothing but positions. @param {PointGroup[]} some @param {PointGroup[]} others */
export function isSame(some, others) {
  /** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
  const equal = (a, b) => a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]);
  return (
    some.length === others.length &&
    some.every((one, i) => {
      const { colour, lit, member, rows, size } = others[i];
      return one.colour === colour && one.lit === lit && one.member === member && equal(one.rows, rows) && equal(one.size, size);
    })
  );
}

