/** Small helpers for nodes and rows that every other script shares. Loaded first. */

const SVG_NS = "http://www.w3.org/2000/svg";

/** Strings become text, so no label or file name is ever read as HTML. */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** A push button with a click handler. */
export function button(className, text, onClick) {
  const node = element("button", className, text);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

export function set(node, attributes) {
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  return node;
}

/** A new SVG node. */
export const make = (tag, attributes = {}) => set(document.createElementNS(SVG_NS, tag), attributes);
/** A new SVG node as the last child of another. */
export const add = (parent, tag, attributes) => parent.appendChild(make(tag, attributes));
export const isRow = (row) => Number.isInteger(row) && row >= 0;
/** A number in the fewest digits that tell it to four. */
export const trim = (value) => String(Number(value.toPrecision(4)));
/** A distance from the root: three decimals, or two digits of a small one, that none but the root reads as 0. */
export const distance = (value) => (value >= 0.01 || !value ? value.toFixed(3) : String(Number(value.toPrecision(2))));
export const count = (value) => value.toLocaleString("en");
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** After the next frame is on the screen; a tab in the background has none, so it does not wait long. */
export const painted = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 150);
  });

/** Bring a tab of the page to the front, also one that a narrow window keeps under "More tabs". */
export function openTab(name) {
  const tabs = document.querySelectorAll("[role=tab], .overflow-dropdown button");
  [...tabs].find((tab) => tab.textContent.trim() === name)?.click();
}

/** Let files be dropped on a node, which has a class while they hover. @param {(data: DataTransfer) => void} onDrop */
export function dropZone(node, className, onDrop) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add(className);
  });
  node.addEventListener("dragleave", () => node.classList.remove(className));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove(className);
    onDrop(event.dataTransfer);
  });
}

/** A set of rows as one bit each, least significant bit first: how the server sends memberships. */
export class Bits {
  /** @param {Uint8Array} bytes @param {number} count of rows, not of those set */
  constructor(bytes, count) {
    this.bytes = bytes;
    this.count = count;
  }

  /** @param {string} text base64 @param {number} count */
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
    for (let i = 0; i < this.bytes.length; i += 8192) text += String.fromCharCode(...this.bytes.subarray(i, i + 8192));
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

  get size() {
    let sum = 0;
    for (let row = 0; row < this.count; row++) sum += this.has(row);
    return sum;
  }
}

