/** Pictures of one's own to draw on: a zip or a folder, with boxes or without. */
import { bring as bringSet, dropped } from "../finetune/bring.js";
import { button, dropZone, el } from "../shared/dom.js";
import { complaint, note } from "../shared/pieces.js";

/**
 * The zone that takes pictures in, and the button that opens it.
 * @param {{onSet: (name: string) => void}} options onSet: a set was taken in @returns {{button: HTMLElement, node: HTMLElement}}
 */
export function createOpener({ onSet }) {
  /** @type {HTMLInputElement} */
  const zip = el("input", { type: "file", accept: ".zip,application/zip", class: "ht-file", onchange: () => take(zip) });
  /** @type {HTMLInputElement} */
  const folder = el("input", { type: "file", webkitdirectory: true, multiple: true, class: "ht-file", onchange: () => take(folder) });
  const pick = (/** @type {Node} */ input, /** @type {string} */ text) => el("label", { class: "ht-pick" }, text, input);
  const told = el("div", { "aria-live": "polite" });
  const node = el("div", { class: "ht-drop ha-open" }, el("p", {}, el("b", { text: "Drop pictures, a folder or a zip here" }), " or"),
    el("div", { class: "ht-picks" }, pick(zip, "Choose a zip"), pick(folder, "Choose a folder")), note("With or without boxes; they are kept in a set of their own."), told); // prettier-ignore
  const toggle = button("Open pictures …", () => show(Boolean(node.hidden)), { class: "he-small", "aria-expanded": "false" });
  node.hidden = true;
  /** @type {ReturnType<typeof bringSet>|null} */
  let running = null;

  /** @param {boolean} on */
  function show(on) {
    node.hidden = !on;
    toggle.setAttribute("aria-expanded", String(on));
  }

  /** @param {HTMLInputElement} input */
  function take(input) {
    const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    input.value = "";
    if (files.length) bring(files);
  }

  /** @param {import("../finetune/types.js").Brought[]} files */
  async function bring(files) {
    if (running) return;
    node.setAttribute("aria-busy", "true");
    try {
      running = bringSet(files, { toDraw: true, tell: (words) => told.replaceChildren(note(words), button("Cancel", () => running?.cancel())) });
      const set = await running.done;
      told.replaceChildren();
      show(false);
      onSet(set);
    } catch (error) {
      told.replaceChildren(complaint(error));
    }
    running = null;
    node.removeAttribute("aria-busy");
  }

  dropZone(node, "ht-over", (data) => dropped(data).then(bring));
  return { button: toggle, node };
}
