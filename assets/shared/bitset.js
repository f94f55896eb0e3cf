/** A set of rows as one bit each, least significant bit first: how the server sends memberships; exact for any number of rows. */

const CHUNK = 8192; // bytes made letters at once: more arguments than some browsers take would be too many

/** Whether a value can be a row of the data set. @param {unknown} row @returns {row is number} */
export const isRow = (row) => Number.isInteger(row) && Number(row) >= 0;

export class Bits {
  /** @param {Uint8Array} bytes @param {number} count of rows, not of those set */
  constructor(bytes, count) {
    this.bytes = bytes;
    this.count = count;
  }

  /** What `encode` wrote. @param {string} text base64 @param {number} count */
  static decode(text, count) {
    return new Bits(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)), count);
  }

  /** @param {Iterable<number>} rows @param {number} count */
  static of(rows, count) {
    const bits = new Bits(new Uint8Array((count + 7) >> 3), count);
    for (const row of rows) bits.bytes[row >> 3] |= 1 << (row & 7);
    return bits;
  }

  /** @returns {string} base64, what `decode` reads */
  encode() {
    let text = "";
    for (let i = 0; i < this.bytes.length; i += CHUNK) text += String.fromCharCode(...this.bytes.subarray(i, i + CHUNK));
    return btoa(text);
  }

  /** Rows as base64url: the gaps between them in bytes of seven bits, so that neighbours take one byte each. @returns {string} */
  shorten() {
    const bytes = [];
    let last = -1;
    for (const row of this.rows()) {
      let gap = row - last - 1;
      last = row;
      for (; gap > 127; gap >>>= 7) bytes.push((gap & 127) | 128);
      bytes.push(gap);
    }
    return new Bits(Uint8Array.from(bytes), 0).encode().replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  /**
   * What `shorten` made. @param {string} text @param {number} count of rows @returns {Bits}
   * @throws {Error} for a text that `shorten` did not make, or not for so many rows
   */
  static lengthen(text, count) {
    const rows = [];
    let [row, gap, shift] = [-1, 0, 0];
    if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new Error("The selection of this link is damaged, so it is left out.");
    for (const character of atob(text.replaceAll("-", "+").replaceAll("_", "/"))) {
      const byte = character.charCodeAt(0);
      gap += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte & 128) continue;
      row += gap + 1;
      [gap, shift] = [0, 0];
      if (row >= count) throw new Error("The selection of this link names items that are not there, so it is left out.");
      rows.push(row);
    }
    return Bits.of(rows, count);
  }

  /** @param {number} row @returns {boolean} */
  has(row) {
    return row < this.count && ((this.bytes[row >> 3] >> (row & 7)) & 1) === 1;
  }

  /** Rows that are in both. @param {Bits} other */
  and(other) {
    return new Bits(this.bytes.map((byte, i) => byte & other.bytes[i]), this.count);
  }

  /** @returns {Uint32Array} the rows, ascending */
  rows() {
    const rows = [];
    for (let row = 0; row < this.count; row++) if (this.has(row)) rows.push(row);
    return Uint32Array.from(rows);
  }

  /** How many rows are in it. */
  get size() {
    let sum = 0;
    for (let row = 0; row < this.count; row++) sum += Number(this.has(row));
    return sum;
  }
}
