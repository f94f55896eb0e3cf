/**
 * Points on a 2-D canvas: for a second disk beside the first (one WebGL figure a page), and where WebGL is missing.
 * Each colour and size is drawn once as a small picture and then stamped: 5,000 points take about 3 ms.
 *
 * @typedef {import("./points.js").PointGroup} PointGroup
 * @typedef {import("./points.js").PointLook} PointLook
 */
import { el } from "../shared/dom.js";

const TURN = 2 * Math.PI;

export class CanvasPoints {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.canvas = element.appendChild(el("canvas"));
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** @type {Map<number, HTMLCanvasElement>[]} the small picture of each size, for each group */
    this.stamps = [];
    /** @type {number[]} the opacity of each group */
    this.strengths = [];
    this.density = this.half = this.unit = 0;
  }

  /** @param {PointGroup[]} groups @param {PointLook} look */
  draw(groups, { size, reach, face, tint, opacity }) {
    this.density = Math.min(2, Math.max(1, devicePixelRatio || 1));
    this.canvas.width = this.canvas.height = Math.round(size * this.density);
    this.canvas.style.width = this.canvas.style.height = `${size}px`;
    this.half = this.canvas.width / 2;
    this.unit = this.half / reach;
    this.stamps = groups.map((group) => new Map([...new Set(group.size)].map((s) => [s, this.stamp(s, group, group.member ? tint : face)])));
    this.opacity(groups, opacity);
  }

  /** @param {number} size @param {PointGroup} group @param {string} line its colour */
  stamp(size, { colour, lit, member }, line) {
    const r = (size / 2) * this.density;
    const stamp = el("canvas");
    stamp.width = stamp.height = 2 * Math.ceil(r) + 2;
    const context = /** @type {CanvasRenderingContext2D} */ (stamp.getContext("2d"));
    context.beginPath();
    context.arc(stamp.width / 2, stamp.width / 2, r, 0, TURN);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = line;
    context.lineWidth = (member ? 1 : 0.7) * this.density;
    if (lit) context.stroke();
    return stamp;
  }

  /** @param {PointGroup[]} groups */
  push(groups) {
    const { context, half, unit, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    groups.forEach(({ rows, size, x, y }, g) => {
      context.globalAlpha = this.strengths[g];
      for (let i = 0; i < rows.length; i++) {
        const stamp = /** @type {HTMLCanvasElement} */ (this.stamps[g].get(size[i]));
        context.drawImage(stamp, Math.round(half + x[i] * unit - stamp.width / 2), Math.round(half - y[i] * unit - stamp.width / 2));
      }
    });
  }

  /** @param {PointGroup[]} groups @param {(group: PointGroup) => number} of @returns {boolean} whether it could be done without drawing anew */
  opacity(groups, of) {
    this.strengths = groups.map(of);
    this.push(groups);
    return true;
  }

  destroy() {
    this.canvas.remove();
  }
}

