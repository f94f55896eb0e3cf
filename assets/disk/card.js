/**
 * The hover card: a ring at once, then label, depth and distance with the picture; above the point, never flipping.
 *
 * @typedef {import("./types.js").Spot} Spot
 */
import { el } from "../shared/dom.js";
import { distance } from "../shared/format.js";

const DWELL_MS = 125; // before the card fetches its picture
const AIR = 16; // between the card and its point

export class Card {
  /**
   * @param {import("./paint.js").Painter} paint @param {HTMLElement} node @param {import("./disk.js").Options} options of the disk
   * @param {(row: number) => string[]} words of a row
   */
  constructor(paint, node, options, words) {
    this.paint = paint;
    this.node = node;
    this.options = options;
    this.words = words;
    node.append(el("img"), el("div", "hd-card-text"));
  }

  /** @param {Spot|null} found what lies under the pointer, from `Painter.find` */
  hover(found) {
    const before = this.paint.look.hovered;
    if (before?.index === found?.index && before?.extra === found?.extra) return;
    this.hide();
    this.paint.look.hovered = found;
    this.paint.stage.classList.toggle("is-picking", Boolean(found));
    if (!found) return;
    this.paint.lines.drawHover();
    this.dwell = setTimeout(() => this.show(found), DWELL_MS);
  }

  hide() {
    clearTimeout(this.dwell);
    if (this.node.classList.contains("is-open")) this.options.onHover?.(null);
    this.node.classList.remove("is-open");
    this.paint.look.hovered = null;
    this.paint.lines.drawHover();
  }

  /** @param {Spot} found */
  show(found) {
    const [image, text] = /** @type {[HTMLImageElement, HTMLElement]} */ (/** @type {unknown} */ (this.node.children));
    const [title, ...lines] = found.extra ? wordsOfExtra(found.extra) : this.words(found.row);
    const url = found.extra ? found.extra.thumb : this.options.thumbUrl?.(found.row);
    image.hidden = !url;
    image.onerror = () => (image.hidden = true);
    if (url) image.src = url;
    const first = el("div", "", ...(found.extra ? [] : [this.dot(found.index)]), title);
    text.replaceChildren(first, ...lines.map((line) => el("div", "", line)));
    this.place(this.paint.placeOf(found));
    this.node.classList.add("is-open");
    this.options.onHover?.(found.extra ? null : found.row);
  }

  /** @param {number} index */
  dot(index) {
    const dot = el("span", "hd-dot");
    const { key, groups } = this.paint.points.colours();
    dot.style.color = this.paint.points.colourOf(groups[key[index]]);
    return dot;
  }

  /** Above the point, inside the stage; where the top leaves no room, beside the point, never below. @param {number[]} spot */
  place([x, y]) {
    const { size } = this.paint;
    const [width, height] = [this.node.offsetWidth, this.node.offsetHeight];
    /** @param {number} value */
    const clamp = (value) => Math.min(size - width - 6, Math.max(6, value));
    const top = y - height - AIR;
    const beside = x > size / 2 ? x - width - AIR : x + AIR;
    const left = clamp(top < 6 ? beside : x - width / 2);
    this.node.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(6, top))}px)`;
  }
}

/** @param {import("./disk.js").Extra} extra @returns {string[]} */
const wordsOfExtra = ({ label, radius }) => [label || "your picture", `${distance(radius)} from root`];

