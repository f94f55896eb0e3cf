/**
 * Search inside the offline page, by the one rule of hypviz/search/retrieval.py, in float64: cones by level of the radius, and a
 * ranking for children and one for parents. Items are numbered as in the points; everything smaller is better.
 *
 *   const search = hypviz.offlineSearch({ header, arrays, directions, dim, answers });
 *   search.children(i, omega) → {shown: [i…] general → specific, members: [i…]}
 */

const SHOWN = 40;
const COINCIDENT = 64 * 2 ** -23; // below this, two items are one point and have no angle: search/scoring.py

export function offlineSearch({ header, arrays, directions, dim, answers }) {
  const root = Math.sqrt(header.curv);
  const { radius } = arrays;
  const { cones } = answers;
  const limits = cones.limits.map(Math.fround);

  function dot(i, j) {
    let sum = 0;
    for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) sum += directions[a + k] * directions[b + k];
    return sum;
  }

  /** 1 − cos of the angle between item i's direction and every item's. */
  function versines(i) {
    const own = Math.sqrt(dot(i, i));
    return Float64Array.from({ length: header.n }, (_, j) => Math.min(2, Math.max(0, 1 - dot(i, j) / (own * Math.sqrt(dot(j, j))))));
  }

  /** ext(x, y) in radians, from radii: geometry/entailment.py. */
  function exterior(versine, x, y) {
    if (versine <= COINCIDENT && Math.abs(x - y) <= COINCIDENT * Math.max(x, y)) return Math.PI / 2;
    const sine = Math.sqrt(versine * (2 - versine));
    if (header.geometry === "euclidean") return Math.atan2(sine * y, y - x - versine * y);
    const along = Math.sinh(root * (y - x)) - versine * Math.cosh(root * x) * Math.sinh(root * y);
    return Math.atan2(sine * Math.sinh(root * y), along);
  }

  /** The angle at the query, at the candidate, or both summed: the table of search/scoring.py. */
  function angleOf(versine, own, other, task, apex) {
    if (header.geometry === "cosine") return Math.acos(1 - versine) * (apex === "sum" ? 2 : 1);
    if (apex === "sum") return angleOf(versine, own, other, task, "query") + angleOf(versine, own, other, task, "candidate");
    const atQuery = apex === "query";
    const angle = atQuery ? exterior(versine, own, other) : exterior(versine, other, own);
    return atQuery === (task === "children") ? angle : Math.PI - angle;
  }

  function distance(versine, x, y) {
    if (header.geometry === "cosine") return Math.acos(1 - versine);
    if (header.geometry === "euclidean") return Math.sqrt((x - y) ** 2 + 2 * x * y * versine);
    const half = Math.sinh((root * (x - y)) / 2) ** 2 + (Math.sinh(root * x) * Math.sinh(root * y) * versine) / 2;
    return (2 * Math.asinh(Math.sqrt(half))) / root;
  }

  function value(ranking, task, versine, own, other) {
    if (ranking.by === "cosine") return versine - 1;
    if (ranking.by === "distance") return distance(versine, own, other);
    const angle = angleOf(versine, own, other, task, ranking.apex);
    return ranking.by === "angle + cosine" ? angle - ranking.weight * (1 - versine) : angle;
  }

  /** The calibrated half-angle at a radius; a radius on a limit belongs to the outer level. */
  const calibrated = (at) => cones.omegas[limits.filter((limit) => limit <= at).length];
  const holds = (angle, omega, apex, other) => angle <= omega && (!cones.outward || other > apex);
  const others = (i, keep) => Array.from({ length: header.n }, (_, j) => j).filter((j) => j !== i && keep(j));

  /** The best by the ranking, by ascending radius. */
  function best(found, ranking, task, away, i) {
    const values = new Map(found.map((j) => [j, value(ranking, task, away[j], radius[i], radius[j])]));
    const first = [...found].sort((a, b) => values.get(a) - values.get(b) || a - b).slice(0, SHOWN);
    return first.sort((a, b) => radius[a] - radius[b]);
  }

  function members(i, omega, away = versines(i)) {
    return others(i, (j) => holds(angleOf(away[j], radius[i], radius[j], "children", "query"), omega, radius[i], radius[j]));
  }

  /** Items whose own cones hold item i; with parents_at "query", those behind it. */
  function above(i, away) {
    const angle = (j) => angleOf(away[j], radius[i], radius[j], "parents", answers.parents_at);
    if (answers.parents_at === "query") return others(i, (j) => angle(j) <= answers.parents_omega);
    return others(i, (j) => holds(angle(j), calibrated(radius[j]), radius[j], radius[i]));
  }

  return {
    /** Items in the cone of item i with a half-angle, in radians. */
    members: (i, omega) => members(i, omega),
    /** The calibrated half-angle of item i's cone. */
    omegaOf: (i) => calibrated(radius[i]),
    /** The aperture asin(2K/sinh r) with K = 0.1. */
    apertureOf: (i) => Math.asin(Math.min(1, 0.2 / Math.sinh(root * radius[i]))),
    children(i, omega) {
      const away = versines(i);
      const inside = members(i, omega, away);
      return { shown: best(inside, answers.children, "children", away, i), members: inside };
    },
    parents(i) {
      const away = versines(i);
      const found = above(i, away);
      return { shown: best(found, answers.parents, "parents", away, i), members: found };
    },
  };
}
