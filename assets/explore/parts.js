/** Building blocks of the Explore tab: talking to the server, menus, choices. Nothing here knows what they are for. */
import { button, element } from "../disk/dom.js";

/* ---------------------------------------------------------------- the server */

/** The server's routes for one view. Every failure is an Error with one sentence for the person. */
export class Api {
  /** @param {string} key of the view */
  constructor(key) {
    this.key = key;
  }

  url(path) {
    return new URL(`hypviz/view/${this.key}/${path}`, document.baseURI).href;
  }

  async fetch(path, options) {
    const response = await fetch(this.url(path), options).catch(() => null);
    if (!response) throw new Error("The hypviz server does not answer; is it still running?");
    if (response.ok) return response;
    const { error } = await response.json().catch(() => ({}));
    throw new Error(error || `The server answered with status ${response.status}.`);
  }

  async get(path) {
    return (await this.fetch(path)).json();
  }

  post(path, body) {
    return this.fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  async ask(path, body) {
    return (await this.post(path, body)).json();
  }
}

/** Hand a file to the person. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/* ---------------------------------------------------------------- menus */

/**
 * A menu that opens under its name; only one is open at a time, Escape and a click elsewhere close it.
 * @returns {HTMLDetailsElement} with `body` to fill and `rename(…)` to call it something else
 */
export function menu(title, { onOpen } = {}) {
  const summary = element("summary", "", title);
  const body = element("div", "hv-pop");
  const node = element("details", "hv-menu", summary, body);
  node.addEventListener("toggle", () => {
    if (!node.open) return;
    for (const other of document.querySelectorAll(".hv-menu[open]")) if (other !== node) other.open = false;
    place();
    Promise.resolve(onOpen?.()).then(place); // what is filled in later may be wider
  });

  function place() {
    body.style.setProperty("--hv-shift", "0px");
    const over = body.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
    body.style.setProperty("--hv-shift", `${-Math.max(0, over)}px`);
  }
  return Object.assign(node, { body, rename: (...text) => summary.replaceChildren(...text) });
}

document.addEventListener("pointerdown", (event) => {
  for (const node of document.querySelectorAll(".hv-menu[open]")) if (!node.contains(event.target)) node.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".hv-menu[open]");
  if (event.key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary").focus();
  event.stopImmediatePropagation();
}, true); // prettier-ignore

let serial = 0;

/**
 * One of several: radio buttons under a heading.
 * @param {string} heading @param {{value: string, title: string, hint?: string, disabled?: boolean}[]} options
 * @returns {HTMLFieldSetElement} with `choose(value)`, which does not call `onChange`
 */
export function choices(heading, options, value, onChange) {
  const name = `hv-choice-${++serial}`;
  const brief = options.length > 3 && !options.some((option) => option.hint);
  const node = element("fieldset", `hv-choices${brief ? " hv-brief" : ""}`, element("legend", "", heading));
  for (const option of options) {
    const input = Object.assign(element("input"), { type: "radio", name, value: option.value, disabled: Boolean(option.disabled) });
    input.checked = option.value === value;
    input.addEventListener("change", () => onChange(option.value));
    const words = element("span", "", option.title, ...(option.hint ? [element("small", "", option.hint)] : []));
    node.append(element("label", "", input, words));
  }
  node.choose = (next) => node.querySelectorAll("input").forEach((input) => (input.checked = input.value === next));
  return node;
}

/** A check box with its words; `node.input` is the box. */
export function toggle(title, hint, onChange) {
  const input = Object.assign(element("input"), { type: "checkbox" });
  input.addEventListener("change", () => onChange(input.checked));
  const node = element("label", "hv-toggle", input, element("span", "", title, ...(hint ? [element("small", "", hint)] : [])));
  return Object.assign(node, { input });
}

/** A button that runs an asynchronous action, is shown busy meanwhile, and hands errors to `complain`. */
export function action(className, text, run, complain) {
  const node = button(className, text, async () => {
    node.disabled = true;
    try {
      await run();
    } catch (error) {
      complain(error);
    } finally {
      node.disabled = false;
    }
  });
  return node;
}

