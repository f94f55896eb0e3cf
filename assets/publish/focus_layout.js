/**
 * The layout around a selection, worked out in the browser: hypviz/viz/focus.py once more. Its answer has the form of the server's
 * (disk/focus.js): {header: {scale, ticks, rings, edge, min_radius}, arrays: {angle, drawn, outline_angle, outline_drawn}}.
 */
import { AngleScale, quantile } from "./angle_scale.js";
import { bent, coneOutline } from "./outline.js";

const TURN = 2 * Math.PI;
const [ROUND, RINGS] = [[1, 2, 2.5, 5], 3];
const ALMOST_PI = Math.fround(3.1415925); // float32 rounds π up

/** Up to three round distances between the 2nd and the 90th percentile of those to the items. @param {Float64Array} distances */
function rings(distances) {
  if (distances.length < 2) return [];
  const sorted = Float64Array.from(distances).sort();
  const [low, high] = [quantile(sorted, 0.02), quantile(sorted, 0.9)];
  if (!(high > 0)) return [];
  const top = Math.floor(Math.log10(high));
  const steps = [top - 2, top - 1, top].flatMap((exponent) => ROUND.map((digit) => digit * 10 ** exponent)).sort((a, b) => a - b);
  for (const step of steps) {
    const [first, last] = [Math.max(1, Math.ceil(low / step)), Math.floor(high / step)];
    if (last - first + 1 <= RINGS) {
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => Math.round((first + k) * step * 1e9) / 1e9);
    }
  }
  return [];
}

/**
 * @typedef {Object} Content
 * @property {{curv: number, geometry: string}} space
 * @property {Float64Array} versine 1 − cos of the angle between the place and every item
 * @property {ArrayLike<number>} family one fixed angle per family of items, radians
 * @property {Float32Array} radius true radii of all items
 * @property {number} own the place's index among the items
 * @property {number} omega half-angle of the cone
 * @property {Uint8Array} member 1 for those inside
 * @property {import("../disk/math.js").Scale} radii the radius scale of the disk
 * @property {boolean} outward the cone holds nothing nearer to the root than its apex
 * @property {(versine: number, x: number, y: number) => number} distance
 * @property {(versine: number, x: number, y: number) => boolean} coincident whether two places count as one
 */

/**
 * The layout as the server would send it.
 * @param {Content} content @returns {import("../disk/focus.js").Answer}
 */
export function focusLayout({ space, versine, family, radius, own, omega, member, radii, outward, distance, coincident }) {
  const [n, at] = [versine.length, radius[own]];
  const alike = Uint8Array.from(versine, (value, i) => Number(i === own || coincident(value, at, radius[i])));
  const theta = Float64Array.from(versine, (value, i) => (alike[i] ? 0 : 2 * Math.asin(Math.min(1, Math.sqrt(value / 2))))); // exact where arccos is not
  const angles = AngleScale.of(theta);
  const [angle, drawn] = [new Float32Array(n), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const side = (((family[i] - family[own]) % TURN) + TURN) % TURN < Math.PI ? 1 : -1;
    const turned = Math.fround(angles.drawn(theta[i]));
    angle[i] = alike[i] ? 0 : side * (turned > Math.PI ? ALMOST_PI : turned);
    drawn[i] = radii.drawn(alike[i] ? at : radius[i]);
  }
  const farthest = radius.reduce((most, one) => Math.max(most, one), 0);
  const outline = coneOutline({ space, radius: at, omega, angles, radii, farthest, minRadius: outward ? at : null });
  const turnedAround = bent(outline, angle.filter((_, i) => i !== own), drawn.filter((_, i) => i !== own), member.filter((_, i) => i !== own)); // prettier-ignore
  const away = space.geometry === "cosine" ? new Float64Array() : versine.map((value, i) => distance(value, at, radius[i]));
  return {
    header: { scale: angles.table, ticks: angles.ticks(), rings: rings(away), edge: turnedAround.edge, min_radius: outward ? at : null },
    arrays: { angle, drawn, outline_angle: turnedAround.angle, outline_drawn: turnedAround.drawn },
  };
}
