/**
 * Painting the disk: what is on the screen, given data, a view and a look. No events, no words, no loading.
 *
 * The layers share one square stage, from below: SVG lines, the edges on a canvas, the points (disk/points.js),
 * thumbnails, SVG marks. Frames (see disk/math.js): polar → disk → view → stage, where stage means pixels from the
 * stage's upper left corner. An *index* counts the points at hand, a *row* the items of the data set; they are the
 * same unless the payload is a sample, which then says the row of each of its points.
 *
 * @typedef {import("./types.js").Drawn} Drawn
 * @typedef {import("./types.js").FocusLayout} FocusLayout
 * @typedef {import("./types.js").Look} Look
 * @typedef {import("./types.js").Spot} Spot
 */
import { Edges } from "./edges.js";
import { Lines } from "./lines.js";
import * as M from "./math.js";
import { Points } from "./points.js";
import { PointTable, unset } from "./table.js";
import { Thumbs } from "./thumbs.js";

const MOST = 80000; // points held at once
const PAD = 1.035; // half the stage's width, in disk radii, at zoom 1

export class Painter extends PointTable {
  /**
   * @param {HTMLElement} stage with children .hd-under, .hd-edges, .hd-plot, .hd-thumbs, .hd-over
   * @param {{plotly: import("./plotly.js").Plotly|null, thumbUrl?: (row: number) => string, coneName?: HTMLElement}} options plotly null
   *   draws on a canvas; coneName says which cone is drawn where the stage has no room for it
   */
  constructor(stage, { plotly, thumbUrl, coneName }) {
    super();
    this.stage = stage;
    this.coneName = coneName;
    this.view = { centre: [0, 0], zoom: 1 };
    /** @type {Look} */
    this.look = {
      selection: null, set: null, common: null, pins: [], extra: [], edges: [], omega: null, colourBy: "branch",
      highlight: null, hovered: null, pictures: false, theme: "light",
    }; // prettier-ignore
    /** @type {FocusLayout|null} */
    this.focus = null;
    /** @type {string[]} names of what the payload brought */
    this.columns = [];
    this.first = /** @type {M.Payload} */ (unset());
    /** @type {M.Payload[]} */
    this.later = [];
    /** @type {"stretched"|"linear"} */
    this.scaleName = "stretched";
    this.size = this.half = this.px = this.pending = 0; // of the stage, of half of it, of a disk radius; the frame asked for
    /** @type {Promise<void>|null} */
    this.queued = null;
    /** @template {Element} T @param {string} name @returns {T} */
    const find = (name) => /** @type {T} */ (stage.querySelector(`.hd-${name}`));
    /** @type {SVGElement[]} */
    this.layers = [find("under"), find("over")];
    this.points = new Points(this, find("plot"), plotly);
    this.lines = new Lines(this, this.layers[0], this.layers[1]);
    this.edges = new Edges(this, find("edges"));
    this.thumbs = new Thumbs(this, find("thumbs"), thumbUrl);
  }

  /** Take over a decoded payload; drawn by the next `rebuild`. @param {M.Payload} data */
  adopt(data) {
    this.first = data;
    this.later = [];
    this.focus = null;
    this.take(data);
  }

  /** Take further points of the same layout; what came first stays, the oldest of the rest leaves when it is too much. @param {M.Payload} data */
  append(data) {
    this.later.push(data);
    while (this.later.length > 1 && this.first.header.n + this.later.reduce((sum, one) => sum + one.header.n, 0) > MOST) this.later.shift();
    this.take(M.merge([this.first, ...this.later]));
  }

  /** @param {M.Payload} payload */
  take({ header, arrays }) {
    const former = this.focus && new Map(Array.from(this.row ?? [], (row, i) => [row, this.angle[i]]));
    for (const name of this.columns) Reflect.deleteProperty(this, name);
    this.columns = Object.keys(arrays);
    Object.assign(this, arrays, { header, n: header.n, space: { curv: header.curv, geometry: header.geometry }, overview: arrays.angle, sent: arrays.drawn });
    this.places = this.row ? new Map(Array.from(this.row, (row, i) => [row, i])) : null;
    for (const name of /** @type {const} */ (["zx", "zy"])) this[name] = new Float64Array(this.n); // disk frame
    for (const name of /** @type {const} */ (["vx", "vy"])) this[name] = new Float64Array(this.n); // view frame times zoom: where it is on the screen
    this.stretch();
    this.turn(former ? Float64Array.from(this.row ?? [], (row, i) => former.get(row) ?? arrays.angle[i]) : arrays.angle);
    this.points.adopt();
  }

  /** Draw the radii by the scale in use: the one that follows the quantiles, or the plain one. */
  stretch() {
    const { header } = this;
    const linear = this.scaleName === "linear" ? header.linear : undefined;
    this.scale = new M.Scale((linear ?? header).scale);
    this.rings = (linear ?? header).rings;
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

  /**
   * The places around a selection, see disk/focus.js. The answer names the points by ascending row.
   * @param {Omit<FocusLayout, "outline"> & {arrays: import("./focus.js").Arrays}} layout
   */
  gather({ arrays, at, ...focus }) {
    const { row } = this;
    const order = row && Array.from(row.keys()).sort((a, b) => row[a] - row[b]);
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

  /* ------------------------------------------------------------ drawing */

  /**
   * Everything anew, once for all changes of this turn: a load, a selection, a size, colours. Not while dragging.
   * @returns {Promise<void>}
   */
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

  /** view frame × zoom → stage @param {number} x @param {number} y */
  toStage(x, y) {
    return [this.half + x * this.px, this.half - y * this.px];
  }

  /** Stage position of a point. @param {number} index */
  spotOf(index) {
    return this.toStage(this.vx[index], this.vy[index]);
  }

  /** @param {M.Polar} place */
  polarToStage({ angle, radius }) {
    const [x, y] = M.translate(this.scale.disk(angle, radius), this.view.centre);
    return this.toStage(x * this.view.zoom, y * this.view.zoom);
  }

  /** stage → view frame, zoom undone @param {number[]} spot */
  toView([px, py]) {
    return [(px - this.half) / this.px / this.view.zoom, (this.half - py) / this.px / this.view.zoom];
  }

  /** disk frame, as angle and drawn radius → stage @param {Drawn} place */
  drawnToStage({ angle, drawn }) {
    const [x, y] = M.translate([drawn * Math.cos(angle), drawn * Math.sin(angle)], this.view.centre);
    return this.toStage(x * this.view.zoom, y * this.view.zoom);
  }

  /* ------------------------------------------------------------ what lies where */

  /** Stage position of what a `find` gave. */
  placeOf(/** @type {Spot} */ spot) {
    return spot.extra ? this.polarToStage(spot.extra) : this.spotOf(spot.index);
  }

  /**
   * What lies at a stage position: an own mark, a thumbnail, else the nearest point within `reach` pixels.
   * @param {number[]} spot @param {number} reach px @returns {Spot|null} null for nothing
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

  /** @param {number[]} spot @param {number} reach */
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

