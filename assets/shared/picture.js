/**
 * A picture with its boxes: click a box to select it, drag to draw a new one.
 *
 *   const picture = createPicture(element, {caption: element, onPick(query), onDraw(xyxy)});
 *   picture.show({url, width, height, name, title, subtitle, chosen: xyxy, whole: query,
 *                 boxes: [{query, row, label, xyxy}]});
 *
 * Boxes are pixels of the upright picture; the overlay is an SVG in the same units, so nothing is ever re-scaled by hand.
 *
 * @typedef {import("./boxes.js").Xyxy} Xyxy
 * @typedef {{row?: number|null, image?: number, box?: Xyxy, upload?: string, text?: string}} Query
 *   a place: an item, a box on a picture of the data or on an own one, or typed words
 * @typedef {{query: Query, row?: number, label: string, xyxy: Xyxy}} Box
 * @typedef {{url: string, width: number, height: number, name: string, title: string, subtitle: string, chosen: Xyxy, whole: Query, boxes: Box[]}} Shown
 * @typedef {{caption: HTMLElement, onPick: (query: Query) => void, onDraw: (xyxy: Xyxy) => void}} Options
 */
import { area, between, holds, rectOf } from "./boxes.js";
import { el, make, set } from "./dom.js";

const DRAG_PX = 4; // a press that moves less is a click

class Picture {
  /** @param {HTMLElement} element @param {Options} options */
  constructor(element, options) {
    element.classList.add("hv-picture");
    this.image = el("img");
    this.overlay = make("svg", { class: "hv-overlay", role: "img" });
    this.caption = options.caption;
    this.options = options;
    this.frame = el("div", "hv-frame", this.image, this.overlay);
    element.replaceChildren(this.frame);
    /** @type {Shown|null} */
    this.shown = null;
    /** @type {{from: number[], x: number, y: number, rect: SVGRectElement|null}|null} */
    this.press = null;

    this.overlay.addEventListener("pointerdown", (event) => {
      if (!this.shown || event.button !== 0) return;
      this.press = { from: this.at(event), x: event.clientX, y: event.clientY, rect: null };
      this.overlay.setPointerCapture(event.pointerId);
    });
    this.overlay.addEventListener("pointermove", (event) => this.moved(event));
    this.overlay.addEventListener("pointerup", (event) => this.released(event));
    this.overlay.addEventListener("pointercancel", () => this.cancel());
    window.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const { press } = this;
    if (!press) return;
    if (!press.rect && Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_PX) return;
    if (!press.rect) this.overlay.append((press.rect = make("rect", { class: "hv-box hv-drawing" })));
    set(press.rect, rectOf(between(press.from, this.at(event))));
  }

  /** @param {PointerEvent} event */
  released(event) {
    const { press, shown } = this;
    if (!press || !shown) return;
    const { from, rect } = press;
    this.press = null;
    if (rect) {
      const box = between(from, this.at(event));
      rect.remove();
      if (box[2] - box[0] >= 2 && box[3] - box[1] >= 2) this.options.onDraw(box);
      return;
    }
    const under = shown.boxes.filter((box) => holds(box.xyxy, from)).sort((a, b) => area(a.xyxy) - area(b.xyxy));
    this.options.onPick(under.length ? under[0].query : shown.whole);
  }

  /** @param {Shown} picture */
  show(picture) {
    this.shown = picture;
    const same = this.image.getAttribute("src") === picture.url;
    if (!same) this.image.src = picture.url;
    this.image.alt = picture.name;
    this.frame.style.setProperty("--hv-aspect", `${picture.width} / ${picture.height}`);
    this.frame.style.setProperty("--hv-ratio", String(picture.width / picture.height));
    this.overlay.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    this.draw();
  }

  draw() {
    const { shown } = this;
    if (!shown) return;
    this.overlay.replaceChildren();
    for (const box of [...shown.boxes].sort((a, b) => area(b.xyxy) - area(a.xyxy))) {
      const rect = make("rect", { ...rectOf(box.xyxy), class: "hv-box", "data-row": box.row ?? "" });
      const title = make("title", {});
      title.textContent = box.label;
      rect.append(title);
      this.overlay.append(rect);
    }
    this.overlay.append(make("rect", { ...rectOf(shown.chosen), class: "hv-box hv-chosen" }));
    this.overlay.setAttribute("aria-label", `${shown.name} with ${shown.boxes.length} boxes; ${shown.title} is selected`);
    this.caption.replaceChildren(el("strong", "", shown.title), el("span", "", shown.subtitle.replace(/^· /, "")));
  }

  /** Pointer position in picture pixels, held inside the picture. @param {PointerEvent} event */
  at(event) {
    const { width, height } = /** @type {Shown} */ (this.shown);
    const bounds = this.overlay.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * width;
    const y = ((event.clientY - bounds.top) / bounds.height) * height;
    return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
  }

  cancel() {
    if (this.press && this.press.rect) this.press.rect.remove();
    this.press = null;
  }
}

/** @param {HTMLElement} element @param {Options} options */
export const createPicture = (element, options) => new Picture(element, options);
