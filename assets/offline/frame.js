/** What a page without a server consists of, and its head: what is here, through which model, under which licences. */
import { el } from "../shared/dom.js";

export const FRAME = `<div class="of-head"><h1></h1><p></p></div>
  <div class="of-main"><section><div class="of-bar">
    <label>cone ω <input type="range" class="of-omega" min="0.02" max="3.14" step="0.005"></label><output></output>
    <label>colour <select class="of-colour"></select></label>
    <label><input type="checkbox" class="of-pictures"> pictures</label>
    <button type="button" class="of-pin">Pin this cone</button>
  </div><div class="of-disk" tabindex="0"></div></section>
  <section><div class="of-now" aria-live="polite"></div>
    <div class="of-list of-children"></div><div class="of-list of-parents"></div></section></div>`;

/**
 * Title, facts and what is to be known before anything else is read.
 * @param {HTMLElement} page @param {import("./offline.js").Content} data @param {import("../disk/math.js").Header} header
 * @param {import("./offline.js").Given["held"]} held
 */
export function writeHead(page, data, header, held) {
  const facts = data.facts;
  const [title, words] = [page.querySelector(".of-head h1"), page.querySelector(".of-head p")];
  const what = facts.own_vectors ? "own vectors" : `pictures, ${facts.boxes.toLocaleString("en")} boxes · checkpoint ${facts.checkpoint}`;
  /** @type {Element} */ (title).textContent = data.title || header.title;
  /** @type {Element} */ (words).textContent =
    `${facts.images.toLocaleString("en")} ${what}, ` +
    `${facts.dimension} dimensions, ${facts.geometry} · licences: data ${facts.data_licence}; checkpoint ${facts.checkpoint_licence} · ` +
    held(header);
  if (facts.notice) page.querySelector(".of-head")?.append(el("p", "of-notice", facts.notice));
}
