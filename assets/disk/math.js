/**
 * The mathematics of the disk: no page, no plotly, no state.
 *
 * Three frames, always named in full:
 * - polar   {angle, radius}: the true hyperbolic (or euclidean) plane; radius is the true distance to the root.
 * - disk    [x, y], |·| < 1: the drawn disk at home; the angle is kept, the radius goes through the radius scale.
 * - view    [x, y]: the disk after the Möbius translation that brings `centre` to the middle.
 *
 * @typedef {number[]} Point   [x, y]
 * @typedef {{angle: number, radius: number}} Polar   radians and true distance to the root
 * @typedef {{curv: number, geometry: "hyperbolic"|"euclidean"|"cosine"|string}} Space
 * @typedef {{true: number[], drawn: number[]}} Table   of a radius scale, both rising strictly from 0
 * @typedef {{true: number, drawn: number}} Ring
 * @typedef {import("./colours.js").Group} Group
 * @typedef {Object} Header   of a payload, as hypviz/viz/disk.py writes it
 * @property {number} n                  points that it holds
 * @property {number} total              items of the data set
 * @property {string} title              of the data
 * @property {string} how                the points were chosen, in words
 * @property {string} layout
 * @property {number} curv
 * @property {string} geometry
 * @property {Table} scale
 * @property {Ring[]} rings
 * @property {{scale: Table, rings: Ring[]}} [linear]
 * @property {number|null} [narrow]      the share within which nearly all distances to the root lie
 * @property {number|null} [distortion]  rank correlation of true and drawn distances
 * @property {number|null} [chance]      what it would be with the angles exchanged at random
 * @property {Group[]} branches
 * @property {Group[]} depths
 * @property {Group[]} [splits]
 * @property {{bit: number, name: string, title: string, count: number}[]} [flags]
 * @property {string[]} classes
 * @property {string[]} images
 *
 * @typedef {Object} Columns             one value a point
 * @property {Float32Array} angle
 * @property {Float32Array} radius
 * @property {Float32Array} drawn
 * @property {Int32Array} label
 * @property {Int32Array} image
 * @property {Uint8Array|Uint16Array} depth
 * @property {Uint8Array|Uint16Array} branch
 * @property {Uint8Array|Uint16Array} split
 * @property {Uint8Array|Uint16Array} flags
 * @property {Uint8Array} [far]
 * @property {Uint8Array} [distortion]
 * @property {Int32Array} [row]          of each point, in a sample
 *
 * @typedef {{header: Header, arrays: Columns}} Payload
 */

/* ---------------------------------------------------------------- payload */

/** @typedef {Float32ArrayConstructor|Float64ArrayConstructor|Int32ArrayConstructor|Uint32ArrayConstructor|Uint16ArrayConstructor|Uint8ArrayConstructor} Type */
/** @type {Record<string, Type>} */
const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };

/**
 * Decode a disk payload (hypviz/viz/disk.py): uint32 header length, JSON header, raw arrays. What it holds is what was asked for.
 * @template {{header: object, arrays: object}} [P=Payload]
 * @param {ArrayBuffer} buffer
 * @returns {P}
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength) throw new Error("This is not a disk payload: its header is cut off.");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  if (header.version !== 1) throw new Error(`Disk payload version ${header.version} is not known here; reload the page.`);
  /** @type {Record<string, InstanceType<Type>>} */
  const arrays = {};
  for (const { name, dtype, offset, length: count } of header.arrays) {
    const [Type, start] = [TYPES[dtype], 4 + length + offset];
    const aligned = start % Type.BYTES_PER_ELEMENT === 0; // arrays start at multiples of 4: one of 8 bytes may have to be copied
    arrays[name] = aligned ? new Type(buffer, start, count) : new Type(buffer.slice(start, start + count * Type.BYTES_PER_ELEMENT));
  }
  return /** @type {P} */ (/** @type {unknown} */ ({ header, arrays }));
}

/**
 * Several payloads of one data set and layout as one: each row once, as it first comes. All name their rows.
 * @param {Payload[]} payloads @returns {Payload}
 */
export function merge(payloads) {
  const seen = new Set();
  const kept = payloads.map(({ arrays: { row = [] } }) => Array.from(row.keys()).filter((i) => !seen.has(row[i]) && seen.add(row[i])));
  const columns = payloads.map(({ arrays }) => /** @type {Record<string, InstanceType<Type>>} */ ({ ...arrays }));
  /** @type {Record<string, InstanceType<Type>>} */
  const arrays = {};
  for (const [name, column] of Object.entries(columns[0])) {
    const whole = (arrays[name] = new /** @type {Type} */ (column.constructor)(seen.size));
    let at = 0;
    columns.forEach((one, p) => kept[p].forEach((i) => (whole[at++] = one[name][i])));
  }
  return { header: { ...payloads[0].header, n: seen.size }, arrays: /** @type {Columns} */ (/** @type {unknown} */ (arrays)) };
}

/* ---------------------------------------------------------------- radius scale */

/** True distance to the root ↔ drawn radius; the same table and tail as Python's RadiusScale. */
export class Scale {
  /** @param {{true: number[], drawn: number[]}} table both rising strictly from 0 */
  constructor(table) {
    this.x = table.true;
    this.y = table.drawn;
    const last = this.x.length - 1;
    this.end = this.x[last];
    this.room = 1 - this.y[last];
    this.slope = (this.y[last] - this.y[last - 1]) / (this.x[last] - this.x[last - 1]);
  }

  /** @param {number} radius @returns {number} drawn radius in [0, 1) */
  drawn(radius) {
    if (radius <= this.end) return interpolate(radius, this.x, this.y);
    return 1 - this.room * (1 + (this.slope * (radius - this.end)) / (3 * this.room)) ** -3;
  }

  /** @param {number} drawn @returns {number} true distance */
  true(drawn) {
    if (drawn <= 1 - this.room) return interpolate(drawn, this.y, this.x);
    return this.end + ((3 * this.room) / this.slope) * (Math.cbrt(this.room / Math.max(1 - drawn, 1e-15)) - 1);
  }

  /** polar → disk @param {number} angle @param {number} radius @returns {Point} */
  disk(angle, radius) {
    const drawn = this.drawn(radius);
    return [drawn * Math.cos(angle), drawn * Math.sin(angle)];
  }
}

/**
 * Straight lines through the points of a table, going on beyond its ends.
 * @param {number} value @param {ArrayLike<number>} from rising @param {ArrayLike<number>} to @returns {number}
 */
export function interpolate(value, from, to) {
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= value) low = middle;
    else high = middle;
  }
  return to[low] + ((to[high] - to[low]) * (value - from[low])) / (from[high] - from[low]);
}

/* ---------------------------------------------------------------- Möbius translations */

/**
 * The translation that brings `centre` to the middle: (z − a)/(1 − ā z).
 * @param {Point} point @param {Point} centre @returns {Point}
 */
export function translate([x, y], [ax, ay]) {
  const re = 1 - ax * x - ay * y;
  const im = ay * x - ax * y;
  const square = re * re + im * im;
  const dx = x - ax;
  const dy = y - ay;
  return [(dx * re + dy * im) / square, (dy * re - dx * im) / square];
}

/** The inverse of `translate`. @param {Point} point @param {Point} centre @returns {Point} */
export const untranslate = (point, [ax, ay]) => translate(point, [-ax, -ay]);

/**
 * The centre of the translation that takes disk point `from` to view point `to`; exact, and without any turning.
 * @param {Point} from @param {Point} to @returns {Point}
 */
export function translationTaking([zx, zy], [wx, wy]) {
  const ux = zx - wx;
  const uy = zy - wy;
  const vx = wx * zx - wy * zy;
  const vy = wx * zy + wy * zx;
  const room = 1 - vx * vx - vy * vy;
  return [(ux + vx * ux + vy * uy) / room, (uy + vy * ux - vx * uy) / room];
}

/**
 * Where the circle of drawn radius `s` about the root lies after a translation, again a circle.
 * @param {number} s @param {Point} centre @returns {{x: number, y: number, r: number}}
 */
export function circleImage(s, [ax, ay]) {
  const square = ax * ax + ay * ay;
  const below = 1 - square * s * s;
  return { x: (-ax * (1 - s * s)) / below, y: (-ay * (1 - s * s)) / below, r: (s * (1 - square)) / below };
}

/* ---------------------------------------------------------------- geodesics and cones, in the true plane */

/**
 * The point at `distance` from the apex along the ray that leaves it at `omega` against the outward direction.
 * @param {number} apexRadius @param {number} omega radians @param {number} distance @param {Space} space
 * @returns {[number, number]} its angle seen from the root, relative to the apex, and its true radius
 */
export function rayPoint(apexRadius, omega, distance, { curv, geometry }) {
  if (geometry !== "hyperbolic") {
    const ahead = apexRadius + distance * Math.cos(omega);
    const aside = distance * Math.sin(omega);
    return [Math.atan2(aside, ahead), Math.hypot(ahead, aside)];
  }
  const root = Math.sqrt(curv);
  const r = root * apexRadius;
  const t = root * distance;
  // cos ω sinh t cosh r + cosh t sinh r, without its cancellation at ω near π.
  const ahead = Math.sinh(r - t) + 2 * Math.cos(omega / 2) ** 2 * Math.sinh(t) * Math.cosh(r);
  const aside = Math.sin(omega) * Math.sinh(t);
  return [Math.atan2(aside, ahead), Math.asinh(Math.hypot(ahead, aside)) / root];
}

/**
 * The cone {y : ext(apex, y) ≤ omega} in the plane: its left edge as polar points, the right one is its mirror image.
 * @param {number} apexRadius @param {number} omega radians @param {number} reach true radius @param {Space} space @param {number} [steps]
 * @returns {Polar[]} from the apex to `reach`, angles relative to the apex
 */
export function coneEdge(apexRadius, omega, reach, space, steps = 160) {
  if (space.geometry === "cosine") {
    return [0, reach].map((radius) => ({ angle: omega, radius })); // a cap of directions: two straight rays
  }
  const edge = [];
  for (let i = 0; i <= steps; i++) {
    const [angle, radius] = rayPoint(apexRadius, omega, (apexRadius + reach) * (i / steps) ** 1.5, space);
    edge.push({ angle: i ? angle : 0, radius: Math.min(radius, reach) });
    if (i && radius >= reach) break;
  }
  return edge;
}

/**
 * Polar points of the geodesic between two polar points; a straight line unless the geometry is hyperbolic.
 * @param {Polar} from @param {Polar} to @param {Space} space @param {number} [steps] @returns {Polar[]}
 */
export function geodesic(from, to, { curv, geometry }, steps = 40) {
  const root = geometry === "hyperbolic" ? Math.sqrt(curv) : 1;
  /** @param {Polar} place */
  const lift = ({ angle, radius }) => {
    const r = root * radius;
    const [space, time] = geometry === "hyperbolic" ? [Math.sinh(r), Math.cosh(r)] : [r, 1];
    return [space * Math.cos(angle), space * Math.sin(angle), time];
  };
  const a = lift(from);
  const b = lift(to);
  const length =
    geometry === "hyperbolic" ? 2 * Math.asinh(Math.sqrt(Math.max(0, minkowski(a, b))) / 2) : 0;
  const points = [];
  for (let i = 0; i <= steps; i++) {
    const s = i / steps;
    const [wa, wb] =
      length > 1e-9 ? [Math.sinh((1 - s) * length) / Math.sinh(length), Math.sinh(s * length) / Math.sinh(length)] : [1 - s, s];
    const x = wa * a[0] + wb * b[0];
    const y = wa * a[1] + wb * b[1];
    const space = Math.hypot(x, y);
    points.push({ angle: Math.atan2(y, x), radius: (geometry === "hyperbolic" ? Math.asinh(space) : space) / root });
  }
  return points;
}

/** Squared Lorentz norm of a − b: 4 sinh²(d/2), which keeps its digits for near points. @param {number[]} a @param {number[]} b */
function minkowski(a, b) {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 - (a[2] - b[2]) ** 2;
}

