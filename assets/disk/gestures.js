/**
 * Hands on the disk: mouse, wheel, fingers and keys. A drag moves the disk under the hand as a pure Möbius translation;
 * with Shift, or with the box or lasso tool, it draws round points instead.
 *
 * @typedef {"move"|"lasso"|"box"} Tool
 * @typedef {{shape: Tool, spots: number[][]}} Outline   what is being drawn, on the stage
 * @typedef {{under: M.Point, start: number[], apart: number, zoom: number, outside: boolean}} Grip   what lies under the fingers
 * @typedef {"parent"|"child"|"sibling+"|"sibling-"} Step
 */
import { isRow } from "../shared/bitset.js";
import * as M from "./math.js";

const PICK_PX = 14;
const TOUCH_PICK_PX = 22;
const CLICK_PX = 4; // a press that moved less is a click
export const MAX_ZOOM = 60;
const EDGE = 0.985; // pans keep this distance from the rim, where a translation degenerates
/** @type {Record<string, Step>} */
const STEPS = { ArrowUp: "parent", ArrowDown: "child", ArrowRight: "sibling+", ArrowLeft: "sibling-" };

/** What an event happened on. @param {Event} event */
const nodeOf = (event) => /** @type {Element} */ (event.target);

export class Gestures {
  /** @param {import("./disk.js").Disk} disk @param {AbortSignal} signal ends all listening */
  constructor(disk, signal) {
    const { stage, tools } = disk.el;
    this.disk = disk;
    this.paint = disk.paint;
    this.stage = stage;
    /** @type {Map<number, number[]>} */
    this.fingers = new Map();
    /** @type {Tool} */
    this.tool = "move";
    /** @type {Outline|null} */
    this.outline = null;
    this.moved = 0; // px, since the press
    /** @type {import("./types.js").Spot|null} what was under the pointer when it was pressed */
    this.aim = null;
    /** @type {Grip} */
    this.grip = { under: [0, 0], start: [0, 0], apart: 0, zoom: 1, outside: true };
    /**
     * @template {keyof HTMLElementEventMap} K @param {HTMLElement} target @param {K} type
     * @param {(event: HTMLElementEventMap[K]) => unknown} handler @param {AddEventListenerOptions} [options]
     */
    const on = (target, type, handler, options = {}) => target.addEventListener(type, handler, { signal, ...options });
    on(stage, "pointerdown", (event) => this.press(event));
    on(stage, "pointermove", (event) => this.move(event));
    on(stage, "pointerup", (event) => this.release(event, true));
    on(stage, "pointercancel", (event) => this.release(event, false));
    on(stage, "pointerleave", () => disk.card.hover(null));
    on(stage, "wheel", (event) => this.wheel(event), { passive: false });
    on(stage, "dblclick", (event) => this.doubleClick(event));
    on(disk.root, "keydown", (event) => this.key(event));
    on(tools, "click", (event) => {
      const tool = /** @type {HTMLElement|null} */ (nodeOf(event).closest("[data-tool]"))?.dataset.tool;
      if (tool === "home") disk.home();
      else if (tool === "focus") disk.setFocus(!disk.paint.focus);
      else if (tool) this.choose(tool === this.tool ? "move" : /** @type {Tool} */ (tool));
    });
  }

  /** @param {Tool} tool what a drag does from now on */
  choose(tool) {
    this.tool = tool;
    this.stage.classList.toggle("is-drawing", tool !== "move");
    /** @type {NodeListOf<HTMLElement>} */
    const nodes = this.disk.el.tools.querySelectorAll("[aria-pressed]:not([data-tool=focus])");
    for (const node of nodes) {
      node.setAttribute("aria-pressed", String(node.dataset.tool === tool));
    }
    if (tool !== "move") this.disk.announce(`${tool === "box" ? "Box" : "Lasso"}: drag round the points to select them; Escape ends it.`);
  }

  /** Event → stage pixels, also when the page is scaled by CSS. @param {MouseEvent} event */
  at(event) {
    const box = this.stage.getBoundingClientRect();
    const scale = (this.paint.size || 1) / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (!this.paint.ready || event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.disk.moves.stop("view"); // a gesture ends a running turn
    this.fingers.set(event.pointerId, this.at(event));
    this.moved = this.fingers.size > 1 ? Infinity : 0;
    const shape = this.tool !== "move" ? this.tool : event.shiftKey ? "box" : null;
    this.outline = shape && this.fingers.size === 1 ? { shape, spots: [this.at(event)] } : null;
    this.aim = this.paint.find(this.at(event), event.pointerType === "touch" ? TOUCH_PICK_PX : PICK_PX); // what was seen there: it may glide away
    this.grab();
  }

  /** Remember what lies under the fingers, so that the disk can follow them. */
  grab() {
    const spots = [...this.fingers.values()];
    if (!spots.length) return;
    const start = mean(spots);
    const here = this.paint.toView(start);
    const under = M.untranslate(insideDisk(here, 0.999), this.paint.view.centre);
    this.grip = { under, start, apart: apart(spots), zoom: this.paint.view.zoom, outside: Math.hypot(...here) > 1 };
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.paint.ready) return;
    const spot = this.at(event);
    if (!this.fingers.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.disk.card.hover(this.paint.find(spot, PICK_PX));
      return;
    }
    this.fingers.set(event.pointerId, spot);
    const spots = [...this.fingers.values()];
    const middle = mean(spots);
    this.moved = Math.max(this.moved, Math.hypot(middle[0] - this.grip.start[0], middle[1] - this.grip.start[1]));
    if (this.moved < CLICK_PX) return;
    this.disk.card.hover(null);
    if (this.outline) return this.draw(spot);
    if (this.grip.outside) return;
    this.stage.classList.add("is-dragging");
    const pinch = this.grip.apart ? apart(spots) / this.grip.apart : 1;
    this.hold(this.grip.under, middle, this.grip.zoom * pinch);
  }

  /**
   * The view in which disk point `under` lies at stage position `spot`: a pure translation, so nothing turns.
   * @param {M.Point} under @param {number[]} spot @param {number} zoom
   */
  hold(under, spot, zoom) {
    const { view } = this.paint;
    view.zoom = Math.min(MAX_ZOOM, Math.max(1, zoom));
    view.centre = insideDisk(M.translationTaking(under, insideDisk(this.paint.toView(spot))));
    this.paint.refresh();
    this.disk.moves.moved();
  }

  /** @param {PointerEvent} event @param {boolean} finished */
  release(event, finished) {
    if (!this.fingers.delete(event.pointerId)) return;
    this.stage.classList.remove("is-dragging");
    this.grab();
    const { outline } = this;
    this.outline = null;
    this.paint.lines.lasso.setAttribute("d", "");
    if (!finished || this.fingers.size) return;
    if (outline && this.moved >= CLICK_PX) return this.surround(outline, event);
    if (this.moved < CLICK_PX) this.click(event);
  }

  /** A click means what lay under the pointer when it was pressed. @param {PointerEvent} event */
  click(event) {
    const { aim: found } = this;
    const { options } = this.disk;
    if (!found) options.onBackground?.();
    else if (found.extra) options.onPickExtra?.(found.at);
    else if (event.shiftKey && options.onToggle) options.onToggle(found.row);
    else options.onPick?.(found.row);
  }

  /* ------------------------------------------------------------ lasso and box */

  /** @param {number[]} spot of the stage */
  draw(spot) {
    const outline = /** @type {Outline} */ (this.outline);
    const { spots, shape } = outline;
    if (shape === "box") outline.spots = [spots[0], spot];
    else if (Math.hypot(spot[0] - spots[spots.length - 1][0], spot[1] - spots[spots.length - 1][1]) > 3) spots.push(spot);
    const path = cornersOf(outline).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    this.paint.lines.lasso.setAttribute("d", `M${path}Z`);
  }

  /**
   * Hand over what lies inside the outline, and the outline itself for whoever knows more points than are here.
   * @param {Outline} outline @param {PointerEvent} event
   */
  surround(outline, event) {
    const { paint } = this;
    const corners = cornersOf(outline);
    /** @type {number[]} */
    const found = [];
    for (let i = 0; i < paint.n; i++) if (contains(corners, paint.spotOf(i))) found.push(paint.rowAt(i));
    const view = { centre: [...paint.view.centre], zoom: paint.view.zoom };
    const polygon = corners.map((corner) => paint.toView(corner));
    const how = event.altKey ? "subtract" : event.shiftKey && this.tool !== "move" ? "add" : "replace";
    this.disk.options.onLasso?.(Uint32Array.from(found), { polygon, view, how });
  }

  /* ------------------------------------------------------------ wheel, double click, keys */

  /** @param {WheelEvent} event */
  wheel(event) {
    const { paint } = this;
    const step = event.deltaY * (event.deltaMode === 1 ? 33 : 1);
    if (!paint.ready || (paint.view.zoom <= 1 && step > 0)) return; // nothing left to undo: let the page scroll
    const spot = this.at(event);
    const here = paint.toView(spot);
    if (Math.hypot(...here) > 1) return;
    event.preventDefault();
    this.disk.moves.stop("view");
    this.disk.card.hide();
    this.hold(M.untranslate(insideDisk(here, 0.999), paint.view.centre), spot, paint.view.zoom * Math.exp(-step * 0.0016));
  }

  /** @param {MouseEvent} event */
  doubleClick(event) {
    const { paint, disk } = this;
    if (!paint.ready) return;
    const spot = this.at(event);
    const found = paint.find(spot, PICK_PX);
    const here = paint.toView(spot);
    if (found && !found.extra) disk.centreOn(found.row);
    else if (Math.hypot(...here) < 1) {
      disk.setView({ centre: M.untranslate(here, paint.view.centre), zoom: paint.view.zoom }, { animate: true });
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || nodeOf(event).closest("input, select, textarea")) return;
    const { disk, paint } = this;
    const { options } = disk;
    /** @param {number} factor */
    const zoom = (factor) => disk.setView({ ...paint.view, zoom: paint.view.zoom * factor }, { animate: true });
    const onButton = nodeOf(event).closest("button");
    const chosen = paint.look.selection?.row; // an own picture is in no row
    /** @type {Record<string, () => unknown>} */
    const actions = {
      Escape: () => (this.tool === "move" ? disk.home() : this.choose("move")),
      Enter: () => !onButton && isRow(chosen) && options.onToggle?.(chosen),
      "+": () => zoom(1.5),
      "=": () => zoom(1.5),
      "-": () => zoom(1 / 1.5),
      f: () => disk.setFocus(!disk.paint.focus),
      l: () => this.choose(this.tool === "lasso" ? "move" : "lasso"),
      b: () => this.choose(this.tool === "box" ? "move" : "box"),
    };
    const step = STEPS[event.key];
    if (step) options.onStep?.(step);
    else if (actions[event.key] && !(onButton && event.key === "Enter")) actions[event.key]();
    else return;
    event.preventDefault();
  }
}

/* -------------------------------------------------------------- helpers */

/**
 * A place, moved towards the middle where it lies farther out than `limit`.
 * @param {import("./math.js").Point} place @param {number} [limit] @returns {import("./math.js").Point}
 */
export function insideDisk([x, y], limit = EDGE) {
  const length = Math.hypot(x, y);
  return length > limit ? [(x * limit) / length, (y * limit) / length] : [x, y];
}

/** @param {Outline} outline @returns {number[][]} */
function cornersOf({ shape, spots }) {
  if (shape === "lasso" || spots.length < 2) return spots;
  const [[x1, y1], [x2, y2]] = spots;
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]; // prettier-ignore
}

/** Whether a polygon contains a point: the parity of edges crossed to its right. @param {number[][]} corners */
function contains(corners, /** @type {number[]} */ [x, y]) {
  let within = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [[x1, y1], [x2, y2]] = [corners[i], corners[j]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) within = !within;
  }
  return within;
}

/** @param {number[][]} spots */
const mean = (spots) => [0, 1].map((axis) => spots.reduce((sum, spot) => sum + spot[axis], 0) / spots.length);
/** @param {number[][]} spots */
const apart = (spots) => (spots.length > 1 ? Math.hypot(spots[0][0] - spots[1][0], spots[0][1] - spots[1][1]) : 0);

