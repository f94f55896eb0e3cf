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

export function createPicture(element, options) {
  element.classList.add("hv-picture");
  const image = el("img");
  const overlay = make("svg", { class: "hv-overlay", role: "img" });
  const { caption } = options;
  const frame = el("div", "hv-frame", image, overlay);
  element.replaceChildren(frame);
  let shown = null;
  let press = null;

  function show(picture) {
    shown = picture;
    const same = image.getAttribute("src") === picture.url;
    if (!same) image.src = picture.url;
    image.alt = picture.name;
    frame.style.setProperty("--hv-aspect", `${picture.width} / ${picture.height}`);
    frame.style.setProperty("--hv-ratio", String(picture.width / picture.height));
    overlay.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    draw();
  }

  function draw() {
    overlay.replaceChildren();
    for (const box of [...shown.boxes].sort((a, b) => area(b.xyxy) - area(a.xyxy))) {
      const rect = make("rect", { ...rectOf(box.xyxy), class: "hv-box", "data-row": box.row ?? "" });
      const title = make("title", {});
      title.textContent = box.label;
      rect.append(title);
      overlay.append(rect);
    }
    const mark = make("rect", { ...rectOf(shown.chosen), class: "hv-box hv-chosen" });
    overlay.append(mark);
    overlay.setAttribute("aria-label", `${shown.name} with ${shown.boxes.length} boxes; ${shown.title} is selected`);
    caption.replaceChildren(el("strong", "", shown.title), el("span", "", shown.subtitle.replace(/^· /, "")));
  }

  /** Pointer position in picture pixels, held inside the picture. */
  function at(event) {
    const bounds = overlay.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * shown.width;
    const y = ((event.clientY - bounds.top) / bounds.height) * shown.height;
    return [Math.min(Math.max(x, 0), shown.width), Math.min(Math.max(y, 0), shown.height)];
  }

  overlay.addEventListener("pointerdown", (event) => {
    if (!shown || event.button !== 0) return;
    press = { from: at(event), x: event.clientX, y: event.clientY, rect: null };
    overlay.setPointerCapture(event.pointerId);
  });
  overlay.addEventListener("pointermove", (event) => {
    if (!press) return;
    if (!press.rect && Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_PX) return;
    if (!press.rect) overlay.append((press.rect = make("rect", { class: "hv-box hv-drawing" })));
    const box = rectOf(between(press.from, at(event)));
    set(press.rect, box);
  });
  overlay.addEventListener("pointerup", (event) => {
    if (!press) return;
    const { from, rect } = press;
    press = null;
    if (rect) {
      const box = between(from, at(event));
      rect.remove();
      if (box[2] - box[0] >= 2 && box[3] - box[1] >= 2) options.onDraw(box);
      return;
    }
    const under = shown.boxes.filter((box) => holds(box.xyxy, from)).sort((a, b) => area(a.xyxy) - area(b.xyxy));
    options.onPick(under.length ? under[0].query : shown.whole);
  });
  const cancel = () => {
    if (press && press.rect) press.rect.remove();
    press = null;
  };
  overlay.addEventListener("pointercancel", cancel);
  window.addEventListener("keydown", (event) => event.key === "Escape" && cancel());

  return { show };
}
