/**
 * The outline of a cone as drawn around its apex: hypviz/viz/outline.py once more, step by step. A polygon that holds the members and
 * nothing else, relative to the apex's direction: {angle, drawn, edge}, the first and last `edge` corners along the two sides.
 *
 * @typedef {import("../disk/math.js").Scale} Scale
 * @typedef {{curv: number, geometry: string}} Space
 * @typedef {{theta: number, true: number}} True      a true angle from the apex, a true radius
 * @typedef {{phi: number, rho: number}} Place        a drawn angle from the apex, a drawn radius
 * @typedef {{x: number, y: number, edge: boolean}} Corner   edge: on a side of the cone, not on the rim
 * @typedef {{x: number, y: number, member: number}} Dot
 * @typedef {{angle: number[], drawn: number[], edge: number}} Outline
 * @typedef {Object} Cone
 * @property {Space} space
 * @property {number} radius        true, of the apex
 * @property {number} omega         half-angle, radians
 * @property {import("./angle_scale.js").AngleScale} angles
 * @property {Scale} radii
 * @property {number} farthest      largest true radius of all items
 * @property {number|null} minRadius   it holds nothing nearer to the root
 */
import { linspace } from "./angle_scale.js";

const [STEPS, STRAIGHT, ROUNDS, END, AROUND, RIM_SIDES, ARC_STEP] = [48, 1e-4, 8, 0.9995, 1e-9, 96, 0.02];
const NEAR = 2 * STRAIGHT;
const SAME = 1e-12;
const PROBES = [0, 0.25, 0.5, 0.75, 1];

/** @param {number[]} values */
const risen = (values) => [...new Set(values)].sort((a, b) => a - b);

/**
 * The point at distance `way` from x on the ray that leaves x at `omega`.
 * @param {Space} space @param {number} radius @param {number} omega @param {number} way @returns {[number, number]} true angle, true radius
 */
function ray(space, radius, omega, way) {
  if (space.geometry !== "hyperbolic") {
    const [ahead, aside] = [radius + way * Math.cos(omega), way * Math.sin(omega)];
    return [Math.atan2(aside, ahead), Math.hypot(ahead, aside)];
  }
  const root = Math.sqrt(space.curv);
  const [r, t] = [root * radius, root * way];
  const [inner, outer] = [Math.expm1(-2 * r), Math.expm1(-2 * t)];
  const ahead = (outer - inner) / 2 - (Math.cos(omega / 2) ** 2 * outer * (2 + inner)) / 2;
  const aside = ((-Math.sin(omega) * outer) / 2) * Math.exp(-r);
  const sinh = Math.hypot(ahead, aside);
  const far = Math.log(2 * sinh) + r + t; // where sinh is above 1e8, arcsinh is the logarithm of twice that
  return [Math.atan2(aside, ahead), (far > 20 ? far : Math.asinh(sinh * Math.exp(r + t))) / root];
}

/**
 * Distances from the apex to begin with: where the ray meets circles that are drawn evenly.
 * @param {number} radius @param {number} reach @param {Scale} radii
 */
function firstCorners(radius, reach, radii) {
  const circles = linspace(0, END, STEPS + 1).slice(0, STEPS).map((drawn) => Math.min(radii.true(drawn), reach));
  circles.push(reach);
  return risen([...circles.map((one) => Math.abs(one - radius)), ...circles.map((one) => one + radius), 0]).filter((one) => one <= radius + reach);
}

/** The curve from the apex to the rim. @param {Cone} cone @returns {True[]} by rising distance from the apex */
function border({ space, radius, omega, angles, radii, farthest }) {
  const reach = Math.max(radii.true(END), 1.05 * Math.max(radius, farthest));
  if (space.geometry === "cosine") return [[0, 0], [omega, 0], [omega, reach]].map(([theta, far]) => ({ theta, true: far }));
  const at = (/** @type {number} */ way) => {
    const [theta, far] = ray(space, radius, omega, way);
    const turned = way === 0 ? 0 : theta; // at ω = π the ray leads through the root, where angles jump
    const [phi, rho] = [angles.drawn(turned), radii.drawn(far)];
    return { theta: turned, true: far, x: rho * Math.cos(phi), y: rho * Math.sin(phi) };
  };
  const way = firstCorners(radius, reach, radii);
  let sides = way.slice(1).map((high, k) => [way[k], high]);
  while (sides.length) {
    sides = sides.flatMap(([low, high]) => {
      const places = PROBES.map((share) => at(low + share * (high - low)));
      const [first, last] = [places[0], places[4]];
      const off = Math.max(
        ...places.map(({ x, y }, k) => Math.hypot(x - first.x - PROBES[k] * (last.x - first.x), y - first.y - PROBES[k] * (last.y - first.y))),
      );
      const middle = (low + high) / 2;
      if (!(off > STRAIGHT && Math.min(first.true, last.true) < reach && low < middle && middle < high)) return [];
      way.push(middle);
      return [[low, middle], [middle, high]];
    });
  }
  const curve = way.sort((a, b) => a - b).map(at);
  const beyond = curve.findIndex((one) => one.true >= reach);
  const end = Math.max(beyond < 0 ? curve.length - 1 : beyond, 1);
  return curve.slice(0, end + 1).map((one) => ({ theta: one.theta, true: Math.min(one.true, Math.max(reach, radius)) }));
}

/**
 * The curve of what also lies beyond a circle: where it runs inside, the circle takes its place, in fine steps.
 * @param {Place[]} places @param {number} least @returns {Place[]}
 */
function beyondCircle(places, least) {
  // the apex's own radius is that of the circle only to its rounding
  const curve = places.map(({ phi, rho }) => ({ phi, rho: Math.abs(rho - least) < SAME ? least : rho }));
  const crossed = curve.flatMap((here, k) => {
    const next = curve[k + 1];
    if (!next || here.rho < least === next.rho < least) return [here];
    const share = (least - here.rho) / (next.rho - here.rho);
    return [here, { phi: here.phi + share * (next.phi - here.phi), rho: least }];
  });
  const outside = crossed.map(({ phi, rho }) => ({ phi, rho: Math.max(rho, least) }));
  return outside.flatMap((here, k) => {
    const next = outside[k + 1];
    if (!next) return [here];
    const onCircle = here.rho === least && next.rho === least;
    const steps = onCircle ? Math.max(1, Math.ceil(Math.abs(next.phi - here.phi) / ARC_STEP)) : 1;
    return Array.from({ length: steps }, (_, step) => ({
      phi: here.phi + (step / steps) * (next.phi - here.phi),
      rho: here.rho + (step / steps) * (next.rho - here.rho),
    }));
  });
}

/** @param {Cone} cone @returns {Outline} */
export function coneOutline(cone) {
  const { angles, radii, minRadius } = cone;
  let curve = border(cone).map((one) => ({ phi: angles.drawn(one.theta), rho: radii.drawn(one.true) }));
  if (minRadius !== null) curve = beyondCircle(curve, radii.drawn(minRadius));
  const last = curve[curve.length - 1].phi;
  // Sides of the rim touch the circle from outside, so that no item is cut off however far out it is.
  const rim = linspace(last, -last, RIM_SIDES + 1).map((phi) => ({ phi, rho: 1 / Math.cos(last / RIM_SIDES) }));
  const right = curve.slice(1).reverse().map(({ phi, rho }) => ({ phi: -phi, rho }));
  const all = [...curve, ...rim, ...right];
  return { angle: all.map((one) => one.phi), drawn: all.map((one) => one.rho), edge: curve.length };
}

/** Even-odd rule for many points: each side meets only the points between its ends in y, found by bisection. */
class Points {
  /** @param {Float64Array} x @param {Float64Array} y */
  constructor(x, y) {
    this.order = Uint32Array.from(x.keys()).sort((a, b) => y[a] - y[b]);
    this.x = Float64Array.from(this.order, (i) => x[i]);
    this.y = Float64Array.from(this.order, (i) => y[i]);
  }

  /** @param {number[][]} polygon @returns {Uint8Array} 1 for points inside, in the order they were given in */
  inside(polygon) {
    const odd = new Uint8Array(this.x.length);
    polygon.forEach(([x1, y1], k) => {
      const [x2, y2] = polygon[(k + 1) % polygon.length];
      const last = this.first(Math.max(y1, y2));
      for (let i = this.first(Math.min(y1, y2)); i < last; i++) {
        if (this.x[i] < x1 + (this.y[i] - y1) * ((x2 - x1) / (y2 - y1))) odd[i] ^= 1;
      }
    });
    const found = new Uint8Array(odd.length);
    this.order.forEach((i, k) => (found[i] = odd[k]));
    return found;
  }

  /** @param {number} value */
  first(value) {
    let [low, high] = [0, this.y.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.y[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The polygon with a corner beside each point, in the side nearest to it. @param {Corner[]} corners @param {Dot[]} points @returns {Corner[]} */
function around(corners, points) {
  const ends = corners.map((_, k) => corners[(k + 1) % corners.length]);
  const area = corners.reduce((sum, { x, y }, k) => sum + x * ends[k].y - ends[k].x * y, 0);
  const added = points.flatMap(({ x, y, member }) => {
    let best = { side: 0, share: 0, distance: Infinity, ax: 0, ay: 0, square: 1 };
    corners.forEach((corner, side) => {
      const [ax, ay] = [ends[side].x - corner.x, ends[side].y - corner.y];
      const square = Math.max(ax * ax + ay * ay, 2.2250738585072014e-308);
      const share = Math.min(1, Math.max(0, ((x - corner.x) * ax + (y - corner.y) * ay) / square));
      const distance = Math.hypot(x - corner.x - share * ax, y - corner.y - share * ay);
      if (distance < best.distance) best = { side, share, distance, ax, ay, square };
    });
    if (!(best.distance < NEAR)) return [];
    const step = ((member ? -AROUND : AROUND) * Math.sign(area)) / Math.sqrt(best.square);
    return [{ side: best.side, share: best.share, corner: { x: x - best.ay * step, y: y + best.ax * step, edge: corners[best.side].edge } }];
  });
  added.sort((a, b) => a.side - b.side || a.share - b.share);
  /** @type {Map<number, Corner[]>} */
  const beside = new Map();
  for (const { side, corner } of added) beside.set(side, [...(beside.get(side) || []), corner]);
  return corners.flatMap((corner, k) => [corner, ...(beside.get(k) || [])]);
}

/**
 * The outline led around every point that it has on the wrong side by less than NEAR disk radii; one farther off stays there: that
 * would be a fault of the curve and is not covered up.
 * @param {Outline} outline
 * @param {ArrayLike<number>} angle of the points as drawn, relative to the apex @param {ArrayLike<number>} drawn @param {ArrayLike<number>} member @returns {Outline}
 */
export function bent(outline, angle, drawn, member) {
  const x = Float64Array.from(angle, (phi, i) => drawn[i] * Math.cos(phi));
  const y = Float64Array.from(angle, (phi, i) => drawn[i] * Math.sin(phi));
  const points = new Points(x, y);
  const right = outline.angle.length - outline.edge + 1;
  let corners = outline.angle.map((phi, k) => ({
    x: outline.drawn[k] * Math.cos(phi),
    y: outline.drawn[k] * Math.sin(phi),
    edge: k < outline.edge || k >= right,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    const inside = points.inside(corners.map((one) => [one.x, one.y]));
    /** @type {Dot[]} */
    const wrong = [];
    inside.forEach((here, i) => here !== member[i] && wrong.push({ x: x[i], y: y[i], member: member[i] }));
    if (!wrong.length) break;
    corners = around(corners, wrong);
  }
  const rim = corners.findIndex((one) => !one.edge);
  return {
    angle: corners.map((one) => Math.atan2(one.y, one.x)),
    drawn: corners.map((one) => Math.hypot(one.x, one.y)),
    edge: rim < 0 ? corners.length : rim,
  };
}
