/**
 * Search inside the offline page, by the one rule of hypviz/search/retrieval.py, in float64: cones by level of the radius, and a
 * ranking for children and one for parents. Items are numbered as in the points; everything smaller is better.
 *
 *   const search = hypviz.offlineSearch({ header, arrays, directions, dim, answers, whole, cones });
 *   search.children(i, omega) → {shown: [i…] general → specific, members: [i…], total}
 *
 * directions: of every item, dim numbers each, of any length.  whole: 1 for whole pictures, which are listed as children of nothing and
 * have no parents.  cones: false where nothing says what contains what; then children are the nearest by cosine.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const SHOWN = 40;
  const COINCIDENT = 64 * 2 ** -23; // below this, two items are one point and have no angle: search/scoring.py

  hypviz.offlineSearch = function ({ header, arrays, directions, dim, answers, whole, cones: hasCones = true }) {
    const root = Math.sqrt(header.curv);
    const { radius } = arrays;
    const { cones } = answers;
    const limits = cones.limits.map(Math.fround);

    function dot(i, j) {
      let sum = 0;
      for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) sum += directions[a + k] * directions[b + k];
      return sum;
    }

    const lengths = Float64Array.from({ length: header.n }, (_, j) => Math.sqrt(dot(j, j)));
    const isWhole = (i) => Boolean(whole && whole[i]);

    /** 1 − cos of the angle between item i's direction and every item's. */
    function versines(i) {
      const away = new Float64Array(header.n);
      for (let j = 0; j < away.length; j++) away[j] = Math.min(2, Math.max(0, 1 - dot(i, j) / (lengths[i] * lengths[j])));
      away[i] = 0;
      return away;
    }

    const coincident = (versine, x, y) => versine <= COINCIDENT && Math.abs(x - y) <= COINCIDENT * Math.max(x, y);

    /** ext(x, y) in radians, from radii: geometry/entailment.py. */
    function exterior(versine, x, y) {
      if (coincident(versine, x, y)) return Math.PI / 2;
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

    function others(i, keep) {
      const found = [];
      for (let j = 0; j < header.n; j++) if (j !== i && keep(j)) found.push(j);
      return found;
    }

    /** The best by the ranking, by ascending radius. */
    function best(found, ranking, task, away, i) {
      const values = new Map(found.map((j) => [j, value(ranking, task, away[j], radius[i], radius[j])]));
      const first = [...found].sort((a, b) => values.get(a) - values.get(b) || a - b).slice(0, SHOWN);
      return first.sort((a, b) => radius[a] - radius[b]);
    }

    function members(i, omega, away = versines(i)) {
      if (!hasCones) return [];
      return others(i, (j) => holds(angleOf(away[j], radius[i], radius[j], "children", "query"), omega, radius[i], radius[j]));
    }

    /** Items whose own cones hold item i; with parents_at "query", those behind it. */
    function above(i, away) {
      if (!hasCones || isWhole(i)) return [];
      const angle = (j) => angleOf(away[j], radius[i], radius[j], "parents", answers.parents_at);
      if (answers.parents_at === "query") return others(i, (j) => angle(j) <= answers.parents_omega);
      // A whole picture is more general than any box, wherever it lies.
      return others(i, (j) => holds(angle(j), calibrated(radius[j]), isWhole(j) ? -1 : radius[j], radius[i]));
    }

    /** Without cones: the nearest by cosine, nearest first. */
    function nearest(i, away) {
      const found = others(i, () => true).sort((a, b) => away[a] - away[b] || a - b);
      return { shown: found.slice(0, SHOWN), members: [], total: found.length };
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
        if (!hasCones) return nearest(i, away);
        const inside = members(i, omega, away);
        const listed = inside.filter((j) => !isWhole(j));
        return { shown: best(listed, answers.children, "children", away, i), members: inside, total: listed.length };
      },
      parents(i) {
        const away = versines(i);
        const found = above(i, away);
        return { shown: best(found, answers.parents, "parents", away, i), members: found, total: found.length };
      },
      versines,
      distance,
      coincident,
    };
  };
})();
