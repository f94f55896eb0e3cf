/**
 * How much of what a page without a server lists belongs there by its class: hypviz/explore/belonging.py once more, over the items of
 * the page. The classes come from all of the data, so that a box that was left out still says what its picture shows.
 *
 * @typedef {import("../shared/belonging.js").Belonging} Belonging
 * @typedef {{inside: number[][], shown: Record<string, number[]>, few?: boolean}} Tables   inside: of each class those seen in boxes of it.  shown: classes by
 *   image.  few: there are too few pictures for anything to do better than chance
 * @typedef {{label: ArrayLike<number>, image: ArrayLike<number>}} Columns   one value an item
 */
import { belonging } from "../shared/belonging.js";

const [LEAST_GAIN, NO_GAIN, LEAST_LIFT, SURE] = [0.05, 0.01, 1.5, 0.05]; // as in hypviz/explore/belonging.py

/** (count + 1) how likely each number of hits is in independent trials. @param {number} count @param {number} rate */
function binomial(count, rate) {
  const sums = [0]; // logarithms of factorials
  for (let k = 1; k <= count; k++) sums.push(sums[k - 1] + Math.log(k));
  const times = (/** @type {number} */ hits, /** @type {number} */ log) => (hits ? hits * log : 0);
  return sums.map((_, k) => Math.exp(sums[count] - sums[k] - sums[count - k] + times(k, Math.log(rate)) + times(count - k, Math.log1p(-rate))));
}

/** How likely each sum of two is. @param {number[]} one @param {number[]} other */
function convolved(one, other) {
  const sums = new Array(one.length + other.length - 1).fill(0);
  one.forEach((a, i) => other.forEach((b, j) => (sums[i + j] += a * b)));
  return sums;
}

/**
 * What `found` items that belong say beside chance, which draws count of each kind, of which a share rate belongs.
 * @param {number} found @param {number[][]} drawn pairs of count and rate @returns {Belonging["verdict"]}
 */
export function verdict(found, drawn) {
  const total = drawn.reduce((sum, [count]) => sum + count, 0);
  const chance = drawn.reduce((sum, [count, rate]) => sum + count * rate, 0);
  const gain = (found - chance) / Math.max(total - chance, 1e-9);
  if (gain < NO_GAIN) return "none";
  if (gain < LEAST_GAIN && found < LEAST_LIFT * chance) return "hardly";
  const odds = drawn.map(([count, rate]) => binomial(count, rate)).reduce(convolved, [1]);
  return odds.slice(found).reduce((sum, one) => sum + one, 0) < SURE ? "better" : "few";
}

export class PageBelonging {
  /** @param {Columns} columns @param {string[]} classes @param {Tables|null} tables null: nothing is known, and nothing is said @param {(i: number) => boolean} isWhole */
  constructor({ label, image }, classes, tables, isWhole) {
    this.label = label;
    this.image = image;
    this.classes = classes;
    this.tables = tables;
    this.isWhole = isWhole;
    this.every = Array.from(label, (_, i) => i);
  }

  /** @param {number} i */
  isScene(i) {
    return this.label[i] < 0;
  }

  /** Classes that a picture shows. @param {number} i an item of it */
  shownWith(i) {
    return this.tables?.shown[this.image[i]] ?? [];
  }

  /** As `Belonging.under`. @param {number} i @param {number[]} found @returns {Belonging|null} */
  under(i, found) {
    if (!this.tables || (this.isScene(i) && !this.isWhole(i))) return null;
    const below = new Set(this.isScene(i) ? this.shownWith(i) : this.tables.inside[this.label[i]]);
    const boxes = found.filter((j) => !this.isScene(j));
    const shares = this.shares(i, boxes, (j) => below.has(this.label[j]));
    return shares && !below.size ? { ...shares, verdict: "empty" } : shares;
  }

  /** As `Belonging.over`. @param {number} i @param {number[]} found @returns {Belonging|null} */
  over(i, found) {
    if (!this.tables || this.isScene(i)) return null;
    const own = this.label[i];
    const around = new Set(this.tables.inside.flatMap((inside, label) => (inside.includes(own) ? [label] : [])));
    const shown = new Set(Object.entries(this.tables.shown).flatMap(([image, classes]) => (classes.includes(own) ? [Number(image)] : [])));
    if (!around.size && ![...shown].some((image) => image !== this.image[i])) return null;
    return this.shares(i, found, (j) => (this.isScene(j) ? shown.has(this.image[j]) : around.has(this.label[j])));
  }

  /** @param {number} i @param {number[]} found @param {(j: number) => boolean} belongs @returns {Belonging|null} */
  shares(i, found, belongs) {
    const outside = (/** @type {number} */ j) => this.image[j] !== this.image[i];
    const apart = found.filter(outside);
    if (!apart.length) return null;
    const drawn = [];
    for (const scene of [true, false]) {
      const count = apart.filter((j) => this.isScene(j) === scene).length;
      const others = count ? this.every.filter((j) => this.isScene(j) === scene && outside(j)) : [];
      if (count) drawn.push([count, others.filter(belongs).length / others.length]);
    }
    const right = apart.filter(belongs).length;
    const chance = drawn.reduce((sum, [count, rate]) => sum + count * rate, 0) / apart.length;
    const told = verdict(right, drawn);
    return { share: right / apart.length, chance, of: apart.length, verdict: told === "better" && this.tables?.few ? "few" : told };
  }

  /** What is said below a list, "" for nothing. @param {"children"|"parents"} list @param {number} i @param {number[]} found */
  words(list, i, found) {
    const belong = list === "children" ? this.under(i, found) : this.over(i, found);
    if (!belong) return "";
    const name = this.classes[this.label[i]];
    const [below, nothing] = this.isScene(i)
      ? ["of a class in this one", "No box in this picture says what belongs here."]
      : [`of a class seen inside ${name} boxes`, `No box lies inside a ${name} box.`];
    const where = list === "children" ? `are ${below}` : `show or hold the class ${name}`;
    return belonging(belong, "of those", `in other pictures ${where}`, nothing);
  }
}
