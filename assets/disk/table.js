/** The points at hand: the header of a payload and its columns, one value a point, by index and by row. */
import { isRow } from "../shared/bitset.js";

/** In the place of what comes with the first payload. @template T @returns {T} */
export const unset = () => /** @type {T} */ (/** @type {unknown} */ (undefined));

/** Nothing but `n` is there until the first payload. */
export class PointTable {
  constructor() {
    this.n = 0;
    this.header = /** @type {import("./math.js").Header} */ (unset());
    this.space = /** @type {import("./math.js").Space} */ (unset());
    this.scale = /** @type {import("./math.js").Scale} */ (unset());
    this.rings = /** @type {import("./math.js").Ring[]} */ (unset());
    this.angle = /** @type {ArrayLike<number>} */ (unset());
    /** @type {Float32Array} */
    this.radius = this.drawn = this.plain = this.overview = this.sent = unset();
    /** @type {Int32Array} */
    this.label = this.image = unset();
    /** @type {Uint8Array|Uint16Array} */
    this.depth = this.branch = this.split = this.flags = unset();
    /** @type {Uint8Array|undefined} */
    this.far = this.distortion = undefined;
    /** @type {Int32Array|undefined} */
    this.row = undefined;
    /** @type {Map<number, number>|null|undefined} the index of each row, in a sample */
    this.places = undefined;
    /** @type {Float64Array} where the points are, in the disk frame, and in the view frame times zoom */
    this.zx = this.zy = this.vx = this.vy = unset();
  }

  /** The index of a row, −1 when it is not among the points. @param {number|null|undefined} row */
  indexOf(row) {
    if (!isRow(row)) return -1;
    if (this.places) return this.places.get(row) ?? -1;
    return row < this.n ? row : -1;
  }

  /** @param {number} index */
  rowAt(index) {
    return this.row ? this.row[index] : index;
  }

  /** @param {number} index */
  polarOf(index) {
    return { angle: this.angle[index], radius: this.radius[index] };
  }

  /** @param {number|null|undefined} row */
  polarOfRow(row) {
    const index = this.indexOf(row);
    return index < 0 ? null : this.polarOf(index);
  }
}
