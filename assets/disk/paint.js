/**
 * Painting the disk: what is on the screen, given data, a view and a look. No events, no words, no loading.
 *
 * The layers share one square stage, from below: SVG lines, the edges on a canvas, the points (disk/points.js),
 * thumbnails, SVG marks. Frames (see disk/math.js): polar → disk → view → stage, where stage means pixels from the
 * stage's upper left corner. An *index* counts the points at hand, a *row* the items of the data set; they are the
 * same unless the payload is a sample, which then says the row of each of its points.
 */
import { isRow } from "../shared/bitset.js";
import { Edges } from "./edges.js";
import { Lines } from "./lines.js";
import * as M from "./math.js";
import { Points } from "./points.js";
import { Thumbs } from "./thumbs.js";

const MOST = 80000; // points held at once
const PAD = 1.035; // half the stage's width, in disk radii, at zoom 1

export class Painter {
  /**
   * @param {HTMLElement} stage with children .hd-under, .hd-edges, .hd-plot, .hd-thumbs, .hd-over
   * @param {{plotly: Object|null, thumbUrl?: (row: number) => string}} options plotly null draws on a canvas
   */
  constructor(stage, { plotly, thumbUrl }) {
    this.stage = stage;
    this.view = { centre: [0, 0], zoom: 1 };
    /** @type {any} what is asked to be seen: everything of a look that is not the points' places */
    this.look = {
      selection: null, set: null, common: null, pins: [], extra: [], edges: [], omega: null, colourBy: "branch",
      highlight: null, hovered: null, pictures: false, theme: "light",
    }; // prettier-ignore
    this.n = 0;
    /** @type {any} */
    this.focus = null; // the places around a selection, see `gather`
    // What a payload brings, see `take`: its header and its columns, one value a point.
    /** @type {any} */
    this.angle = undefined;
    this.header = this.row = this.radius = this.depth = this.label = this.image = this.space = this.overview = this.sent = undefined;
    this.zx = this.zy = this.vx = this.vy = undefined; // where the points are, in the disk frame, and in the view frame times zoom
    this.scaleName = "stretched";
    /** @type {(name: string) => any} */
    const find = (name) => stage.querySelector(`.hd-${name}`);
    this.layers = [find("under"), find("over")];
    this.points = new Points(this, find("plot"), plotly);
    this.lines = new Lines(this, this.layers[0], this.layers[1]);
    this.edges = new Edges(this, find("edges"));
    this.thumbs = new Thumbs(this, find("thumbs"), thumbUrl);
  }

  /** Take over a decoded payload; drawn by the next `rebuild`. */
  adopt(data) {
    this.first = data;
    this.later = [];
    this.focus = null;
    this.take(data);
  }

  /** Take further points of the same layout; what came first stays, the oldest of the rest leaves when it is too much. */
  append(data) {
    this.later.push(data);
    while (this.later.length > 1 && this.first.header.n + this.later.reduce((sum, one) => sum + one.header.n, 0) > MOST) this.later.shift();
    this.take(M.merge([this.first, ...this.later]));
  }

  take({ header, arrays }) {
    const former = this.focus && new Map(Array.from(this.row, (row, i) => [row, this.angle[i]]));
    for (const name of this.columns || []) delete this[name];
    this.columns = Object.keys(arrays);
    Object.assign(this, arrays, { header, n: header.n, space: { curv: header.curv, geometry: header.geometry }, overview: arrays.angle, sent: arrays.drawn });
    this.places = this.row ? new Map(Array.from(this.row, (row, i) => [row, i])) : null;
    for (const name of ["zx", "zy"]) this[name] = new Float64Array(this.n); // disk frame
    for (const name of ["vx", "vy"]) this[name] = new Float64Array(this.n); // view frame times zoom: where it is on the screen
    this.stretch();
    this.turn(former ? Float64Array.from(this.row, (row, i) => former.get(row) ?? arrays.angle[i]) : arrays.angle);
    this.points.adopt();
  }

  /** Draw the radii by the scale in use: the one that follows the quantiles, or the plain one. */
  stretch() {
    const { header } = this;
    const linear = this.scaleName === "linear" && header.linear;
    this.scale = new M.Scale(linear ? header.linear.scale : header.scale);
    this.rings = linear ? header.linear.rings : header.rings;
    this.drawn = linear ? Float32Array.from(this.radius, (radius) => this.scale.drawn(radius)) : this.sent;
    this.plain = this.drawn;
    this.lines.adopt(this);
  }

  /** Put every point at an angle; its radius stays. @param {ArrayLike<number>} angle one per point */
  turn(angle) {
    this.angle = angle;
    const { zx, zy, drawn } = this;
    for (let i = 0; i < this.n; i++) {
      zx[i] = drawn[i] * Math.cos(angle[i]);
      zy[i] = drawn[i] * Math.sin(angle[i]);
    }
  }

  /** The places around a selection, see disk/focus.js. The answer names the points by ascending row. */
  gather({ arrays, at, ...focus }) {
    const order = this.places && Array.from(this.row.keys()).sort((a, b) => this.row[a] - this.row[b]);
    const angle = new Float64Array(this.n);
    this.drawn = Float32Array.from(this.plain);
    for (let k = 0; k < this.n; k++) {
      const i = order ? order[k] : k;
      angle[i] = at + arrays.angle[k];
      this.drawn[i] = arrays.drawn[k];
    }
    const outline = Array.from(arrays.outline_angle, (turned, k) => ({ angle: at + turned, drawn: arrays.outline_drawn[k] }));
    this.focus = { ...focus, at, outline };
    this.turn(angle);
  }

  /** Back to the places of the overview. */
  scatter() {
    this.focus = null;
    this.drawn = this.plain;
    this.turn(this.overview);
  }

  /** The index of a row, −1 when it is not among the points. */
  indexOf(row) {
    if (!isRow(row)) return -1;
    if (this.places) return this.places.get(row) ?? -1;
    return row < this.n ? row : -1;
  }

  rowAt(index) {
    return this.places ? this.row[index] : index;
  }

  /* ------------------------------------------------------------ drawing */

  /** Everything anew, once for all changes of this turn: a load, a selection, a size, colours. Not while dragging. */
  rebuild() {
    this.queued ||= Promise.resolve().then(() => {
      this.queued = null;
      return this.renew();
    });
    return (this.building = this.queued);
  }

  async renew() {
    if (!this.n || !this.measure()) return;
    this.project();
    await this.points.draw();
    this.prepareEdges();
    this.drawAround();
    this.thumbs.adopt();
  }

  prepareEdges() {
    this.edges.prepare([...(this.look.selection?.edges || []), ...this.look.edges]);
  }

  /** Ask for one frame; any number of calls before it give one. */
  refresh() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => this.frame());
  }

  /**
   * Draw everything at the present view, now.
   * @param {boolean} gliding only points are on their way: what is drawn by view and selection alone stays as it is. A browser
   *   without a graphics card takes ten times as long for those lines and labels as for 5,000 points
   */
  frame(gliding = false) {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
    if (!this.ready) return;
    this.project();
    this.points.push();
    if (gliding) this.lines.drawGliding();
    else this.drawAround();
    this.thumbs.place();
  }

  drawAround() {
    this.lines.draw();
    this.edges.draw();
  }

  get ready() {
    return Boolean(this.n && this.size && this.points.groups.length);
  }

  measure() {
    const size = Math.round(this.stage.clientWidth);
    this.size = size;
    if (!size) return false; // hidden: the resize observer calls again when it shows
    this.half = size / 2;
    this.px = this.half / PAD;
    for (const layer of this.layers) layer.setAttribute("viewBox", `0 0 ${size} ${size}`);
    return true;
  }

  /* ------------------------------------------------------------ frames and coordinates */

  /** Disk frame → view frame for every point. */
  project() {
    const { centre: [ax, ay], zoom } = this.view;
    const { zx, zy, vx, vy } = this;
    for (let i = 0; i < this.n; i++) {
      const re = 1 - ax * zx[i] - ay * zy[i];
      const im = ay * zx[i] - ax * zy[i];
      const dx = zx[i] - ax;
      const dy = zy[i] - ay;
      const scale = zoom / (re * re + im * im);
      vx[i] = (dx * re + dy * im) * scale;
      vy[i] = (dy * re - dx * im) * scale;
    }
  }

  /** view frame × zoom → stage */
  toStage(x, y) {
    return [this.half + x * this.px, this.half - y * this.px];
  }

  /** Stage position of a point. */
  spotOf(index) {
    return this.toStage(this.vx[index], this.vy[index]);
  }

  polarToStage({ angle, radius }) {
    const [x, y] = M.translate(this.scale.disk(angle, radius), this.view.centre);
    return this.toStage(x * this.view.zoom, y * this.view.zoom);
  }

  /** stage → view frame, zoom undone @param {number[]} spot */
  toView([px, py]) {
    return [(px - this.half) / this.px / this.view.zoom, (this.half - py) / this.px / this.view.zoom];
  }

  /** disk frame, as angle and drawn radius → stage */
  drawnToStage({ angle, drawn }) {
    const [x, y] = M.translate([drawn * Math.cos(angle), drawn * Math.sin(angle)], this.view.centre);
    return this.toStage(x * this.view.zoom, y * this.view.zoom);
  }

  polarOf(index) {
    return { angle: this.angle[index], radius: this.radius[index] };
  }

  polarOfRow(row) {
    const index = this.indexOf(row);
    return index < 0 ? null : this.polarOf(index);
  }

  /* ------------------------------------------------------------ what lies where */

  /** Stage position of what a `find` gave. */
  placeOf({ extra, index }) {
    return extra ? this.polarToStage(extra) : this.spotOf(index);
  }

  /**
   * What lies at a stage position: an own mark, a thumbnail, else the nearest point within `reach` pixels.
   * @returns {any} {extra, at} for an own mark, {index, row} for an item, null for nothing
   */
  find(spot, reach) {
    if (!this.ready) return null;
    const at = this.look.extra.findIndex((extra) => {
      const [x, y] = this.polarToStage(extra);
      return Math.hypot(x - spot[0], y - spot[1]) <= reach;
    });
    if (at >= 0) return { extra: this.look.extra[at], at };
    const index = this.nearest(spot, reach);
    return index < 0 ? null : { index, row: this.rowAt(index) };
  }

  nearest(spot, reach) {
    const pictured = this.thumbs.hit(spot);
    if (pictured >= 0) return pictured;
    return this.points.nearest((spot[0] - this.half) / this.px, (this.half - spot[1]) / this.px, reach / this.px);
  }

  destroy() {
    cancelAnimationFrame(this.pending);
    this.n = 0;
    this.thumbs.destroy();
    this.points.destroy();
  }
}

