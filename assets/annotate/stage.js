/**
 * The picture to draw on: an SVG in the picture's own pixels. Drag draws a box, a click selects the smallest one there (again: the next
 * larger), the border and the name of the selected box move it, its eight handles resize it; two fingers or Ctrl and wheel zoom.
 *
 *   const stage = hypviz.annotate.createStage(element, {onDraw, onChange, onSelect});
 *   stage.show(picture, url, boxes, key);
 */
import { area, between, holds, rectOf } from "../shared/boxes.js";
import { make, set } from "../shared/dom.js";

const DRAG_PX = 4; // a press that moves less is a click
const MIN_SIDE = 2; // pixels of the picture
const MAX_ZOOM = 24;
const EDGES = { n: [1], s: [3], w: [0], e: [2], nw: [0, 1], ne: [2, 1], sw: [0, 3], se: [2, 3] };
const coarse = () => matchMedia("(pointer: coarse)").matches;

const within = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

export function createStage(root, { onDraw, onChange, onSelect, colourOf }) {
  const svg = make("svg", { class: "ha-svg", tabindex: "0", role: "application", "aria-label": "Picture to draw boxes on" });
  const image = make("image", { preserveAspectRatio: "none" });
  const layer = make("g");
  svg.append(image, layer);
  root.replaceChildren(svg);
  let shown = null; // {picture, boxes, key}
  let view = { x: 0, y: 0, w: 1, h: 1 };
  let press = null;
  let tool = "draw";
  const fingers = new Map();

  const bounds = () => [shown.picture.width, shown.picture.height];
  /** Picture pixels per pixel of the screen. */
  const scale = () => view.w / Math.max(1, svg.getBoundingClientRect().width);
  const chosen = () => shown.boxes.find((box) => box.key === shown.key);

  function show(picture, url, boxes, key) {
    const fresh = shown?.picture.image !== picture.image || image.getAttribute("href") !== url;
    shown = { picture, boxes, key };
    if (fresh) {
      set(image, { href: url, width: picture.width, height: picture.height });
      root.style.setProperty("--ha-aspect", `${picture.width} / ${picture.height}`);
      root.style.setProperty("--ha-ratio", String(picture.width / picture.height));
      look({ x: 0, y: 0, w: picture.width, h: picture.height });
    } else draw();
  }

  function look(next) {
    const [width, height] = bounds();
    const w = within(next.w, width / MAX_ZOOM, width);
    const h = (w * height) / width;
    view = { w, h, x: within(next.x, 0, width - w), y: within(next.y, 0, height - h) };
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    draw();
  }

  function zoom(factor, centre = [view.x + view.w / 2, view.y + view.h / 2]) {
    const w = within(view.w / factor, bounds()[0] / MAX_ZOOM, bounds()[0]);
    const k = w / view.w;
    look({ w, x: centre[0] - (centre[0] - view.x) * k, y: centre[1] - (centre[1] - view.y) * k });
  }

  // ---- drawing -------------------------------------------------------------------------------------------------

  function draw(moving = null) {
    if (!shown) return;
    layer.replaceChildren();
    const boxes = [...shown.boxes].sort((a, b) => area(b.xyxy) - area(a.xyxy));
    for (const box of boxes) if (box.key !== shown.key) frame(box, box.xyxy, false);
    const own = chosen();
    if (own) selected({ ...own, xyxy: moving || own.xyxy });
    svg.setAttribute("aria-label", `${shown.picture.name} with ${shown.boxes.length} boxes to draw on${own ? `; ${own.label} is selected` : ""}`);
  }

  function frame(box, xyxy, on) {
    const rect = make("rect", { ...rectOf(xyxy), class: `ha-box${on ? " ha-on" : ""}`, "data-key": box.key, "data-label": box.label });
    rect.style.setProperty("--ha-hue", colourOf(box.label));
    rect.append(Object.assign(make("title"), { textContent: box.label }));
    layer.append(rect);
  }

  function selected(box) {
    const s = scale();
    const [x1, y1, x2, y2] = box.xyxy;
    frame(box, box.xyxy, true);
    layer.append(make("rect", { ...rectOf(box.xyxy), class: "ha-edge", "data-grip": "move", "stroke-width": (coarse() ? 22 : 10) * s }));
    tag(box, s);
    const size = (coarse() ? 15 : 9) * s;
    const middle = [(x1 + x2) / 2, (y1 + y2) / 2];
    for (const name of Object.keys(EDGES)) {
      const x = name.includes("w") ? x1 : name.includes("e") ? x2 : middle[0];
      const y = name.includes("n") ? y1 : name.includes("s") ? y2 : middle[1];
      layer.append(make("rect", { x: x - size / 2, y: y - size / 2, width: size, height: size, class: `ha-handle ha-${name}`, "data-grip": name }));
    }
  }

  /** The name of the selected box, above it where there is room. */
  function tag(box, s) {
    const [x1, y1] = box.xyxy;
    const height = 18 * s;
    const y = y1 - height - 7 * s > view.y ? y1 - height - 7 * s : y1 + 7 * s;
    const text = make("text", { x: x1 + 6 * s, y: y + 13 * s, "font-size": 12.5 * s, class: "ha-tag-text" });
    text.textContent = box.label;
    const back = make("rect", { x: x1, y, height, width: 20 * s, rx: 3 * s, class: "ha-tag", "data-grip": "move" });
    layer.append(back, text);
    set(back, { width: text.getComputedTextLength() + 12 * s });
  }

  // ---- pointers ------------------------------------------------------------------------------------------------

  function at(event) {
    const box = svg.getBoundingClientRect();
    const [width, height] = bounds();
    const x = view.x + ((event.clientX - box.left) / box.width) * view.w;
    const y = view.y + ((event.clientY - box.top) / box.height) * view.h;
    return [within(x, 0, width), within(y, 0, height)];
  }

  const under = (point) => shown.boxes.filter((box) => holds(box.xyxy, point)).sort((a, b) => area(a.xyxy) - area(b.xyxy));

  svg.addEventListener("pointerdown", (event) => {
    if (!shown || (event.pointerType === "mouse" && event.button > 1)) return;
    svg.focus({ preventScroll: true });
    svg.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size > 1) {
      press = null;
      return draw();
    }
    const from = at(event);
    const grip = event.button === 1 ? "pan" : event.target.dataset?.grip || null;
    const hit = tool === "move" && !grip ? under(from)[0] : null;
    if (hit) onSelect(hit.key);
    press = { grip: hit ? "move" : grip, from, x: event.clientX, y: event.clientY, view: { ...view }, moved: false, xyxy: chosen()?.xyxy };
  });

  svg.addEventListener("pointermove", (event) => {
    if (fingers.size > 1) return pinch(event);
    if (!press) return;
    if (!press.moved && Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_PX) return;
    press.moved = true;
    if (press.grip === "pan" || (tool === "move" && !press.grip)) return pan(event);
    press.box = press.grip ? dragged(press, at(event)) : between(press.from, at(event));
    if (press.grip) return draw(press.box);
    press.rect ||= layer.appendChild(make("rect", { class: "ha-drawing" }));
    set(press.rect, rectOf(press.box));
  });

  svg.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    const done = press;
    press = null;
    if (!done) return;
    if (!done.moved) return done.grip && done.grip !== "pan" ? draw() : pick(done.from);
    if (!done.box) return;
    const [x1, y1, x2, y2] = done.box;
    if (x2 - x1 < MIN_SIDE || y2 - y1 < MIN_SIDE) draw();
    else if (done.grip) onChange(shown.key, done.box);
    else onDraw(done.box);
  });

  svg.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    press = null;
    draw();
  });

  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !shown) return; // a plain wheel scrolls the page
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), at(event));
  }, { passive: false }); // prettier-ignore

  /** A click: the smallest box there; where that is selected already, the next larger one. */
  function pick(point) {
    const found = under(point).map((box) => box.key);
    const next = found[(found.indexOf(shown.key) + 1) % Math.max(1, found.length)];
    onSelect(next ?? null);
  }

  function dragged({ grip, from, xyxy }, to) {
    const [width, height] = bounds();
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const [x1, y1, x2, y2] = xyxy;
    if (grip === "move") {
      const [mx, my] = [within(dx, -x1, width - x2), within(dy, -y1, height - y2)];
      return [x1 + mx, y1 + my, x2 + mx, y2 + my];
    }
    const next = [...xyxy];
    for (const side of EDGES[grip]) next[side] = within(xyxy[side] + (side % 2 ? dy : dx), 0, side % 2 ? height : width);
    return between(next.slice(0, 2), next.slice(2));
  }

  function pan(event) {
    const s = scale();
    look({ w: press.view.w, x: press.view.x - (event.clientX - press.x) * s, y: press.view.y - (event.clientY - press.y) * s });
  }

  /** Two fingers: their distance zooms, their middle pans. */
  function pinch(event) {
    const before = [...fingers.values()].slice(0, 2);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = [...fingers.values()].slice(0, 2);
    const middle = ([a, b]) => ({ clientX: (a[0] + b[0]) / 2, clientY: (a[1] + b[1]) / 2 });
    const apart = ([a, b]) => Math.max(20, Math.hypot(a[0] - b[0], a[1] - b[1]));
    const s = scale();
    const [m0, m1] = [middle(before), middle(after)];
    look({ w: view.w, x: view.x - (m1.clientX - m0.clientX) * s, y: view.y - (m1.clientY - m0.clientY) * s });
    zoom(apart(after) / apart(before), at(m1));
  }

  new ResizeObserver(() => draw()).observe(svg);

  return {
    svg,
    show,
    zoom,
    home: () => look({ x: 0, y: 0, w: bounds()[0], h: bounds()[1] }),
    cancel: () => ((press = null), draw()),
    tool: (name) => ((tool = name), (svg.dataset.tool = name)),
    /** The middle of what is in sight, a quarter of it large. */
    middleBox: () => [view.x + view.w * 0.375, view.y + view.h * 0.375, view.x + view.w * 0.625, view.y + view.h * 0.625],
    size: bounds,
  };
}
