/**
 * Search inside the offline page, by the one rule of hypviz/search/retrieval.py, in float64: cones by level of the radius, and a
 * ranking for children and one for parents. Items are numbered as in the points; everything smaller is better.
 *
 *   const search = hypviz.offlineSearch({ header, arrays, directions, dim, answers });
 *   search.children(i, omega) → {shown: [i…] general → specific, members: [i…]}
 */

const SHOWN = 40;
const COINCIDENT = 64 * 2 ** -23; // below this, two items are one point and have no angle: search/scoring.py

class OfflineSearch {
  constructor({ header, arrays, directions, dim, answers }) {
    this.header = header;
    this.directions = directions;
    this.dim = dim;
    this.answers = answers;
    this.root = Math.sqrt(header.curv);
    ({ radius: this.radius } = arrays);
    ({ cones: this.cones } = answers);
    this.limits = this.cones.limits.map(Math.fround);
  }

  dot(i, j) {
    let sum = 0;
    for (let k = 0, a = i * this.dim, b = j * this.dim; k < this.dim; k++) sum += this.directions[a + k] * this.directions[b + k];
    return sum;
  }

  /** 1 − cos of the angle between item i's direction and every item's. */
  versines(i) {
    const own = Math.sqrt(this.dot(i, i));
    return Float64Array.from({ length: this.header.n }, (_, j) => Math.min(2, Math.max(0, 1 - this.dot(i, j) / (own * Math.sqrt(this.dot(j, j))))));
  }

  /** ext(x, y) in radians, from radii: geometry/entailment.py. */
  exterior(versine, x, y) {
    if (versine <= COINCIDENT && Math.abs(x - y) <= COINCIDENT * Math.max(x, y)) return Math.PI / 2;
    const sine = Math.sqrt(versine * (2 - versine));
    if (this.header.geometry === "euclidean") return Math.atan2(sine * y, y - x - versine * y);
    const along = Math.sinh(this.root * (y - x)) - versine * Math.cosh(this.root * x) * Math.sinh(this.root * y);
    return Math.atan2(sine * Math.sinh(this.root * y), along);
  }

  /** The angle at the query, at the candidate, or both summed: the table of search/scoring.py. */
  angleOf(versine, own, other, task, apex) {
    if (this.header.geometry === "cosine") return Math.acos(1 - versine) * (apex === "sum" ? 2 : 1);
    if (apex === "sum") return this.angleOf(versine, own, other, task, "query") + this.angleOf(versine, own, other, task, "candidate");
    const atQuery = apex === "query";
    const angle = atQuery ? this.exterior(versine, own, other) : this.exterior(versine, other, own);
    return atQuery === (task === "children") ? angle : Math.PI - angle;
  }

  distance(versine, x, y) {
    if (this.header.geometry === "cosine") return Math.acos(1 - versine);
    if (this.header.geometry === "euclidean") return Math.sqrt((x - y) ** 2 + 2 * x * y * versine);
    const half = Math.sinh((this.root * (x - y)) / 2) ** 2 + (Math.sinh(this.root * x) * Math.sinh(this.root * y) * versine) / 2;
    return (2 * Math.asinh(Math.sqrt(half))) / this.root;
  }

  value(ranking, task, versine, own, other) {
    if (ranking.by === "cosine") return versine - 1;
    if (ranking.by === "distance") return this.distance(versine, own, other);
    const angle = this.angleOf(versine, own, other, task, ranking.apex);
    return ranking.by === "angle + cosine" ? angle - ranking.weight * (1 - versine) : angle;
  }

  /** The calibrated half-angle at a radius; a radius on a limit belongs to the outer level. */
  calibrated(at) {
    return this.cones.omegas[this.limits.filter((limit) => limit <= at).length];
  }

  holds(angle, omega, apex, other) {
    return angle <= omega && (!this.cones.outward || other > apex);
  }

  others(i, keep) {
    return Array.from({ length: this.header.n }, (_, j) => j).filter((j) => j !== i && keep(j));
  }

  /** The best by the ranking, by ascending radius. */
  best(found, ranking, task, away, i) {
    const values = new Map(found.map((j) => [j, this.value(ranking, task, away[j], this.radius[i], this.radius[j])]));
    const first = [...found].sort((a, b) => values.get(a) - values.get(b) || a - b).slice(0, SHOWN);
    return first.sort((a, b) => this.radius[a] - this.radius[b]);
  }

  /** Items in the cone of item i with a half-angle, in radians. */
  members(i, omega, away = this.versines(i)) {
    return this.others(i, (j) => this.holds(this.angleOf(away[j], this.radius[i], this.radius[j], "children", "query"), omega, this.radius[i], this.radius[j]));
  }

  /** Items whose own cones hold item i; with parents_at "query", those behind it. */
  above(i, away) {
    const angle = (j) => this.angleOf(away[j], this.radius[i], this.radius[j], "parents", this.answers.parents_at);
    if (this.answers.parents_at === "query") return this.others(i, (j) => angle(j) <= this.answers.parents_omega);
    return this.others(i, (j) => this.holds(angle(j), this.calibrated(this.radius[j]), this.radius[j], this.radius[i]));
  }

  /** The calibrated half-angle of item i's cone. */
  omegaOf(i) {
    return this.calibrated(this.radius[i]);
  }

  /** The aperture asin(2K/sinh r) with K = 0.1. */
  apertureOf(i) {
    return Math.asin(Math.min(1, 0.2 / Math.sinh(this.root * this.radius[i])));
  }

  children(i, omega) {
    const away = this.versines(i);
    const inside = this.members(i, omega, away);
    return { shown: this.best(inside, this.answers.children, "children", away, i), members: inside };
  }

  parents(i) {
    const away = this.versines(i);
    const found = this.above(i, away);
    return { shown: this.best(found, this.answers.parents, "parents", away, i), members: found };
  }
}

/**
 * @param {{header: {n: number, curv: number, geometry: string}, arrays: {radius: ArrayLike<number>}, directions: Int16Array, dim: number, answers: Answers}} of
 * directions: (n, dim) components in steps of 1/32767
 */
export const offlineSearch = (options) => new OfflineSearch(options);
