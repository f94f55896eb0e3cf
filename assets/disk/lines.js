/**
 * Everything on the disk that is few: face, rings with their true distances, root, cones, the path, marks. Drawn as SVG.
 *
 * @typedef {import("./math.js").Polar} Polar
 * @typedef {import("./disk.js").Selection} Selection
 * @typedef {import("./types.js").FocusLayout} FocusLayout
 * @typedef {{left: Polar[], right: Polar[], outline: Polar[]}} Outline   of a cone
 * @typedef {{near: Outline, far: Outline}} Cone   drawn in full, and up to the rim
 * @typedef {{scale: (theta: number) => number, least: number}} How   true angle from the apex → drawn angle; the true radius that the cone begins at
 * @typedef {{true: number, drawn: number, cx: number, cy: number, r: number, label: number[]|null}} RingMark   on the stage
 */
import { isRow } from "../shared/bitset.js";
import { add, make, set } from "../shared/dom.js";
import { trim } from "../shared/format.js";
import { Around } from "./around.js";
import * as M from "./math.js";

const CONE_SURE = 0.94; // drawn radius up to which a cone is drawn in full; all of the rest to infinity lies beyond
const CONE_RIM = 0.9985;
let serial = 0;

export class Lines {
  /** @param {import("./paint.js").Painter} paint @param {SVGElement} under @param {SVGElement} over layers below and above the points */
  constructor(paint, under, over) {
    this.paint = paint;
    const gradient = add(add(under, "defs"), "radialGradient", { id: `hd-face-${++serial}`, gradientUnits: "userSpaceOnUse" });
    for (const [i, offset] of ["0", ".55", "1"].entries()) add(gradient, "stop", { offset, class: `hd-stop-${i}` });
    /** @param {Element} parent @param {string} name */
    const path = (parent, name) => add(parent, "path", { class: `hd-${name}` });
    this.gradient = gradient;
    this.face = add(under, "circle", { fill: `url(#${gradient.id})` });
    this.ringLayer = add(under, "g");
    this.aroundLayer = add(under, "g");
    this.pins = add(under, "g");
    this.coneFar = path(under, "cone-far");
    this.coneNear = path(under, "cone");
    this.coneEdge = path(under, "cone-edge");
    this.rim = add(under, "circle", { class: "hd-rim" });
    this.path = path(under, "path");
    this.aroundLabels = add(over, "g");
    this.labels = add(over, "g");
    this.root = add(over, "g");
    this.marks = add(over, "g");
    this.extra = add(over, "g");
    this.pinLabels = add(over, "g");
    this.hover = add(over, "circle", { class: "hd-hover", visibility: "hidden" });
    this.lasso = path(over, "lasso");
    add(this.root, "circle", { class: "hd-root", r: 5.5 });
    add(this.root, "circle", { class: "hd-root-dot", r: 1.9 });
    add(this.root, "text", { class: "hd-label", y: 19 }).textContent = "root";
    /** @type {Cone|null|undefined} of the selection, once drawn */
    this.cone = undefined;
    /** @type {RingMark[]|undefined} */
    this.rings = undefined;
    this.marked = ""; // where the selected point was when its rings were drawn alone
    this.around = new Around(paint, this.aroundLayer, this.aroundLabels);
  }

  /** @param {{rings: M.Ring[]}} payload */
  adopt({ rings }) {
    this.ringLayer.replaceChildren(...rings.map(() => make("circle", { class: "hd-ring" })));
    this.labels.replaceChildren(...rings.map(() => make("text", { class: "hd-label" })));
  }

  draw() {
    this.drawFace();
    this.drawCone();
    this.drawPins();
    this.drawSelection();
    this.drawExtra();
    this.drawHover();
  }

  drawFace() {
    const { paint } = this;
    const { centre, zoom } = paint.view;
    const [x, y] = paint.toStage(0, 0);
    const rim = paint.px * zoom;
    for (const circle of [this.face, this.rim]) set(circle, { cx: x, cy: y, r: rim });
    const [rx, ry] = paint.polarToStage({ angle: 0, radius: 0 });
    set(this.gradient, { cx: x, cy: y, r: rim, fx: rx, fy: ry });
    this.root.setAttribute("transform", `translate(${rx} ${ry})`);
    const outermost = paint.rings.length - 1;
    this.rings = paint.rings.map((ring, i) => {
      const image = M.circleImage(ring.drawn, centre);
      const [cx, cy] = paint.toStage(image.x * zoom, image.y * zoom);
      const r = image.r * rim;
      const spot = labelSpot(cx, cy, r, paint.size);
      const label = this.labels.children[i];
      set(this.ringLayer.children[i], { cx, cy, r });
      set(label, { x: (spot || [0])[0], y: (spot || [0, 0])[1] + 3.8, visibility: spot && r > 12 ? "visible" : "hidden" });
      label.textContent = i === outermost ? `${trim(ring.true)} from root` : trim(ring.true);
      return { true: ring.true, drawn: ring.drawn, cx, cy, r, label: spot };
    });
  }

  /* ------------------------------------------------------------ cones */

  /** Where the cone starts: the selected row or query; null without a selection. @returns {Polar|null} */
  apex() {
    const { selection: s } = this.paint.look;
    return (s && (s.polar || this.paint.polarOfRow(s.row))) || null;
  }

  /** The cone of the selection: around it exactly; in an overview its section with the plane, which holds few members, so it is faint. */
  drawCone() {
    if (!this.paint.ready) return;
    const apex = this.apex();
    const { omega } = this.paint.look;
    const { focus } = this.paint;
    this.cone = apex && omega !== null ? this.coneParts(apex, omega, focus || undefined) : null;
    const [near, far, edge] = this.cone && focus?.omega === omega ? this.exactCone(focus) : this.cone ? this.section(this.cone) : ["", "", ""];
    this.coneNear.setAttribute("d", near);
    this.coneFar.setAttribute("d", far);
    this.coneEdge.setAttribute("d", edge);
    for (const path of [this.coneNear, this.coneFar, this.coneEdge]) path.classList.toggle("hd-section", !focus);
    this.around.draw(this.cone && apex, omega);
  }

  /** @param {FocusLayout} focus */
  exactCone({ outline, edge }) {
    /** @param {import("./types.js").Drawn[]} corners */
    const path = (corners) => `M${corners.map((corner) => this.paint.drawnToStage(corner).map((value) => value.toFixed(2)).join(" ")).join("L")}`;
    const right = [outline[0], ...outline.slice(1 - edge).reverse()];
    return [`${path(outline)}Z`, "", path(outline.slice(0, edge)) + path(right)];
  }

  /** @param {Cone} cone */
  section({ near, far }) {
    return [`${this.trace(near.outline)}Z`, `${this.trace(far.outline)}Z`, this.trace(near.left) + this.trace(near.right)];
  }

  /** Pinned cones, each in its own dash and with its number at the apex. */
  drawPins() {
    if (!this.paint.ready) return;
    const placed = this.paint.look.pins.map((pin, i) => ({ ...pin, i, apex: pin.polar || this.paint.polarOfRow(pin.row) })).filter((p) => p.apex);
    const pins = /** @type {{omega: number, i: number, apex: Polar}[]} */ (placed);
    this.pins.replaceChildren(
      ...pins.map(({ apex, omega, i }) => {
        const { near } = this.coneParts(apex, omega);
        const group = make("g", { class: `hd-pin hd-pin-${i % 4}` });
        add(group, "path", { class: "hd-pin-area", d: this.trace(near.outline) + "Z" });
        add(group, "path", { class: "hd-pin-edge", d: this.trace(near.left) + this.trace(near.right) });
        return group;
      }),
    );
    this.pinLabels.replaceChildren(
      ...pins.map(({ apex, i }) => {
        const [x, y] = this.paint.polarToStage(apex);
        const mark = make("g", { class: `hd-pin hd-pin-${i % 4}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
        add(mark, "circle", { class: "hd-pin-mark", r: 8.5 });
        add(mark, "text", { class: "hd-pin-number", y: 3.8 }).textContent = String(i + 1);
        return mark;
      }),
    );
  }

  /** @param {Polar} apex @param {number} omega radians @param {How} [how] @returns {Cone} */
  coneParts(apex, omega, how = { scale: (theta) => theta, least: 0 }) {
    /** @param {number} drawn */
    const upTo = (drawn) => this.coneOutline(apex, omega, Math.max(this.paint.scale.true(drawn), 1.1 * apex.radius), how);
    return { near: upTo(CONE_SURE), far: upTo(CONE_RIM) };
  }

  /** @param {Polar} apex @param {number} omega @param {number} reach true radius @param {How} how @returns {Outline} */
  coneOutline(apex, omega, reach, { scale, least }) {
    const edge = M.coneEdge(apex.radius, omega, reach, this.paint.space).map(({ angle, radius }) => ({ angle: scale(angle), radius: Math.max(radius, least) }));
    /** @param {Polar[]} points @param {number} sign */
    const turn = (points, sign) => points.map((p) => ({ angle: apex.angle + sign * p.angle, radius: p.radius }));
    const [left, right] = [turn(edge, 1), turn(edge, -1)];
    const last = edge[edge.length - 1].angle;
    const rim = Array.from({ length: 97 }, (_, i) => ({ angle: apex.angle + last * (1 - i / 48), radius: reach }));
    return { left, right, outline: [...left, ...rim, ...right.slice().reverse()] };
  }

  /* ------------------------------------------------------------ the selection and own queries */

  drawSelection() {
    const { paint } = this;
    const { selection: s } = paint.look;
    this.path.setAttribute("d", s?.path?.length ? this.pathData(s) : "");
    this.marks.replaceChildren(
      ...Array.from(s?.children || []).flatMap((row) => this.ring(row, 2, "child")),
      ...Array.from(s?.parents || []).flatMap((row) => this.ring(row, 2.8, "parent")),
      ...this.selectedRings(),
    );
    this.marked = "";
  }

  /** While points glide: the rings of children and parents wait for them to arrive, the selected point keeps its own. */
  drawGliding() {
    const index = this.paint.indexOf(this.paint.look.selection?.row);
    const where = index < 0 ? "nowhere" : this.paint.spotOf(index).map((value) => value.toFixed(1)).join(" ");
    if (where === this.marked) return; // it stays where it is in most glides: nothing is drawn anew
    this.marked = where;
    this.marks.replaceChildren(...this.selectedRings());
  }

  selectedRings() {
    const row = this.paint.look.selection?.row;
    return isRow(row) ? [...this.ring(row, 7, "selected-halo"), ...this.ring(row, 3.6, "selected")] : [];
  }

  /** @param {number} row @param {number} grow px @param {string} name */
  ring(row, grow, name) {
    const { paint } = this;
    const i = paint.indexOf(row);
    if (i < 0) return [];
    const [cx, cy] = paint.spotOf(i);
    return [make("circle", { cx, cy, r: paint.points.size(i) / 2 + grow, class: `hd-${name}` })];
  }

  /** The chain root → … → selection, whichever way round `path` was given. @param {Selection} selection */
  pathData({ path = [], row, polar }) {
    const spots = Array.from(path, (one) => this.paint.polarOfRow(one)).filter((spot) => spot !== null);
    if (!spots.length) return "";
    const end = polar || (isRow(row) && !Array.from(path).includes(row) ? this.paint.polarOfRow(row) : null);
    if (spots[0].radius > spots[spots.length - 1].radius) spots.reverse();
    const chain = [{ angle: spots[0].angle, radius: 0 }, ...spots, ...(end ? [end] : [])];
    return chain.slice(1).map((to, i) => this.trace(M.geodesic(chain[i], to, this.paint.space))).join("");
  }

  drawExtra() {
    if (!this.paint.ready) return;
    this.extra.replaceChildren(
      ...this.paint.look.extra.map((extra) => {
        const [x, y] = this.paint.polarToStage(extra);
        const mark = make("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
        add(mark, "path", { class: "hd-extra", d: "M0-9 9 0 0 9-9 0Z" });
        if (extra.label) add(mark, "text", { class: "hd-label hd-extra-label", y: -14 }).textContent = extra.label;
        return mark;
      }),
    );
  }

  /** The ring under the pointer: round a point, or wider round an own mark. */
  drawHover() {
    const { hovered } = this.paint.look;
    if (!hovered) return void set(this.hover, { visibility: "hidden" });
    const [cx, cy] = this.paint.placeOf(hovered);
    const r = hovered.extra ? 14 : this.paint.points.size(hovered.index) / 2 + 3.2;
    set(this.hover, { cx, cy, r, visibility: "visible" });
  }

  /** polar points → SVG path data @param {Polar[]} points */
  trace(points) {
    const text = points.map((point) => this.paint.polarToStage(point).map((value) => value.toFixed(1)).join(" "));
    return `M${text.join("L")}`;
  }
}

/**
 * Where a ring's label goes: on the ring, as near to its top as the stage allows; null when it is out of sight.
 * @param {number} cx @param {number} cy @param {number} r @param {number} size of the stage
 */
function labelSpot(cx, cy, r, size) {
  for (let step = 0; step <= 36; step++) {
    const angle = Math.PI / 2 + (step % 2 ? 1 : -1) * Math.ceil(step / 2) * (Math.PI / 18);
    const x = cx + r * Math.cos(angle);
    const y = cy - r * Math.sin(angle);
    if (x > 44 && x < size - 44 && y > 12 && y < size - 12) return [x, y];
  }
  return null;
}

