/** The mathematics of the disk, held to laws and to a second way of computing: points of the hyperboloid in 2 + 1 dimensions. */
import assert from "node:assert/strict";
import { test } from "node:test";

import * as M from "../../assets/disk/math.js";

/** The same numbers at every run. */
function* randoms(seed = 7) {
  for (let state = seed; ; ) {
    state = (state * 1664525 + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}
const random = randoms();
const next = (/** @type {number} */ low, /** @type {number} */ high) => low + (high - low) * Number(random.next().value);
const point = (most = 0.95) => {
  const [r, angle] = [next(0, most), next(0, 2 * Math.PI)];
  return [r * Math.cos(angle), r * Math.sin(angle)];
};
const near = (/** @type {number} */ a, /** @type {number} */ b, by = 1e-9) => assert.ok(Math.abs(a - b) <= by * Math.max(1, Math.abs(a), Math.abs(b)), `${a} is not ${b}`);

/** A polar point on the hyperboloid of curvature −1. @param {M.Polar} place @param {number} curv */
const lift = ({ angle, radius }, curv) => {
  const r = Math.sqrt(curv) * radius;
  return [Math.sinh(r) * Math.cos(angle), Math.sinh(r) * Math.sin(angle), Math.cosh(r)];
};
const inner = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a[0] * b[0] + a[1] * b[1] - a[2] * b[2];
const distance = (/** @type {M.Polar} */ a, /** @type {M.Polar} */ b, /** @type {number} */ curv) => Math.acosh(Math.max(1, -inner(lift(a, curv), lift(b, curv)))) / Math.sqrt(curv);

test("a translation brings its centre to the middle, keeps hyperbolic distances and is undone by its inverse", () => {
  const apart = (/** @type {M.Point} */ [a, b], /** @type {M.Point} */ [c, d]) => {
    const [dx, dy, ux, uy] = [a - c, b - d, 1 - a * c - b * d, a * d - b * c];
    return 2 * Math.atanh(Math.hypot(dx, dy) / Math.hypot(ux, uy));
  };
  for (let i = 0; i < 200; i++) {
    const [centre, p, q] = [point(), point(), point()];
    M.translate(centre, centre).forEach((value) => near(value, 0));
    near(apart(M.translate(p, centre), M.translate(q, centre)), apart(p, q), 1e-7);
    const back = M.untranslate(M.translate(p, centre), centre);
    back.forEach((value, axis) => near(value, p[axis]));
  }
});

test("the translation that takes one place to another takes it there", () => {
  for (let i = 0; i < 200; i++) {
    const [from, to] = [point(0.9), point(0.9)];
    M.translate(from, M.translationTaking(from, to)).forEach((value, axis) => near(value, to[axis], 1e-8));
  }
});

test("the image of a circle about the root is the circle through its translated points", () => {
  for (let i = 0; i < 50; i++) {
    const [s, centre] = [next(0.05, 0.9), point(0.9)];
    const { x, y, r } = M.circleImage(s, centre);
    for (let k = 0; k < 8; k++) {
      const [px, py] = M.translate([s * Math.cos(k), s * Math.sin(k)], centre);
      near(Math.hypot(px - x, py - y), r, 1e-9);
    }
  }
});

test("a point along a ray lies at its distance from the apex, and leaves it at the ray's angle", () => {
  for (const curv of [0.1, 1, 3]) {
    for (let i = 0; i < 60; i++) {
      const [radius, omega, along] = [next(0.1, 3), next(0.05, 3.1), next(0.05, 3)];
      const [angle, far] = M.rayPoint(radius, omega, along, { curv, geometry: "hyperbolic" });
      const apex = { angle: 0, radius };
      near(distance(apex, { angle, radius: far }, curv), along, 1e-6);
      // the law of cosines at the apex: the angle at it inside the triangle is π − ω
      const [a, b, c] = [radius, along, far].map((side) => Math.sqrt(curv) * side);
      const cosine = (Math.cosh(a) * Math.cosh(b) - Math.cosh(c)) / (Math.sinh(a) * Math.sinh(b));
      near(Math.acos(Math.min(1, Math.max(-1, cosine))), Math.PI - omega, 1e-4);
    }
  }
});

test("a geodesic goes from one end to the other in steps of equal length", () => {
  for (const curv of [0.2, 1]) {
    const [a, b] = [{ angle: next(0, 6), radius: next(0.1, 2) }, { angle: next(0, 6), radius: next(0.1, 2) }];
    const line = M.geodesic(a, b, { curv, geometry: "hyperbolic" }, 16);
    near(distance(line[0], a, curv), 0, 1e-6);
    near(distance(line[line.length - 1], b, curv), 0, 1e-6);
    const whole = distance(a, b, curv);
    for (let i = 1; i < line.length; i++) near(distance(line[i - 1], line[i], curv), whole / 16, 1e-5);
  }
  const flat = M.geodesic({ angle: 0, radius: 1 }, { angle: Math.PI / 2, radius: 1 }, { curv: 1, geometry: "euclidean" }, 2);
  near(flat[1].radius, Math.SQRT1_2);
  near(flat[1].angle, Math.PI / 4);
});

test("a cone's edge starts at the apex, ends at the reach and goes round less than half the plane", () => {
  const space = { curv: 0.7, geometry: "hyperbolic" };
  const edge = M.coneEdge(0.8, 0.9, 4, space);
  assert.equal(edge[0].angle, 0);
  near(edge[0].radius, 0.8);
  assert.equal(edge.at(-1)?.radius, 4);
  for (const one of edge) assert.ok(one.radius <= 4 && one.angle >= 0 && one.angle < Math.PI);
  assert.deepEqual(M.coneEdge(0.8, 0.3, 2, { curv: 1, geometry: "cosine" }), [{ angle: 0.3, radius: 0 }, { angle: 0.3, radius: 2 }]);
});

test("the radius scale rises, ends below 1 and is undone", () => {
  const scale = new M.Scale({ true: [0, 1, 2, 4], drawn: [0, 0.4, 0.6, 0.9] });
  let last = -1;
  for (let radius = 0; radius < 30; radius += 0.25) {
    const drawn = scale.drawn(radius);
    assert.ok(drawn > last && drawn < 1);
    near(scale.true(drawn), radius, 1e-6);
    last = drawn;
  }
  near(scale.drawn(1), 0.4);
  const [x, y] = scale.disk(Math.PI / 2, 1);
  near(x, 0);
  near(y, 0.4);
});

/** @typedef {[string, string, Uint32Array|Uint8Array|Float64Array]} Column   name, type, values */

/** A payload as hypviz/viz/disk.py writes it. @param {object} header @param {Column[]} columns */
function payload(header, columns) {
  /** @type {{name: string, dtype: string, offset: number, length: number}[]} */
  const arrays = [];
  let offset = 0;
  for (const [name, dtype, array] of columns) {
    arrays.push({ name, dtype, offset, length: array.length });
    offset += Math.ceil(array.byteLength / 4) * 4;
  }
  let text = JSON.stringify({ ...header, arrays });
  text += " ".repeat((4 - (text.length % 4)) % 4);
  const buffer = new ArrayBuffer(4 + text.length + offset);
  new DataView(buffer).setUint32(0, text.length, true);
  const bytes = new Uint8Array(buffer);
  bytes.set(new TextEncoder().encode(text), 4);
  columns.forEach(([, , array], i) => bytes.set(new Uint8Array(array.buffer), 4 + text.length + arrays[i].offset));
  return buffer;
}

test("a payload gives back its columns, also one of eight bytes that does not lie at a multiple of eight", () => {
  /** @type {Column[]} */
  const columns = [["row", "u4", Uint32Array.of(3, 1)], ["flags", "u1", Uint8Array.of(1, 2, 3)], ["x", "f8", Float64Array.of(0.5, -2)]];
  /** @type {{header: {n: number}, arrays: Record<string, unknown>}} */
  const { header, arrays } = M.decode(payload({ version: 1, n: 2 }, columns));
  assert.equal(header.n, 2);
  for (const [name, , array] of columns) assert.deepEqual(arrays[name], array);
});

test("a payload that is cut off or of another version is refused in words", () => {
  const whole = payload({ version: 1, n: 0 }, []);
  assert.throws(() => M.decode(whole.slice(0, 8)), /its header is cut off/);
  assert.throws(() => M.decode(payload({ version: 2 }, [])), /version 2 is not known here; reload the page/);
});

test("payloads together hold each row once, as it first came", () => {
  const one = { header: { n: 2, total: 9 }, arrays: { row: Uint32Array.of(5, 2), x: Float32Array.of(1, 2) } };
  const two = { header: { n: 2, total: 9 }, arrays: { row: Uint32Array.of(2, 7), x: Float32Array.of(8, 9) } };
  const payloads = /** @type {M.Payload[]} */ (/** @type {unknown} */ ([one, two]));
  const { header, arrays } = /** @type {{header: {n: number}, arrays: typeof one.arrays}} */ (/** @type {unknown} */ (M.merge(payloads)));
  assert.equal(header.n, 3);
  assert.deepEqual([...arrays.row], [5, 2, 7]);
  assert.deepEqual([...arrays.x], [1, 2, 9]);
});
