/** Building blocks of the Explore tab: menus, choices, switches. Nothing here knows what they are for. */
import { button, el } from "../shared/dom.js";

/** @returns {HTMLDetailsElement[]} */
const openMenus = () => [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".hv-menu[open]"))];

/**
 * A menu that opens under its name; only one is open at a time, Escape and a click elsewhere close it.
 * @param {string} title @param {{onOpen?: () => unknown}} [options] onOpen fills it, perhaps later
 * @returns {HTMLDetailsElement & {body: HTMLElement, rename: (...text: (string|Node)[]) => void}} with `body` to fill and `rename(…)` to
 *   call it something else
 */
export function menu(title, { onOpen } = {}) {
  const summary = el("summary", "", title);
  const body = el("div", "hv-pop");
  const node = el("details", "hv-menu", summary, body);
  node.addEventListener("toggle", () => {
    if (!node.open) return;
    for (const other of openMenus()) if (other !== node) other.open = false;
    place();
    Promise.resolve(onOpen?.()).then(place); // what is filled in later may be wider
  });

  function place() {
    body.style.setProperty("--hv-shift", "0px");
    const over = body.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
    body.style.setProperty("--hv-shift", `${-Math.max(0, over)}px`);
  }
  return Object.assign(node, { body, rename: (/** @type {(string|Node)[]} */ ...text) => summary.replaceChildren(...text) });
}

document.addEventListener("pointerdown", (event) => {
  for (const node of openMenus()) if (!node.contains(/** @type {Node} */ (event.target))) node.open = false;
});
document.addEventListener("keydown", (event) => {
  const [open] = openMenus();
  if (event.key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary")?.focus();
  event.stopImmediatePropagation();
}, true); // prettier-ignore

let serial = 0;

/**
 * One of several: radio buttons under a heading.
 * @param {string} heading @param {{value: string, title: string, hint?: string, disabled?: boolean}[]} options
 * @param {string} value the chosen one @param {(value: string) => unknown} onChange
 * @returns {HTMLFieldSetElement & {choose: (value: string) => void}} with `choose(value)`, which does not call `onChange`
 */
export function choices(heading, options, value, onChange) {
  const name = `hv-choice-${++serial}`;
  const brief = options.length > 3 && !options.some((option) => option.hint);
  const node = el("fieldset", `hv-choices${brief ? " hv-brief" : ""}`, el("legend", "", heading));
  for (const option of options) {
    const input = Object.assign(el("input"), { type: "radio", name, value: option.value, disabled: Boolean(option.disabled) });
    input.checked = option.value === value;
    input.addEventListener("change", () => onChange(option.value));
    const words = el("span", "", option.title, ...(option.hint ? [el("small", "", option.hint)] : []));
    node.append(el("label", "", input, words));
  }
  /** @param {string} next */
  const choose = (next) => node.querySelectorAll("input").forEach((input) => (input.checked = input.value === next));
  return Object.assign(node, { choose });
}

/**
 * A check box with its words; `node.input` is the box.
 * @param {string} title @param {string} hint @param {(on: boolean) => void} onChange
 */
export function toggle(title, hint, onChange) {
  const input = Object.assign(el("input"), { type: "checkbox" });
  input.addEventListener("change", () => onChange(input.checked));
  const node = el("label", "hv-toggle", input, el("span", "", title, ...(hint ? [el("small", "", hint)] : [])));
  return Object.assign(node, { input });
}

/**
 * A button that runs an asynchronous action, is shown busy meanwhile, and hands errors to `complain`.
 * @param {import("../shared/dom.js").Child} text @param {() => unknown} run @param {(error: unknown) => void} complain @param {string} className
 */
export function action(text, run, complain, className) {
  const node = button(text, async () => {
    node.disabled = true;
    try {
      await run();
    } catch (error) {
      complain(error);
    } finally {
      node.disabled = false;
    }
  }, className);
  return node;
}

