/** Going to a place: the server is asked about it, and what it answers is shown unless a later place has overtaken it. */
import { painted } from "../shared/dom.js";

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * See `Explorer.walk`.
 * @param {import("./explore.js").Explorer} x @param {import("./types.js").Query} next @param {import("./explore.js").Walk} [options]
 */
export async function walk(x, next, { remember = true, raise = remember, quiet = false } = {}) {
  if (!x.view) return;
  const number = ++x.asked;
  if (!same(next, x.wanted)) x.places++;
  x.wanted = next;
  const { omega, kind } = x.coneSetting();
  try {
    const asked = kind === "angle" ? omega : (await x.api.ask("cone", { query: next, omega, kind })).omega;
    /** @type {import("./types.js").Answer} */
    const result = await x.api.ask("select", { query: next, omega: asked, by: x.rows.by() });
    if (number !== x.asked) return;
    if (remember && x.query && !same(x.query, next)) x.trail.push(x.query);
    x.query = next;
    x.answer = result;
    x.wide = result.omega;
    x.quiet = quiet;
    x.byHand = x.byHand || remember;
    x.find(".hv-error").hidden = true;
    x.show();
    if (raise) x.sheet.raise();
    await painted(); // the children are on the screen before the disk is drawn anew
    await x.points.fetchNamed();
    if (number === x.asked) await x.showOnDisks();
  } catch (error) {
    if (number !== x.asked) return;
    x.wanted = x.query;
    x.complain(error);
  }
}
