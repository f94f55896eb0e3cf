/**
 * Parent → child pairs as geodesic arcs of the true plane, drawn through the same radial scale as the points.
 *
 * An arc is worked out once, in the disk frame; a frame of a drag only translates its points, so that a thousand arcs
 * cost about two milliseconds. They are painted on a canvas, because a path of that length is slow in SVG.
 */
import * as M from "./math.js";

const [FINE, COARSE, MANY] = [16, 9, 300]; // segments of an arc, and how many arcs are too many for fine ones

export class Edges {
  /** @param {import("./paint.js").Painter} paint @param {HTMLCanvasElement} canvas */
  constructor(paint, canvas) {
    this.paint = paint;
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.arcs = new Float64Array(0);
    this.count = 0;
    this.steps = FINE;
  }

  /** Work the arcs out. @param {number[][]} pairs rows; those that are not among the points are left out */
  prepare(pairs) {
    const { paint } = this;
    const known = pairs.map((pair) => pair.map((row) => paint.indexOf(row))).filter(([a, b]) => a >= 0 && b >= 0);
    this.count = known.length;
    this.steps = known.length > MANY ? COARSE : FINE;
    this.arcs = new Float64Array(known.length * (this.steps + 1) * 2);
    let at = 0;
    for (const [a, b] of known) {
      for (const { angle, radius } of M.geodesic(paint.polarOf(a), paint.polarOf(b), paint.space, this.steps)) {
        const spot = paint.scale.disk(angle, radius);
        this.arcs[at++] = spot[0];
        this.arcs[at++] = spot[1];
      }
    }
  }

  /** Give `visit(x, y, first)` every point of every arc, in stage pixels. @param {(x: number, y: number, first: boolean) => void} visit */
  walk(visit) {
    const { arcs, paint } = this;
    const stride = 2 * this.steps + 2;
    const { centre: [ax, ay], zoom } = paint.view;
    const { half, px } = paint;
    for (let i = 0; i < arcs.length; i += 2) {
      const re = 1 - ax * arcs[i] - ay * arcs[i + 1];
      const im = ay * arcs[i] - ax * arcs[i + 1];
      const dx = arcs[i] - ax;
      const dy = arcs[i + 1] - ay;
      const scale = (zoom * px) / (re * re + im * im);
      visit(half + (dx * re + dy * im) * scale, half - (dy * re - dx * im) * scale, i % stride === 0);
    }
  }

  draw() {
    const { canvas, context, paint } = this;
    canvas.hidden = !this.count; // an empty layer costs as much as a full one
    if (canvas.hidden) return;
    const density = Math.min(2, devicePixelRatio || 1);
    const side = Math.round(paint.size * density);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    else context.clearRect(0, 0, side, side);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.beginPath();
    this.walk((x, y, first) => (first ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.strokeStyle = getComputedStyle(canvas).color;
    context.globalAlpha = this.count > 200 ? 0.28 : 0.5;
    context.lineWidth = this.count > 200 ? 0.7 : 1;
    context.stroke();
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** The arcs as SVG path data, for a picture to keep. */
  pathData() {
    /** @type {string[]} */
    const parts = [];
    this.walk((x, y, first) => parts.push(`${first ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`));
    return parts.join("");
  }
}

