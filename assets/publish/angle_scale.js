/**
 * True angle from the selected direction → drawn angle, and its ticks: hypviz/viz/angle_scale.py once more, step by step, so that a
 * published page draws what the server draws. In float64, like there; no page, no state.
 */
import { interpolate } from "../disk/math.js";

const [POWER, PLAIN, NEAREST, FARTHEST, LEVELS, SAMPLE] = [0.6, 0.08, 0.02, 0.98, 24, 20_000];
const TICK_STEPS = [30, 15, 10, 5, 2, 1, 0.5];
const [MOST, GAP] = [7, 0.17];

/** Evenly spaced from `from` to `to`, both included. @param {number} from @param {number} to @param {number} count @returns {number[]} */
export const linspace = (from, to, count) =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? to : from + i * ((to - from) / (count - 1))));

/** The quantile of sorted values, linear between them. @param {ArrayLike<number>} sorted @param {number} share in [0, 1] */
export function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low], sorted[Math.min(low + 1, sorted.length - 1)]];
  return at - low < 0.5 ? a + (b - a) * (at - low) : b - (b - a) * (1 - (at - low));
}

/** Monotone cubic interpolation (Fritsch and Butland's PCHIP, as SciPy has it). @param {number[]} x @param {number[]} y @returns {(at: number) => number} */
function pchip(x, y) {
  const h = x.slice(1).map((next, k) => next - x[k]);
  const slope = h.map((width, k) => (y[k + 1] - y[k]) / width);
  const d = x.map((_, k) => {
    if (h.length === 1) return slope[0];
    if (k === 0) return atEnd(h[0], h[1], slope[0], slope[1]);
    if (k === h.length) return atEnd(h[k - 1], h[k - 2], slope[k - 1], slope[k - 2]);
    if (slope[k - 1] * slope[k] <= 0) return 0;
    const [before, after] = [2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]];
    return (before + after) / (before / slope[k - 1] + after / slope[k]);
  });
  return (/** @type {number} */ at) => {
    let k = 0;
    while (k < h.length - 1 && x[k + 1] <= at) k++;
    const [s, bend] = [at - x[k], (d[k] + d[k + 1] - 2 * slope[k]) / h[k]];
    return y[k] + s * (d[k] + s * ((slope[k] - d[k]) / h[k] - bend + (s * bend) / h[k]));
  };
}

/** The slope at an end. @param {number} near @param {number} next @param {number} slope @param {number} beyond */
function atEnd(near, next, slope, beyond) {
  const found = ((2 * near + next) * slope - near * beyond) / (near + next);
  if (Math.sign(found) !== Math.sign(slope)) return 0;
  if (Math.sign(slope) !== Math.sign(beyond) && Math.abs(found) > 3 * Math.abs(slope)) return 3 * slope;
  return found;
}

/** Strictly rising knots from (0, 0) to (π, π). @param {Float64Array} theta @returns {[number[], number[]]} true, drawn */
function knots(theta) {
  const step = Math.max(1, Math.floor(theta.length / SAMPLE));
  const some = Float64Array.from(theta).filter((value, i) => i % step === 0 && value > 0 && value < Math.PI).sort();
  if (!some.length) return [[0, Math.PI], [0, Math.PI]];
  const share = linspace(0, 1, LEVELS + 1);
  const levels = share.map((value) => quantile(some, value ** (1 / POWER)));
  const places = share.map((value) => Math.PI * (NEAREST + (FARTHEST - NEAREST) * value));
  const kept = levels.map((value, k) => (k === LEVELS || levels[k + 1] - value > 1e-7) && value > 1e-7 && value < Math.PI - 1e-7);
  /** @param {number[]} column */
  const full = (column) => [0, ...column.filter((_, k) => kept[k]), Math.PI];
  const [x, y] = [full(levels), full(places)];
  return [x, x.map((value, k) => PLAIN * value + (1 - PLAIN) * y[k])];
}

export class AngleScale {
  /** @param {{true: number[], drawn: number[]}} table both rising strictly from 0 to π */
  constructor(table) {
    this.table = table;
  }

  /** A smooth stretch through a few quantiles of the angles. @param {Float64Array} theta radians in [0, π] */
  static of(theta) {
    const [x, y] = knots(theta);
    const every = x.slice(1).flatMap((next, k) => linspace(x[k], next, 13));
    const grid = [...new Set(every)].sort((a, b) => a - b);
    const curve = pchip(x, y);
    return new AngleScale({ true: grid, drawn: grid.map(curve) });
  }

  /** @param {number} theta in [0, π] @returns {number} the drawn angle */
  drawn(theta) {
    if (theta >= Math.PI) return this.table.drawn[this.table.drawn.length - 1];
    return interpolate(theta, this.table.true, this.table.drawn);
  }

  /** Round true angles in degrees, apart from each other as drawn. @returns {number[]} */
  ticks() {
    /** @type {number[]} */
    let best = [];
    for (const step of TICK_STEPS) {
      /** @type {number[]} */
      const kept = [];
      let last = 0;
      for (let k = 1; k * step < 180; k++) {
        const place = this.drawn((k * step * Math.PI) / 180);
        if (place - last < GAP || Math.PI - place < GAP / 2) continue;
        kept.push(k * step);
        last = place;
      }
      if (kept.length > best.length) best = kept;
      if (best.length >= MOST - 2) break;
    }
    return best.slice(0, MOST);
  }
}
