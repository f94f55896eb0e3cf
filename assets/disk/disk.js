/**
 * The Poincaré disk, behind one small interface. Needs disk/disk.css; knows nothing of the page around it.
 *
 *   const disk = createDisk(element, { plotly: window.Plotly, onPick, onLasso, thumbUrl, describe, … });
 *   await disk.load(url);
 *
 * @typedef {{angle: number, radius: number}} Polar   radians and true distance to the root
 * @typedef {{angle: number, radius: number, label?: string, thumb?: string}} Extra
 * @typedef {{row?: number|null, polar?: Polar|null, members?: import("../shared/bitset.js").Bits|Iterable<number>, children?: number[],
 *   parents?: number[], path?: number[], edges?: number[][], query?: object|null}} Selection   rows of the data set; `query`
 *   is what `focus` asks the server about, without it the selection is shown in the overview
 * @typedef {{row?: number|null, polar?: Polar|null, omega: number}} Pin
 * @typedef {{centre?: number[], zoom?: number}} View   the disk point in the middle, and a zoom >= 1
 * @typedef {{polygon: number[][], view: View, how: "replace"|"add"|"subtract"}} Drawn   a lasso or box, in the view frame of disk/math.js
 * @typedef {Object} Options
 * @property {import("./plotly.js").Plotly|null|undefined} plotly  the Plotly object; null draws on a 2-D canvas instead
 * @property {(row: number) => void} [onPick]        a click on a point
 * @property {(row: number) => void} [onToggle]      a click with Shift, or Enter on the selected point
 * @property {(rows: Uint32Array, drawn: Drawn) => void} [onLasso]   points inside a lasso or box
 * @property {(index: number) => void} [onPickExtra] a click on an extra mark
 * @property {(row: number|null) => void} [onHover]  when the card opens, null when it closes
 * @property {() => void} [onBackground]             a click on nothing
 * @property {(step: "parent"|"child"|"sibling+"|"sibling-") => void} [onStep]  arrow keys: up, down, right, left
 * @property {(view: View) => void} [onView]         after the view has come to rest
 * @property {(text: string) => void} [announce]     words for a screen reader; default: a live region of its own
 * @property {(row: number) => string} [thumbUrl]    picture of an item; none: no pictures
 * @property {import("./focus.js").Ask|null} [focus] asks the server for the layout around a selection, see disk/focus.js
 * @property {boolean} [scored]                      whether what the layout keeps is said elsewhere, so that the caption need not
 * @property {(row: number) => string} [describe]    last line of the hover card; default: the image's name
 */
import { isRow } from "../shared/bitset.js";
import { el, painted } from "../shared/dom.js";
import { Card } from "./card.js";
import { toSVG } from "./export.js";
import { Focus } from "./focus.js";
import { Gestures } from "./gestures.js";
import { Legend } from "./legend.js";
import * as M from "./math.js";
import { Moves } from "./moves.js";
import { buildNodes } from "./nodes.js";
import { Painter } from "./paint.js";
import { hasWebGL } from "./plotly.js";
import { scaleNote, setScale } from "./scale.js";
import { stateOf } from "./state.js";
import { watchSize, watchTheme } from "./watch.js";
import { captionOf, nameOf, wordsOf } from "./words.js";

export class Disk {
  /** @param {HTMLElement} node @param {Options} options */
  constructor(node, options) {
    this.options = options;
    this.root = node;
    this.loads = 0;
    this.clean = new AbortController(); // ends every listener at once
    this.el = buildNodes(node);
    const plotly = options.plotly && hasWebGL() ? options.plotly : null;
    this.slow = Boolean(options.plotly && !plotly);
    this.paint = new Painter(this.el.stage, { plotly, thumbUrl: options.thumbUrl, coneName: this.el.aside });
    this.look = this.paint.look;
    this.card = new Card(this.paint, this.el.card, options, (row) => this.words(row));
    this.legend = new Legend(this.paint, this.el.legend, () => this.paint.rebuild());
    this.moves = new Moves(this);
    this.focus = new Focus(this, options.focus);
    this.gestures = new Gestures(this, this.clean.signal);
    this.resizer = watchSize(this);
    this.themes = watchTheme(this);
  }

  /* ------------------------------------------------------------ points */

  /** Fetch a payload and draw it, see `setPoints`. @param {string} url @returns {Promise<boolean>} false when a later load has overtaken it */
  async load(url, { keep = false } = {}) {
    const turn = ++this.loads;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const buffer = await answer.arrayBuffer();
      if (turn !== this.loads) return false;
      await this.setPoints(buffer, { keep });
      return true;
    } catch (error) {
      if (turn !== this.loads) return false;
      this.say(`The disk could not be loaded: ${/** @type {Error} */ (error).message}`);
      throw error;
    }
  }

  /**
   * Draw a payload; resolves when it is on the screen. One with the same points as before glides there (another
   * layout, training) and keeps the view. `keep` keeps the selection too; it belongs to the same embedding then.
   * @param {ArrayBuffer} buffer
   */
  async setPoints(buffer, { keep = false } = {}) {
    const data = M.decode(buffer);
    const { paint, look } = this;
    const before = paint.n === data.header.n ? [paint.zx, paint.zy] : null;
    this.moves.stop("data");
    this.card.hide();
    paint.adopt(data);
    this.focus.show();
    look.highlight = null;
    if (!keep) Object.assign(look, { selection: null, set: null, common: null, pins: [], edges: [] });
    if (!before) paint.view = { centre: [0, 0], zoom: 1 };
    this.legend.write();
    this.writeCaption();
    this.el.note.hidden = true;
    if (this.slow) this.say("WebGL is not available: drawn on a canvas, slower and with fewer points.", true);
    if (before) await this.moves.glide(before);
    else await paint.rebuild();
    await painted();
  }

  /** Draw further points of the same layout beside those at hand. @param {ArrayBuffer} buffer */
  async addPoints(buffer) {
    this.paint.append(M.decode(buffer));
    this.legend.write();
    this.writeCaption();
    this.focus.soon();
    await this.paint.rebuild();
  }

  writeCaption() {
    const parts = [...captionOf(this.paint, this.options.scored).map((part) => el("span", "", part)), ...scaleNote(this)];
    this.el.caption.replaceChildren(...parts.flatMap((part, i) => [i ? " · " : "", part]));
  }

  /* ------------------------------------------------------------ what the page asks for */

  /** Change the look and draw anew. @param {Partial<import("./types.js").Look>} changes */
  async restyle(changes) {
    Object.assign(this.look, changes);
    if (this.paint.n) await this.paint.rebuild();
  }

  /** Light one selection and dim the rest; null ends it. @param {Selection|null} selection */
  async setSelection(selection) {
    Object.assign(this.look, { selection, highlight: null });
    const drawn = this.paint.n && this.focus.follow(selection);
    this.legend.write();
    const row = selection?.row;
    if (isRow(row) && this.paint.indexOf(row) >= 0) this.announce(this.words(row).join(", "));
    await drawn;
  }

  /** Light a set of rows instead of the selection's cone; null ends it. @param {import("../shared/bitset.js").Bits|null} set */
  async setSet(set) {
    await this.restyle({ set, highlight: null });
    this.legend.write();
  }

  /** Cones that stay, and the rows inside all cones, which are lit. @param {Pin[]} pins @param {import("../shared/bitset.js").Bits|null} common */
  setPins(pins, common = null) {
    return this.restyle({ pins, common });
  }

  /** Parent → child pairs drawn beside those of the selection. @param {number[][]} edges */
  setEdges(edges) {
    this.look.edges = edges;
    if (!this.paint.ready) return;
    this.paint.prepareEdges();
    this.paint.edges.draw();
  }

  /** Thumbnails of the most telling items; without them only the path to the root has pictures. @param {boolean} pictures */
  setPictures(pictures) {
    this.look.pictures = Boolean(pictures);
    if (this.paint.ready) this.paint.thumbs.adopt();
  }

  /** Half-angle of the drawn cone in radians, null for none; cheap enough for a slider. @param {number|null} omega */
  setOmega(omega) {
    this.look.omega = typeof omega === "number" ? Math.min(Math.PI, Math.max(0, omega)) : null;
    this.paint.lines.drawCone();
  }

  /** Own queries as diamonds. @param {Extra[]} extra */
  setExtra(extra) {
    this.look.extra = extra || [];
    this.paint.lines.drawExtra();
  }

  /** @param {string} by one of `colourModes` (disk/colours.js) */
  async setColour(by) {
    await this.restyle({ colourBy: by, highlight: null });
    this.legend.write();
  }

  /** @param {View} view @param {{animate?: boolean}} [options] @returns {Promise<void>} */
  setView(view, options) {
    return this.moves.setView(view, options);
  }

  /** The overview, the root in the middle, the whole disk in sight. */
  home() {
    return Promise.all([this.focus.leave(), this.moves.setView({}, { animate: true })]);
  }

  /** Glide to the layout around the selection, now and at every selection to come; or stay in the overview. @param {boolean} on */
  setFocus(on) {
    return this.focus.turnOn(on);
  }

  /** Bring a row to the middle. @param {number} row */
  centreOn(row) {
    return this.moves.centreOn(row);
  }

  /* ------------------------------------------------------------ what it gives back */

  /** Page pixels of a row as drawn now. @param {number} row */
  pixelOf(row) {
    const box = this.el.stage.getBoundingClientRect();
    const [x, y] = this.paint.spotOf(this.paint.indexOf(row));
    const scale = box.width / this.paint.size;
    return { x: box.left + x * scale, y: box.top + y * scale };
  }

  /** The outline of the selection's cone as drawn: corners [x, y] in the disk frame; null without one around a selection. */
  outline() {
    const corners = this.paint.focus?.outline.map(({ angle, drawn }) => [drawn * Math.cos(angle), drawn * Math.sin(angle)]);
    return corners || null;
  }

  /** How the points are placed, for questions to the server about regions. @returns {{scale: string, focus: {query: unknown, at: number}|null}} */
  frame() {
    const { focus, scaleName } = this.paint;
    return { scale: scaleName, focus: focus && { query: focus.query, at: focus.at } };
  }

  /** Draw the radii by the scale that follows their quantiles, or in proportion. @param {"stretched"|"linear"} name */
  setScale(name) {
    return setScale(this, name);
  }

  /** The present picture as a standalone SVG, without thumbnails. */
  toSVG() {
    return toSVG(this.paint);
  }

  /** What is drawn, for tests and for saved views, see disk/state.js. */
  state() {
    return stateOf(this);
  }

  destroy() {
    this.clean.abort();
    this.loads++;
    this.moves.destroy();
    this.card.hide();
    this.resizer.disconnect();
    this.themes.disconnect();
    this.paint.destroy();
    this.root.replaceChildren();
    this.root.classList.remove("hypviz-disk");
  }

  /* ------------------------------------------------------------ words */

  /** Lines of the hover card, see disk/words.js. @param {number} row */
  words(row) {
    return wordsOf(this.paint, row, this.options.describe);
  }

  /** The label of an item in words. @param {number} row */
  nameOf(row) {
    return nameOf(this.paint, row);
  }

  /** @param {string} text */
  say(text, quiet = false) {
    this.el.note.hidden = false;
    this.el.note.textContent = text;
    this.el.note.classList.toggle("is-quiet", quiet);
  }

  /** Say something to a screen reader. @param {string} text */
  announce(text) {
    if (this.options.announce) this.options.announce(text);
    else this.el.live.textContent = text;
  }
}

/** @param {HTMLElement} node @param {Options} options @returns {Disk} */
export const createDisk = (node, options) => new Disk(node, options);
