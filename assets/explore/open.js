/** Opening data and a checkpoint: everything of the view before is left behind, every part begins anew, and a link brings back its place. */
import { Api } from "../shared/http.js";
import { readLink, strangerTo } from "./link.js";

/**
 * See `Explorer.open`.
 * @param {import("./explore.js").Explorer} x @param {import("./types.js").View} view
 * @param {import("./types.js").Link} [link] what is brought back: that of the address for the first view, nothing for a later one
 */
export async function openView(x, view, link = x.view ? {} : readLink()) {
  const number = ++x.asked;
  x.view = view;
  const [shown, problem] = await atLevel(view, link);
  if (number !== x.asked) return; // another view was opened meanwhile
  x.view = shown;
  x.api = new Api(shown.key);
  x.query = null;
  x.wanted = null;
  x.answer = null;
  x.drawn = null;
  x.byHand = false;
  x.trail = [];
  x.places++;
  x.find(".hv-error").hidden = true;
  x.cone.start(link.omega);
  x.disk ||= x.makeDisk(x.find(".hv-disk"), window.Plotly);
  try {
    await x.disk.load(x.api.url("points"));
    /** @type {{opened?: () => unknown}[]} */
    const parts = [x.pins, x.set, x.words, x.marks, ...x.parts];
    for (const part of parts) await part.opened?.();
    if (number !== x.asked) return;
    await x.link.restore(link);
    if (problem) x.complain(problem);
  } catch (error) {
    x.complain(error);
  }
  x.root.dataset.ready = shown.key;
  x.layouts.scored();
}

/**
 * The view with its classes at the level that a link says, and what was wrong with that.
 * @param {import("./types.js").View} view @param {import("./types.js").Link} link @returns {Promise<[import("./types.js").View, unknown]>}
 */
async function atLevel(view, { classes_as: level, ...link }) {
  if (!level || String(view.tree?.level ?? 0) === level || strangerTo(link, view.choice || [])) return [view, null];
  try {
    return [{ ...(await new Api(view.key).get(`level/${encodeURIComponent(level)}`)), choice: view.choice }, null];
  } catch (error) {
    return [view, error];
  }
}
