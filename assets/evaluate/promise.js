/** What stands in the place of results that are not there yet: what an evaluation gives. */
import { el } from "../shared/dom.js";
import { note } from "../shared/pieces.js";

const PROMISES = [
  "the paper's tables, beside cosine and distance on the same vectors",
  "precision over recall with the thresholds marked",
  "true radius by depth",
  "results by class",
  "norm-ordered retrieval, to save as a figure",
];

/** @returns {HTMLElement} */
export function promise() {
  const list = el("ul", {}, ...PROMISES.map((text) => el("li", { text })));
  return el(
    "div",
    { class: "he-promise" },
    el("p", { text: "An evaluation gives:" }),
    list,
    note("The health report needs no evaluation."),
  );
}
