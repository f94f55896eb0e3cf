/** Opening data and a checkpoint: everything of the view before is left behind, every part begins anew, and a link brings back its place. */
import { Api } from "../shared/http.js";
import { readLink } from "./link.js";

/** See `Explorer.open`. @param {import("./explore.js").Explorer} x @param {import("./types.js").View} view */
export async function openView(x, view) {
  const first = !x.view;
  const link = first ? readLink() : {};
  x.view = view;
  x.api = new Api(view.key);
  x.query = null;
  x.wanted = null;
  x.answer = null;
  x.drawn = null;
  x.byHand = false;
  x.trail = [];
  const number = ++x.asked;
  x.places++;
  x.find(".hv-error").hidden = true;
  x.cone.start(link.omega);
  x.disk ||= x.makeDisk(x.find(".hv-disk"), window.Plotly);
  try {
    await x.disk.load(x.api.url("points"));
    /** @type {{opened?: () => unknown}[]} */
    const parts = [x.pins, x.set, x.words, x.marks, ...x.parts];
    for (const part of parts) await part.opened?.();
    if (number !== x.asked) return; // another view was opened meanwhile
    await x.link.restore(link);
  } catch (error) {
    x.complain(error);
  }
  x.root.dataset.ready = view.key;
  x.layouts.scored();
}
