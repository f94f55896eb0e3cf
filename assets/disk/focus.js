/**
 * The focus layout: everything as seen from the selected place, whose cone and distances are then drawn exactly.
 *
 * The server says at which angle from the selection each point goes, and the outline of the cone through the same scale
 * (hypviz/viz/focus.py). The selection stays where it is; the points glide to their places along circles about the root, so
 * that each one's distance to the root is true at every moment. Until the server has answered for a new ω, the cone is
 * drawn through the scale at hand.
 *
 * @typedef {import("./disk.js").Selection} Selection
 * @typedef {{angle: Float32Array, drawn: Float32Array, outline_angle: ArrayLike<number>, outline_drawn: ArrayLike<number>}} Arrays   of hypviz/viz/focus.py
 * @typedef {{scale: M.Table, ticks: number[], rings: number[], edge: number, min_radius?: number|null}} Header
 * @typedef {{header: Header, arrays: Arrays}} Answer
 * @typedef {{query: Selection["query"], omega: number, rows: string|null, scale: "stretched"|"linear"}} Question   rows: of the points at hand, in a sample
 * @typedef {(question: Question) => Promise<ArrayBuffer|Answer>} Ask   the server, or a page that knows
 */
import { Bits } from "../shared/bitset.js";
import * as M from "./math.js";

const PATIENCE_MS = 160; // after so long the selection is lit where it is, and the glide follows
const AGAIN_MS = 60; // points that came later find their places after this
const TURN = 2 * Math.PI;

export class Focus {
  /** @param {import("./disk.js").Disk} disk @param {Ask|null} [ask] none: overviews only */
  constructor(disk, ask) {
    this.disk = disk;
    this.paint = disk.paint;
    this.ask = ask;
    this.on = Boolean(ask);
    this.asked = 0;
    this.last = "";
    /** @type {Promise<void>} */
    this.busy = Promise.resolve();
    this.button = /** @type {HTMLElement} */ (disk.el.tools.querySelector("[data-tool=focus]"));
    this.button.hidden = !ask;
    this.show();
  }

  /**
   * Go where the selection leads: around it, when it is a new one or the present one is about it; else stay.
   * @param {Selection|null} selection @returns {Promise<void>}
   */
  follow(selection) {
    this.selection = selection;
    const name = selection?.query ? JSON.stringify(selection.query) : "";
    const wanted = this.on && name && (name !== this.last || this.paint.focus);
    this.last = name;
    if (wanted) return (this.busy = this.enter(/** @type {Selection} */ (selection)));
    if (!name && this.paint.focus) return this.leave();
    return this.paint.rebuild();
  }

  /** @param {Selection} selection with the `query` that the server knows it by @returns {Promise<void>} */
  async enter(selection) {
    const turn = ++this.asked;
    clearTimeout(this.again);
    const { paint } = this;
    const place = this.placeOf(selection);
    const asking = this.fetch(selection.query, paint.look.omega ?? Math.PI / 2);
    const late = await Promise.race([asking.then(() => false, () => false), wait(PATIENCE_MS).then(() => true)]);
    if (late) await paint.rebuild();
    const found = await asking.catch((error) => void this.disk.say(`The layout around the selection is not there: ${error.message}`, true));
    if (!found) return paint.rebuild();
    if (turn !== this.asked || !paint.n) return;
    if (found.arrays.angle.length !== paint.n) return this.enter(selection); // points came meanwhile
    const former = paint.angle;
    const same = paint.focus && paint.focus.name === this.last;
    paint.gather({ ...place, name: this.last, query: selection.query, ...found });
    this.show();
    await (same ? paint.rebuild() : this.disk.moves.turn(former));
  }

  /** Back to the overview. @returns {Promise<void>} */
  leave() {
    this.asked++;
    clearTimeout(this.again);
    const former = this.paint.angle;
    if (!this.paint.focus) return Promise.resolve();
    this.paint.scatter();
    this.show();
    return (this.busy = this.disk.moves.turn(former));
  }

  /** Follow selections or leave them where the overview has them. @param {boolean} on @returns {Promise<void>} */
  turnOn(on) {
    this.on = on && Boolean(this.ask);
    if (!this.on) return this.leave();
    return this.selection?.query && !this.paint.focus ? (this.busy = this.enter(this.selection)) : Promise.resolve();
  }

  /** Points have been added: they find their places unless another selection comes first. */
  soon() {
    clearTimeout(this.again);
    if (this.paint.focus) this.again = setTimeout(() => this.selection && (this.busy = this.enter(this.selection)), AGAIN_MS);
  }

  /** Where the selection stays: at the angle it is drawn at now. */
  placeOf(/** @type {Selection} */ { row, polar, query }) {
    const { paint } = this;
    const here = paint.focus && paint.focus.name === JSON.stringify(query) ? paint.focus : null;
    const drawn = paint.polarOfRow(row) || polar || { angle: 0, radius: 0 };
    const at = here ? here.at : ((drawn.angle % TURN) + TURN) % TURN;
    return { at, radius: polar ? polar.radius : drawn.radius };
  }

  /** @param {Selection["query"]} query @param {number} omega */
  async fetch(query, omega) {
    const { paint } = this;
    const rows = paint.row ? Bits.of(paint.row, paint.header.total).encode() : null;
    const answer = await /** @type {Ask} */ (this.ask)({ query, omega, rows, scale: paint.scaleName });
    const { header, arrays } = answer instanceof ArrayBuffer ? /** @type {Answer} */ (M.decode(answer)) : answer; // a page without a server decodes nothing
    /** @param {number} theta */
    const scale = (theta) => M.interpolate(theta, header.scale.true, header.scale.drawn);
    return { omega, scale, ticks: header.ticks, rings: header.rings, edge: header.edge, least: header.min_radius ?? 0, arrays };
  }

  /** The button and the caption say which it is. */
  show() {
    this.button.setAttribute("aria-pressed", String(Boolean(this.paint.focus)));
    if (this.paint.n) this.disk.writeCaption();
  }
}

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

