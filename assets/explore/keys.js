/** What the words mean and what the keys do, under "?". */
import { button, el } from "../shared/dom.js";

const WORDS = [
  ["Disk", "A map in which distance from the middle is the model's own: whole scenes should lie in the middle, objects farther out, their parts at the rim."],
  ["Root", "The middle of the disk: the most general place of all."],
  ["From the root", "Hyperbolic distance to the middle; the larger, the more specific (radius r)."],
  ["Cone", "What opens outwards from the selected item. Everything inside it counts as contained in it. Its half-angle is ω."],
  ["Calibrated", "The width ω at which as many items lie inside as belong there by the boxes of these pictures, or of those that the checkpoint was validated with; ↺ says which."],
  ["In its cone", "Found by entailment: the angle at the selected item, exterior angle ext, is at most ω. Where boxes are annotated in the item, the kinds that look like these come first; without boxes they come by the model's ranking alone."],
  ["Objects, parts …", "Bands of distance from the root, with limits midway between the levels of this data. A band is called by a level where what it lists is of that level, else by its radii."],
  ["Parents", "Items in whose cones the selected one lies. What holds it in its own picture is known by the boxes; of other pictures it is what the model says."],
  ["Certified, approximate", "Of a list among more than a million items that was found without reading all: whether it is proven to be the exact one."],
  ["Similar, more general", "Items on the way to the root that do not contain the selected one."],
  ["Branch", "The object class that an item belongs to or is a part of; colours follow it."],
  ["Distortion", "How much the layout misplaces an item, by its distances to others: 0 not at all."],
  ["Level", "How deep an item is nested in its picture: scene, object, part, part of a part."],
  ["Layout", "Where the angle on the disk comes from; the distance from the middle never changes."],
  ["True to distances, to neighbours", "How much of these the drawn angles keep: rank correlation and trustworthiness, 1 is all."],
  ["Chance", "What a figure would be by luck. Beside a list: as many items of the same kinds, drawn at random from the other pictures. Beside what a layout is true to: the same points with their angles exchanged at random."],
  ["Narrower farther out", "A cone whose width follows from the distance to the root (Ganea's aperture), not from the slider."],
  ["Contradictions", "Items outside the cone of an annotated parent, or not farther from the root than it."],
];
const KEYS = [
  ["↑ ↓", "to the parent, to the child"],
  ["← →", "to the other boxes of the picture"],
  ["Enter", "put the item into the selection, or take it out"],
  ["F", "around the selection, or the overview"],
  ["Esc", "the overview, the root in the middle; ends lasso and box"],
  ["+ −", "zoom"],
  ["[ ]", "narrower, wider cone"],
  ["L  B", "lasso, box; Shift and drag draws a box at any time"],
  ["Shift and click", "put a point into the selection, or take it out"],
  ["C", "pin or unpin the cone"],
  ["P", "pictures on the disk"],
  ["G", "all pictures as a gallery"],
  ["H", "how distances and classes are spread: choose a range or a class"],
  ["T", "tag the card in focus, or the selected item; with Shift, ask for the tag"],
  ["/", "find by label, picture or id"],
  ["W", "search with words, where the model knows any"],
  ["Backspace", "back to the previous item"],
  ["?", "this list"],
];

/** @param {string[][]} pairs */
const listOf = (pairs) => el("dl", "", ...pairs.flatMap(([name, words]) => [el("dt", "", name), el("dd", "", words)]));

/** The keys of the page, and the dialogue that explains them. @param {import("./explore.js").Explorer} x what the parts share */
export function keysPart(x) {
  const mouse = "Drag moves the disk, the wheel or two fingers zoom, a double click brings a point to the middle.";
  const close = button("×", () => help.close(), "hv-help-close");
  close.setAttribute("aria-label", "Close");
  const words = el("section", "", el("h3", "", "Words"), listOf(WORDS));
  const keys = el("section", "", el("h3", "", "Keys"), listOf(KEYS), el("p", "", mouse));
  const help = el("dialog", "hv-help", close, el("div", "hv-help-columns", words, keys));
  help.setAttribute("aria-label", "Words and keys");
  help.addEventListener("click", (event) => event.target === help && help.close()); // beside it
  x.root.append(help);
  const open = button("?", () => help.showModal(), "hv-help-open");
  open.title = "Words and keys (?)";
  open.setAttribute("aria-label", "Words and keys");

  /** @type {Record<string, (event: KeyboardEvent) => unknown>} */
  const actions = {
    "?": () => help.showModal(),
    "/": () => x.selects.focus(),
    "[": () => x.cone.nudge(-1),
    "]": () => x.cone.nudge(1),
    Backspace: () => x.back(),
    w: () => x.view?.words && x.words.focus(),
    c: () => x.pins.turn(),
    p: () => x.shows.togglePictures(),
    g: () => x.gallery.turn(),
    h: () => x.hist.turn(),
    t: (event) => x.marks.key(event),
    T: (event) => x.marks.key(event),
  };
  // Also while nothing has the focus: on a page just opened, and after a click on a card that made way for others.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !actions[event.key]) return;
    const ours = event.target === document.body ? x.root.getClientRects().length > 0 : x.root.contains(/** @type {Node} */ (event.target));
    if (!ours || /** @type {Element} */ (event.target).closest("input, select, textarea, dialog")) return;
    event.preventDefault();
    actions[event.key](event);
  });
  return { nodes: [open] };
}
