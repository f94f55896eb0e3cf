/**
 * Points that move while the disk stays: a frame gives every point a new distance to the root, its angle is held. Arrows lead from where
 * a point was at first to where it is.
 *
 *   const ghosts = new Ghosts(disk);   // the disk has its first points
 *   await ghosts.move(arrays);   ghosts.show(true);   ghosts.destroy();
 */
import { add, make, set } from "../shared/dom.js";
import * as M from "./math.js";

const LEAST = 0.012; // of the drawn disk: shorter arrows are not drawn
const HEADS = 160; // arrow heads, on the longest
const HEAD_PX = 5;

export class Ghosts {
  /** @param {import("./disk.js").Disk} disk */
  constructor(disk) {
    this.disk = disk;
    this.paint = disk.paint;
    this.shown = false;
    this.start = Float32Array.from(disk.paint.drawn);
    this.layer = make("svg", { class: "hd-layer hd-ghosts" });
    this.lines = add(this.layer, "path", { class: "hd-ghost-line" });
    this.heads = add(this.layer, "path", { class: "hd-ghost-head" });
    /** @type {Element} */ (disk.el.stage.querySelector(".hd-over")).before(this.layer);
    const around = this.paint.drawAround;
    this.paint.drawAround = () => {
      around.call(this.paint);
      this.draw();
    };
  }

  /** Glide to another frame. @param {{radius: Float32Array, drawn: Float32Array}} arrays one value per point */
  async move({ radius, drawn }) {
    const { paint } = this;
    if (drawn.length !== paint.n) throw new Error("This frame is of other points than the disk; reload the page.");
    const before = [Float64Array.from(paint.zx), Float64Array.from(paint.zy)];
    paint.radius.set(radius);
    paint.drawn.set(drawn);
    for (let i = 0; i < paint.n; i++) {
      paint.zx[i] = drawn[i] * Math.cos(paint.angle[i]);
      paint.zy[i] = drawn[i] * Math.sin(paint.angle[i]);
    }
    await this.disk.moves.glide(before);
    this.draw();
  }

  /** @param {boolean} on */
  show(on) {
    this.shown = on;
    this.draw();
  }

  /** How far points have moved: {out, in, median} counts and the median change of the true distance need the frames; this is of the drawn. */
  moved() {
    return this.start.reduce((sum, from, i) => sum + Number(Math.abs(this.paint.drawn[i] - from) > LEAST), 0);
  }

  draw() {
    const { paint } = this;
    if (!this.shown || !paint.ready) {
      set(this.lines, { d: "" });
      set(this.heads, { d: "" });
      return;
    }
    set(this.layer, { viewBox: `0 0 ${paint.size} ${paint.size}` });
    const { centre, zoom } = paint.view;
    /** @type {number[][][]} */
    const arrows = [];
    for (let i = 0; i < paint.n; i++) {
      const now = Math.hypot(paint.zx[i], paint.zy[i]);
      if (Math.abs(now - this.start[i]) < LEAST) continue;
      /** @param {number} drawn */
      const at = (drawn) => {
        const [x, y] = M.translate([drawn * Math.cos(paint.angle[i]), drawn * Math.sin(paint.angle[i])], centre);
        return paint.toStage(x * zoom, y * zoom);
      };
      arrows.push([at(this.start[i]), at(now)]);
    }
    const spot = (/** @type {number[]} */ [x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;
    const opacity = Math.max(0.15, Math.min(0.6, 180 / arrows.length)); // many of them would be one blot
    set(this.lines, { d: arrows.map(([a, b]) => `M${spot(a)}L${spot(b)}`).join(""), "stroke-opacity": opacity.toFixed(2) });
    const long = (/** @type {number[][]} */ [a, b]) => Math.hypot(b[0] - a[0], b[1] - a[1]);
    const longest = arrows.length > HEADS ? [...arrows].sort((a, b) => long(b) - long(a)).slice(0, HEADS) : arrows;
    set(this.heads, { d: longest.map((arrow) => head(arrow, long(arrow))).join("") });
  }

  destroy() {
    Reflect.deleteProperty(this.paint, "drawAround"); // the class's own again
    this.layer.remove();
  }
}

/** A small triangle at the end of an arrow. @param {number[][]} arrow @param {number} length */
function head([[ax, ay], [bx, by]], length) {
  if (length < HEAD_PX) return "";
  const [ux, uy] = [((bx - ax) / length) * HEAD_PX, ((by - ay) / length) * HEAD_PX];
  /** @param {number} x @param {number} y */
  const spot = (x, y) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return `M${spot(bx, by)}L${spot(bx - ux - uy * 0.55, by - uy + ux * 0.55)}L${spot(bx - ux + uy * 0.55, by - uy - ux * 0.55)}Z`;
}

