/**
 * A picture with its boxes: click a box to select it, drag to draw a new one.
 *
 *   const picture = hypviz.createPicture(element, {caption: element, onPick(query), onDraw(xyxy)});
 *   picture.show({url, width, height, name, title, subtitle, chosen: xyxy, whole: query,
 *                 boxes: [{query, row, label, xyxy}]});
 *
 * Boxes are pixels of the upright picture; the overlay is an SVG in the same units, so nothing is ever re-scaled by hand.
 */
import { area, between, holds, rectOf } from "./boxes.js";
import { el, make, set } from "./dom.js";

const DRAG_PX = 4; // a press that moves less is a click

class Picture {
  constructor(element, options) {
    element.classList.add("hv-picture");
    this.image = el("img");
    this.overlay = make("svg", { class: "hv-overlay", role: "img" });
    ({ caption: this.caption } = options);
    this.frame = el("div", "hv-frame", this.image, this.overlay);
    element.replaceChildren(this.frame);
    this.shown = null;
    this.press = null;

    this.overlay.addEventListener("pointerdown", (event) => {
      if (!this.shown || event.button !== 0) return;
      this.press = { from: this.at(event), x: event.clientX, y: event.clientY, rect: null };
      this.overlay.setPointerCapture(event.pointerId);
    });
    this.overlay.addEventListener("pointermove", (event) => {
      if (!this.press) return;
      if (!this.press.rect && Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) < DRAG_PX) return;
      if (!this.press.rect) this.overlay.append((this.press.rect = make("rect", { class: "hv-box hv-drawing" })));
      const box = rectOf(between(this.press.from, this.at(event)));
      set(this.press.rect, box);
    });
    this.overlay.addEventListener("pointerup", (event) => {
      if (!this.press) return;
      const { from, rect } = this.press;
      this.press = null;
      if (rect) {
        const box = between(from, this.at(event));
        rect.remove();
        if (box[2] - box[0] >= 2 && box[3] - box[1] >= 2) options.onDraw(box);
        return;
      }
      const under = this.shown.boxes.filter((box) => holds(box.xyxy, from)).sort((a, b) => area(a.xyxy) - area(b.xyxy));
      options.onPick(under.length ? under[0].query : this.shown.whole);
    });
    this.overlay.addEventListener("pointercancel", () => this.cancel());
    window.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

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
    this.overlay.replaceChildren();
    for (const box of [...this.shown.boxes].sort((a, b) => area(b.xyxy) - area(a.xyxy))) {
      const rect = make("rect", { ...rectOf(box.xyxy), class: "hv-box", "data-row": box.row ?? "" });
      const title = make("title", {});
      title.textContent = box.label;
      rect.append(title);
      this.overlay.append(rect);
    }
    const mark = make("rect", { ...rectOf(this.shown.chosen), class: "hv-box hv-chosen" });
    this.overlay.append(mark);
    this.overlay.setAttribute("aria-label", `${this.shown.name} with ${this.shown.boxes.length} boxes; ${this.shown.title} is selected`);
    this.caption.replaceChildren(el("strong", "", this.shown.title), el("span", "", this.shown.subtitle.replace(/^· /, "")));
  }

  /** Pointer position in picture pixels, held inside the picture. */
  at(event) {
    const bounds = this.overlay.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * this.shown.width;
    const y = ((event.clientY - bounds.top) / bounds.height) * this.shown.height;
    return [Math.min(Math.max(x, 0), this.shown.width), Math.min(Math.max(y, 0), this.shown.height)];
  }

  cancel() {
    if (this.press && this.press.rect) this.press.rect.remove();
    this.press = null;
  }
}

/**
 * @param {HTMLElement} element
 * @param {{caption: HTMLElement, onPick: (query: Object) => void, onDraw: (xyxy: import("./boxes.js").Xyxy) => void}} options
 */
export const createPicture = (element, options) => new Picture(element, options);
