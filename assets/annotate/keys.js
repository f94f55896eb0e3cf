/** Keys of the annotator: what each does, and the list of them. */
import { button, el } from "../shared/dom.js";
import { add, nextBox, nudge, relabel, remove } from "./edits.js";

/** @type {Record<string, number[]>} right and down */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const KEYS = [
  ["Drag", "draw a box; the border or the name of the selected box moves it, a handle resizes it"],
  ["I", "a new box in the middle, without a mouse"],
  ["Arrow keys", "move the selected box by a pixel, with Shift by ten"],
  ["Alt and arrow keys", "resize it by its right and lower side, with Shift by ten"],
  ["N  Shift N", "next, previous box"],
  ["L or Enter", "label it; 1 to 9 give it one of the frequent labels"],
  ["Delete", "delete it"],
  ["Ctrl Z  Ctrl Y", "undo, redo, over all pictures"],
  [".  ,  or Page Down, Page Up", "next, previous picture; U: the next one without boxes"],
  ["D  V", "draw, or move whole boxes and the picture"],
  ["+  −  0", "zoom in, out, whole picture; Ctrl and wheel, or two fingers"],
  ["A  B", "take the selected box as A or B of a correction"],
  ["Esc", "select nothing"],
  ["?", "this list"],
];

/** The dialogue that lists them. @returns {HTMLDialogElement} */
export function createHelp() {
  const list = el("dl");
  for (const [keys, words] of KEYS) list.append(el("dt", { text: keys }), el("dd", { text: words }));
  const help = el("dialog", { class: "hv-help" }, el("h3", { text: "Keys of the annotator" }), list);
  help.append(button("Close", () => help.close()));
  return help;
}

/** What a key press does, as a function, or null. @param {import("./annotate.js").Annotator} x @param {KeyboardEvent} event */
export function keyOf(x, event) {
  const { key, shiftKey, altKey } = event;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (event.ctrlKey || event.metaKey) {
    if (letter === "z") return () => (shiftKey ? x.sheet.redo() : x.sheet.undo());
    return letter === "y" ? () => x.sheet.redo() : null;
  }
  const arrow = ARROWS[key];
  if (arrow && x.sheet.selected) return () => nudge(x, arrow[0] * (shiftKey ? 10 : 1), arrow[1] * (shiftKey ? 10 : 1), altKey);
  if (altKey) return null;
  if (/^[1-9]$/.test(key)) return x.names()[Number(key) - 1] ? () => relabel(x, x.names()[Number(key) - 1]) : null;
  if (letter === "Enter" && /** @type {Element} */ (event.target).closest("button, summary, a")) return null; // its own key
  /** @type {Record<string, () => unknown>} */
  const actions = {
    n: () => nextBox(x, shiftKey ? -1 : 1), i: () => add(x, x.stage.middleBox()), l: () => x.label.focus(),
    Enter: () => x.label.focus(), Delete: () => remove(x), Backspace: () => remove(x),
    ".": () => x.step(1), PageDown: () => x.step(1), ",": () => x.step(-1), PageUp: () => x.step(-1), u: () => x.nextEmpty(),
    d: () => x.tool("draw"), v: () => x.tool("move"), "+": () => x.stage.zoom(1.4), "=": () => x.stage.zoom(1.4),
    "-": () => x.stage.zoom(1 / 1.4), 0: () => x.stage.home(), a: () => x.mark("a"), b: () => x.mark("b"),
    Escape: () => (x.stage.cancel(), x.sheet.select(null)), "?": () => x.help.showModal(),
  }; // prettier-ignore
  return actions[letter] || null;
}
