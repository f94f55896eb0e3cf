/**
 * Strips of thumbnails: children, parents, the way to the root, and what several cones have in common.
 *
 * @typedef {{row: number, label: string, depth_name: string, file: string, radius: number, colour: string, angle?: number}} Item
 */
import { button, el, painted } from "../shared/dom.js";
import { count, distance } from "../shared/format.js";

export const EMPTY_LISTS = {
  children: "Nothing lies inside this cone; widen it to look further.",
  parents: "none has it in its cone",
  path: "nothing nearer the root has it in its cone",
  common: "nothing lies inside all of these cones",
};
const AT_ONCE = 12; // cards made before the next frame: what a wide window shows; the others follow it

/** What a card says on hover and to a screen reader. @param {Item} item */
function wordsOf(item) {
  const angle = typeof item.angle === "number" ? `, angle ${item.angle.toFixed(2)} rad` : "";
  return { title: `${item.label} (${item.depth_name}) in ${item.file}\n${distance(item.radius)} from the root${angle}`,
    spoken: `${item.label}, ${distance(item.radius)} from the root${angle}` }; // prettier-ignore
}

/**
 * A thumbnail with its label.
 * @param {Item} item as `Cards.of` describes it @param {(row: number) => string} thumbUrl @param {(row: number) => void} onPick
 * @param {string} [kind] one more class name
 */
export function listCard(item, thumbUrl, onPick, kind = "") {
  const image = el("img", { loading: "lazy", src: thumbUrl(item.row), alt: "" });
  const node = button(image, () => onPick(item.row), `hv-card ${kind}`.trim());
  node.append(el("span", "hv-label", item.label));
  Object.assign(node.dataset, { row: item.row, radius: item.radius });
  node.style.setProperty("--hv-colour", item.colour);
  const { title, spoken } = wordsOf(item);
  node.title = title;
  node.setAttribute("aria-label", spoken);
  return node;
}

/** A picture of a gallery, which leads to its item. @param {Item} item as the server lists it @param {import("./explore.js").Explorer} x */
export function tile(item, x) {
  const image = el("img", { loading: "lazy", src: x.thumbUrl(item.row), alt: item.label });
  const node = button(image, () => x.walk({ row: item.row }), "hv-tile");
  node.title = wordsOf(item).title;
  node.dataset.row = String(item.row);
  return node;
}

/**
 * Fill a strip, hide an empty one: what is in sight at once, the rest after the next frame.
 * @param {HTMLElement} strip @param {(() => HTMLElement)[]} makers of its cards
 */
export function fillWith(strip, makers) {
  const held = strip.contains(document.activeElement); // whoever walks by keyboard goes on from the new cards
  strip.replaceChildren(...makers.slice(0, AT_ONCE).map((make) => make()));
  strip.hidden = !makers.length;
  requestAnimationFrame(() => (strip.scrollLeft = 0)); // here it would lay the page out once for every strip
  const first = strip.firstChild;
  if (held) strip.querySelector("button")?.focus({ preventScroll: true });
  const later = makers.slice(AT_ONCE);
  if (later.length) painted().then(() => strip.firstChild === first && strip.append(...later.map((make) => make())));
}

const PROOFS = {
  certified: "Not all items were read for this list, yet it is proven that none of the others belongs in it.",
  approximate: "Not all items were read for this list, and some of the others might belong in it.",
};

/**
 * A heading with quieter words behind it, and whether the list below is proven, where that is a question.
 * @param {Element} node @param {string} title @param {string} words @param {import("./types.js").Proof} [proof]
 */
export function headed(node, title, words, proof = "exact") {
  node.replaceChildren(`${title} `, el("span", "", words));
  if (proof === "exact") return;
  const word = el("span", "hv-proof", ` · ${proof}`);
  word.title = PROOFS[proof];
  node.append(word);
}

/**
 * Fill `<div><h3></h3><div class="hv-strip"></div></div>`.
 * @param {HTMLElement} box @param {"children"|"parents"|"path"|"common"} kind
 * @param {{title: string, cards: Item[], total: number, least?: boolean, order: string, proof?: import("./types.js").Proof}} content   least: there
 *   are at least `total`
 * @param {(row: number) => string} thumbUrl @param {(row: number) => void} onPick
 */
export function fillStrip(box, kind, { title, cards, total, least, order, proof }, thumbUrl, onPick) {
  const many = cards.length < total || least ? `${cards.length} of ${least ? "at least " : ""}${count(total)}` : String(total);
  headed(/** @type {Element} */ (box.querySelector("h3")), title, cards.length ? [many, order].filter(Boolean).join(" · ") : EMPTY_LISTS[kind], proof);
  fillWith(/** @type {HTMLElement} */ (box.querySelector(".hv-strip")), cards.map((item) => () => listCard(item, thumbUrl, onPick))); // prettier-ignore
}

