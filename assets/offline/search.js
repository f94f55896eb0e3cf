/**
 * Search inside the offline page, by the one rule of hypviz/search/retrieval.py, in float64: cones by level of the radius, and a
 * ranking for children and one for parents. Items are numbered as in the points; everything smaller is better.
 *
 *   const search = offlineSearch({ header, arrays, directions, dim, answers, whole, cones });
 *   search.children(i, omega) → {shown: [i…] general → specific, members: [i…], total}
 *
 * @typedef {OfflineSearch} Search
 * @typedef {"query"|"candidate"|"sum"} Apex
 * @typedef {"children"|"parents"} Task
 * @typedef {{by: string, apex: Apex, weight: number}} Ranking
 * @typedef {{cones: {limits: number[], omegas: number[], outward: boolean}, children: Ranking, contents?: Ranking|null, parents: Ranking, parents_at: Apex, parents_omega: number}} Answers
 * @typedef {{header: {n: number, curv: number, geometry: string}, arrays: {radius: ArrayLike<number>}, directions: Int16Array|Float32Array, dim: number, answers: Answers, whole?: Uint8Array, cones?: boolean}} Content
 *   directions: (n, dim) components, of any length; the radius of each item is among the arrays.  whole: 1 for whole pictures, which are
 *   listed as children of nothing and have no parents.  cones: false where nothing says what contains what; then children are the nearest by cosine.
 */

const SHOWN = 40;
const COINCIDENT = 64 * 2 ** -23; // below this, two items are one point and have no angle: search/scoring.py

class OfflineSearch {
  /** @param {Content} of */
  constructor({ header, arrays, directions, dim, answers, whole, cones = true }) {
    this.header = header;
    this.directions = directions;
    this.dim = dim;
    this.answers = answers;
    this.root = Math.sqrt(header.curv);
    this.radius = arrays.radius;
    this.cones = answers.cones;
    this.limits = this.cones.limits.map(Math.fround);
    this.whole = whole;
    this.hasCones = cones;
    this.lengths = Float64Array.from({ length: header.n }, (_, j) => Math.sqrt(this.dot(j, j)));
  }

  /** @param {number} i @param {number} j */
  dot(i, j) {
    const { directions, dim } = this;
    let sum = 0;
    for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) sum += directions[a + k] * directions[b + k];
    return sum;
  }

  /** 1 − cos of the angle between item i's direction and every item's. @param {number} i */
  versines(i) {
    const away = new Float64Array(this.header.n);
    for (let j = 0; j < away.length; j++) away[j] = Math.min(2, Math.max(0, 1 - this.dot(i, j) / (this.lengths[i] * this.lengths[j])));
    away[i] = 0;
    return away;
  }

  /** Whether two places count as one, which has no angle. @param {number} versine @param {number} x @param {number} y */
  coincident(versine, x, y) {
    return versine <= COINCIDENT && Math.abs(x - y) <= COINCIDENT * Math.max(x, y);
  }

  /** @param {number} i */
  isWhole(i) {
    return Boolean(this.whole && this.whole[i]);
  }

  /** ext(x, y) in radians, from radii: geometry/entailment.py. @param {number} versine @param {number} x @param {number} y */
  exterior(versine, x, y) {
    if (this.coincident(versine, x, y)) return Math.PI / 2;
    const sine = Math.sqrt(versine * (2 - versine));
    if (this.header.geometry === "euclidean") return Math.atan2(sine * y, y - x - versine * y);
    const along = Math.sinh(this.root * (y - x)) - versine * Math.cosh(this.root * x) * Math.sinh(this.root * y);
    return Math.atan2(sine * Math.sinh(this.root * y), along);
  }

  /**
   * The angle at the query, at the candidate, or both summed: the table of search/scoring.py.
   * @param {number} versine @param {number} own @param {number} other @param {Task} task @param {Apex} apex @returns {number}
   */
  angleOf(versine, own, other, task, apex) {
    if (this.header.geometry === "cosine") return Math.acos(1 - versine) * (apex === "sum" ? 2 : 1);
    if (apex === "sum") return this.angleOf(versine, own, other, task, "query") + this.angleOf(versine, own, other, task, "candidate");
    const atQuery = apex === "query";
    const angle = atQuery ? this.exterior(versine, own, other) : this.exterior(versine, other, own);
    return atQuery === (task === "children") ? angle : Math.PI - angle;
  }

  /** @param {number} versine @param {number} x @param {number} y */
  distance(versine, x, y) {
    if (this.header.geometry === "cosine") return Math.acos(1 - versine);
    if (this.header.geometry === "euclidean") return Math.sqrt((x - y) ** 2 + 2 * x * y * versine);
    const half = Math.sinh((this.root * (x - y)) / 2) ** 2 + (Math.sinh(this.root * x) * Math.sinh(this.root * y) * versine) / 2;
    return (2 * Math.asinh(Math.sqrt(half))) / this.root;
  }

  /** @param {Ranking} ranking @param {Task} task @param {number} versine @param {number} own @param {number} other */
  value(ranking, task, versine, own, other) {
    if (ranking.by === "cosine") return versine - 1;
    if (ranking.by === "distance") return this.distance(versine, own, other);
    const angle = this.angleOf(versine, own, other, task, ranking.apex);
    return ranking.by === "angle + cosine" ? angle - ranking.weight * (1 - versine) : angle;
  }

  /** What the children of item i are ranked by: those of the innermost of several levels may have a ranking of their own. @param {number} i */
  rankingBelow(i) {
    const innermost = this.limits.length && this.radius[i] < this.limits[0];
    return (innermost && this.answers.contents) || this.answers.children;
  }

  /** The calibrated half-angle at a radius; a radius on a limit belongs to the outer level. @param {number} at */
  calibrated(at) {
    return this.cones.omegas[this.limits.filter((limit) => limit <= at).length];
  }

  /** @param {number} angle @param {number} omega @param {number} apex @param {number} other */
  holds(angle, omega, apex, other) {
    return angle <= omega && (!this.cones.outward || other > apex);
  }

  /** @param {number} i @param {(j: number) => boolean} keep */
  others(i, keep) {
    const found = [];
    for (let j = 0; j < this.header.n; j++) if (j !== i && keep(j)) found.push(j);
    return found;
  }

  /**
   * The best by the ranking, by ascending radius.
   * @param {number[]} found @param {Ranking} ranking @param {Task} task @param {Float64Array} away @param {number} i
   */
  best(found, ranking, task, away, i) {
    const values = new Map(found.map((j) => [j, this.value(ranking, task, away[j], this.radius[i], this.radius[j])]));
    /** @param {number} j */
    const worth = (j) => /** @type {number} */ (values.get(j));
    const first = [...found].sort((a, b) => worth(a) - worth(b) || a - b).slice(0, SHOWN);
    return first.sort((a, b) => this.radius[a] - this.radius[b]);
  }

  /** Items in the cone of item i with a half-angle, in radians. @param {number} i @param {number} omega @param {Float64Array} [away] */
  members(i, omega, away = this.versines(i)) {
    if (!this.hasCones) return [];
    return this.others(i, (j) => this.holds(this.angleOf(away[j], this.radius[i], this.radius[j], "children", "query"), omega, this.radius[i], this.radius[j]));
  }

  /** Items whose own cones hold item i; with parents_at "query", those behind it. @param {number} i @param {Float64Array} away */
  above(i, away) {
    if (!this.hasCones || this.isWhole(i)) return [];
    /** @param {number} j */
    const angle = (j) => this.angleOf(away[j], this.radius[i], this.radius[j], "parents", this.answers.parents_at);
    if (this.answers.parents_at === "query") return this.others(i, (j) => angle(j) <= this.answers.parents_omega);
    // A whole picture is more general than any box, wherever it lies.
    return this.others(i, (j) => this.holds(angle(j), this.calibrated(this.radius[j]), this.isWhole(j) ? -1 : this.radius[j], this.radius[i]));
  }

  /** Without cones: the nearest by cosine, nearest first. @param {number} i @param {Float64Array} away */
  nearest(i, away) {
    const found = this.others(i, () => true).sort((a, b) => away[a] - away[b] || a - b);
    return { shown: found.slice(0, SHOWN), members: /** @type {number[]} */ ([]), total: found.length };
  }

  /** The calibrated half-angle of item i's cone. @param {number} i */
  omegaOf(i) {
    return this.calibrated(this.radius[i]);
  }

  /** The aperture asin(2K/sinh r) with K = 0.1. @param {number} i */
  apertureOf(i) {
    return Math.asin(Math.min(1, 0.2 / Math.sinh(this.root * this.radius[i])));
  }

  /** @param {number} i @param {number} omega */
  children(i, omega) {
    const away = this.versines(i);
    if (!this.hasCones) return this.nearest(i, away);
    const inside = this.members(i, omega, away);
    const listed = inside.filter((j) => !this.isWhole(j));
    return { shown: this.best(listed, this.rankingBelow(i), "children", away, i), members: inside, total: listed.length };
  }

  /** @param {number} i */
  parents(i) {
    const away = this.versines(i);
    const found = this.above(i, away);
    return { shown: this.best(found, this.answers.parents, "parents", away, i), members: found, total: found.length };
  }
}

/** @param {Content} content */
export const offlineSearch = (content) => new OfflineSearch(content);
