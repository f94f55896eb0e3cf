/**
 * The picture to draw on: an SVG in the picture's own pixels. Drag draws a box, a click selects the smallest one there (again: the next
 * larger), the border and the name of the selected box move it, its eight handles resize it; two fingers or Ctrl and wheel zoom.
 *
 *   const stage = createStage(element, {onDraw, onChange, onSelect});
 *   stage.show(picture, url, boxes, key);
 *
 * @typedef {import("../shared/boxes.js").Xyxy} Xyxy
 * @typedef {import("./sheet.js").Box} Box
 * @typedef {import("./sheet.js").Picture} Picture
 * @typedef {{x: number, y: number, w: number, h: number}} View   the part of the picture in sight
 * @typedef {{clientX: number, clientY: number}} Client   a place in the window
 * @typedef {{grip: string|null, from: number[], x: number, y: number, view: View, moved: boolean, xyxy?: Xyxy, box?: Xyxy, rect?: SVGRectElement}} Press
 * @typedef {{onDraw: (xyxy: Xyxy) => void, onChange: (key: string, xyxy: Xyxy) => void, onSelect: (key: string|null) => void,
 *   colourOf: (label: string) => string}} Options
 */
import { area, between, holds, rectOf } from "../shared/boxes.js";
import { make, set } from "../shared/dom.js";

const DRAG_PX = 4; // a press that moves less is a click
const MIN_SIDE = 2; // pixels of the picture
const MAX_ZOOM = 24;
/** @type {Record<string, number[]>} the sides that a handle moves */
const EDGES = { n: [1], s: [3], w: [0], e: [2], nw: [0, 1], ne: [2, 1], sw: [0, 3], se: [2, 3] };
const coarse = () => matchMedia("(pointer: coarse)").matches;

/** @param {number} value @param {number} low @param {number} high */
const within = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

class Stage {
  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, { onDraw, onChange, onSelect, colourOf }) {
    this.root = root;
    this.onDraw = onDraw;
    this.onChange = onChange;
    this.onSelect = onSelect;
    this.colourOf = colourOf;
    this.svg = make("svg", { class: "ha-svg", tabindex: "0", role: "application", "aria-label": "Picture to draw boxes on" });
    this.image = make("image", { preserveAspectRatio: "none" });
    this.layer = make("g");
    this.svg.append(this.image, this.layer);
    root.replaceChildren(this.svg);
    /** @type {{picture: Picture, boxes: Box[], key: string|null}|null} */
    this.shown = null;
    /** @type {View} */
    this.view = { x: 0, y: 0, w: 1, h: 1 };
    /** @type {Press|null} */
    this.press = null;
    /** @type {"draw"|"move"} */
    this.mode = "draw";
    /** @type {Map<number, number[]>} */
    this.fingers = new Map();

    this.listen();
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.pressed(event));
    this.svg.addEventListener("pointermove", (event) => this.moved(event));
    this.svg.addEventListener("pointerup", (event) => this.released(event));
    this.svg.addEventListener("pointercancel", (event) => {
      this.fingers.delete(event.pointerId);
      this.press = null;
      this.draw();
    });
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey || !this.shown) return; // a plain wheel scrolls the page
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), this.at(event));
    }, { passive: false }); // prettier-ignore
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  bounds() {
    const { picture } = this.present;
    return [picture.width, picture.height];
  }

  /** What is shown, for what is done only once there is a picture. */
  get present() {
    return /** @type {{picture: Picture, boxes: Box[], key: string|null}} */ (this.shown);
  }

  /** Picture pixels per pixel of the screen. */
  scale() {
    return this.view.w / Math.max(1, this.svg.getBoundingClientRect().width);
  }

  chosen() {
    const { boxes, key } = this.present;
    return boxes.find((box) => box.key === key);
  }

  /** @param {Picture} picture @param {string} url @param {Box[]} boxes @param {string|null} key of the selected box */
  show(picture, url, boxes, key) {
    const fresh = this.shown?.picture.image !== picture.image || this.image.getAttribute("href") !== url;
    this.shown = { picture, boxes, key };
    if (fresh) {
      set(this.image, { href: url, width: picture.width, height: picture.height });
      this.root.style.setProperty("--ha-aspect", `${picture.width} / ${picture.height}`);
      this.root.style.setProperty("--ha-ratio", String(picture.width / picture.height));
      this.look({ x: 0, y: 0, w: picture.width });
    } else this.draw();
  }

  /** @param {{x: number, y: number, w: number}} next */
  look(next) {
    const [width, height] = this.bounds();
    const w = within(next.w, width / MAX_ZOOM, width);
    const h = (w * height) / width;
    this.view = { w, h, x: within(next.x, 0, width - w), y: within(next.y, 0, height - h) };
    this.svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${this.view.w} ${this.view.h}`);
    this.draw();
  }

  /** @param {number} factor @param {number[]} [centre] */
  zoom(factor, centre = [this.view.x + this.view.w / 2, this.view.y + this.view.h / 2]) {
    const w = within(this.view.w / factor, this.bounds()[0] / MAX_ZOOM, this.bounds()[0]);
    const k = w / this.view.w;
    this.look({ w, x: centre[0] - (centre[0] - this.view.x) * k, y: centre[1] - (centre[1] - this.view.y) * k });
  }

  // ---- drawing -------------------------------------------------------------------------------------------------
  draw(/** @type {Xyxy|null} */ moving = null) {
    const { shown } = this;
    if (!shown) return;
    this.layer.replaceChildren();
    const boxes = [...shown.boxes].sort((a, b) => area(b.xyxy) - area(a.xyxy));
    for (const box of boxes) if (box.key !== shown.key) this.frame(box, box.xyxy, false);
    const own = this.chosen();
    if (own) this.selected({ ...own, xyxy: moving || own.xyxy });
    this.svg.setAttribute("aria-label", `${shown.picture.name} with ${shown.boxes.length} boxes to draw on${own ? `; ${own.label} is selected` : ""}`);
  }

  /** @param {Box} box @param {Xyxy} xyxy @param {boolean} on */
  frame(box, xyxy, on) {
    const rect = make("rect", { ...rectOf(xyxy), class: `ha-box${on ? " ha-on" : ""}`, "data-key": box.key, "data-label": box.label });
    rect.style.setProperty("--ha-hue", this.colourOf(box.label));
    rect.append(Object.assign(make("title"), { textContent: box.label }));
    this.layer.append(rect);
  }

  /** @param {Box} box */
  selected(box) {
    const s = this.scale();
    const [x1, y1, x2, y2] = box.xyxy;
    this.frame(box, box.xyxy, true);
    this.layer.append(make("rect", { ...rectOf(box.xyxy), class: "ha-edge", "data-grip": "move", "stroke-width": (coarse() ? 22 : 10) * s }));
    this.tag(box, s);
    const size = (coarse() ? 15 : 9) * s;
    const middle = [(x1 + x2) / 2, (y1 + y2) / 2];
    for (const name of Object.keys(EDGES)) {
      const x = name.includes("w") ? x1 : name.includes("e") ? x2 : middle[0];
      const y = name.includes("n") ? y1 : name.includes("s") ? y2 : middle[1];
      this.layer.append(make("rect", { x: x - size / 2, y: y - size / 2, width: size, height: size, class: `ha-handle ha-${name}`, "data-grip": name }));
    }
  }

  /** The name of the selected box, above it where there is room. @param {Box} box @param {number} s picture pixels per pixel of the screen */
  tag(box, s) {
    const [x1, y1] = box.xyxy;
    const height = 18 * s;
    const y = y1 - height - 7 * s > this.view.y ? y1 - height - 7 * s : y1 + 7 * s;
    const text = make("text", { x: x1 + 6 * s, y: y + 13 * s, "font-size": 12.5 * s, class: "ha-tag-text" });
    text.textContent = box.label;
    const back = make("rect", { x: x1, y, height, width: 20 * s, rx: 3 * s, class: "ha-tag", "data-grip": "move" });
    this.layer.append(back, text);
    set(back, { width: text.getComputedTextLength() + 12 * s });
  }

  // ---- pointers ------------------------------------------------------------------------------------------------
  /** @param {Client} event */
  at(event) {
    const box = this.svg.getBoundingClientRect();
    const [width, height] = this.bounds();
    const x = this.view.x + ((event.clientX - box.left) / box.width) * this.view.w;
    const y = this.view.y + ((event.clientY - box.top) / box.height) * this.view.h;
    return [within(x, 0, width), within(y, 0, height)];
  }

  /** @param {number[]} point */
  under(point) {
    return this.present.boxes.filter((box) => holds(box.xyxy, point)).sort((a, b) => area(a.xyxy) - area(b.xyxy));
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (!this.shown || (event.pointerType === "mouse" && event.button > 1)) return;
    this.svg.focus({ preventScroll: true });
    this.svg.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.fingers.size > 1) {
      this.press = null;
      this.draw();
      return;
    }
    const from = this.at(event);
    const grip = event.button === 1 ? "pan" : /** @type {SVGElement} */ (event.target).dataset?.grip || null;
    const hit = this.mode === "move" && !grip ? this.under(from)[0] : null;
    if (hit) this.onSelect(hit.key);
    this.press = { grip: hit ? "move" : grip, from, x: event.clientX, y: event.clientY, view: { ...this.view }, moved: false, xyxy: this.chosen()?.xyxy };
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const { press } = this;
    if (this.fingers.size > 1) return this.pinch(event);
    if (!press) return;
    if (!press.moved && Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_PX) return;
    press.moved = true;
    if (press.grip === "pan" || (this.mode === "move" && !press.grip)) return this.pan(event, press);
    press.box = press.grip ? this.dragged(press, this.at(event)) : between(press.from, this.at(event));
    if (press.grip) return this.draw(press.box);
    press.rect ||= this.layer.appendChild(make("rect", { class: "ha-drawing" }));
    set(press.rect, rectOf(press.box));
  }

  /** @param {PointerEvent} event */
  released(event) {
    this.fingers.delete(event.pointerId);
    const done = this.press;
    this.press = null;
    if (!done) return;
    if (!done.moved) return done.grip && done.grip !== "pan" ? this.draw() : this.pick(done.from);
    if (!done.box) return;
    const [x1, y1, x2, y2] = done.box;
    if (x2 - x1 < MIN_SIDE || y2 - y1 < MIN_SIDE) this.draw();
    else if (done.grip) this.onChange(/** @type {string} */ (this.present.key), done.box);
    else this.onDraw(done.box);
  }

  /** A click: the smallest box there; where that is selected already, the next larger one. @param {number[]} point */
  pick(point) {
    /** @type {(string|null)[]} */
    const found = this.under(point).map((box) => box.key);
    const next = found[(found.indexOf(this.present.key) + 1) % Math.max(1, found.length)];
    this.onSelect(next ?? null);
  }

  /** The box as a grip has moved it. @param {Press} press @param {number[]} to @returns {Xyxy} */
  dragged({ grip, from, xyxy = [0, 0, 0, 0] }, to) {
    const [width, height] = this.bounds();
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const [x1, y1, x2, y2] = xyxy;
    if (grip === "move") {
      const [mx, my] = [within(dx, -x1, width - x2), within(dy, -y1, height - y2)];
      return [x1 + mx, y1 + my, x2 + mx, y2 + my];
    }
    const next = [...xyxy];
    for (const side of EDGES[grip ?? ""]) next[side] = within(xyxy[side] + (side % 2 ? dy : dx), 0, side % 2 ? height : width);
    return between(next.slice(0, 2), next.slice(2));
  }

  /** @param {Client} event @param {Press} press */
  pan(event, press) {
    const s = this.scale();
    this.look({ w: press.view.w, x: press.view.x - (event.clientX - press.x) * s, y: press.view.y - (event.clientY - press.y) * s });
  }

  /** Two fingers: their distance zooms, their middle pans. @param {PointerEvent} event */
  pinch(event) {
    const before = [...this.fingers.values()].slice(0, 2);
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = [...this.fingers.values()].slice(0, 2);
    const middle = (/** @type {number[][]} */ [a, b]) => ({ clientX: (a[0] + b[0]) / 2, clientY: (a[1] + b[1]) / 2 });
    const apart = (/** @type {number[][]} */ [a, b]) => Math.max(20, Math.hypot(a[0] - b[0], a[1] - b[1]));
    const s = this.scale();
    const [m0, m1] = [middle(before), middle(after)];
    this.look({ w: this.view.w, x: this.view.x - (m1.clientX - m0.clientX) * s, y: this.view.y - (m1.clientY - m0.clientY) * s });
    this.zoom(apart(after) / apart(before), this.at(m1));
  }

  home() {
    return this.look({ x: 0, y: 0, w: this.bounds()[0] });
  }

  cancel() {
    this.press = null;
    return this.draw();
  }

  /** @param {"draw"|"move"} name */
  tool(name) {
    this.mode = name;
    return this.svg.dataset.tool = name;
  }

  /** The middle of what is in sight, a quarter of it large. @returns {Xyxy} */
  middleBox() {
    return [this.view.x + this.view.w * 0.375, this.view.y + this.view.h * 0.375, this.view.x + this.view.w * 0.625, this.view.y + this.view.h * 0.625];
  }

  size() {
    return this.bounds();
  }
}

/** @param {HTMLElement} root @param {Options} options */
export const createStage = (root, options) => new Stage(root, options);
