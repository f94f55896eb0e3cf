/**
 * The one entry of the page: what Gradio's tabs and a page without Gradio call by name. A tab's modules are fetched when it is
 * first looked at; those of the disk come at once, for the Explore tab is the first to be seen.
 *
 *   window.hypvizExplorer = await hypviz.mountExplorer(element);
 *
 * What the mounted parts are called is up to the page: `hypvizExplorer`, `hypvizEvaluator`, `hypvizAnnotator`, `hypvizTuner`, by which
 * the tabs find each other; `hypvizOpen(data, checkpoint)` is how they ask for other data.
 */
import { PALETTE } from "./disk/colours.js";
import { createDisk } from "./disk/disk.js";
import * as math from "./disk/math.js";
import { Bits } from "./shared/bitset.js";

/** @typedef {(root: HTMLElement) => Promise<unknown>} Mount */

window.hypviz = {
  Bits,
  PALETTE,
  createDisk,
  math,
  /** @type {Mount} */
  mountExplorer: async (root) => (await import("./explore/explore.js")).mountExplorer(root),
  /** @type {Mount} */
  mountEvaluator: async (root) => (await import("./evaluate/evaluate.js")).mountEvaluator(root),
  /** @type {Mount} */
  mountAnnotator: async (root) => (await import("./annotate/annotate.js")).mountAnnotator(root),
  /** @type {Mount} */
  mountTuner: async (root) => (await import("./finetune/finetune.js")).mountTuner(root),
};

/** The pickers' fields cut long names short: the whole of it is their title, of whatever they hold when one looks. @param {Event} event */
function nameInFull({ target }) {
  if (target instanceof HTMLInputElement && target.closest("#hv-top")) target.title = target.value;
}
for (const looking of ["pointerover", "focusin", "input"]) document.addEventListener(looking, nameInFull);
