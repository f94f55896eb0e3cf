/**
 * Nodes of the page: one maker of elements, one of buttons, one of SVG; tabs, files that are dropped and files that are saved.
 *
 * Labels and file names only ever become text nodes, never HTML.
 *
 * @typedef {string|number|boolean|null|undefined|((event: any) => unknown)} Attribute
 * @typedef {Node|string|number|null|undefined} Child
 */
const SVG_NS = "http://www.w3.org/2000/svg";
const SOON_MS = 150; // a tab in the background has no frames: `painted` does not wait longer
const KEPT_MS = 10_000; // until the browser has taken a saved file over

/**
 * An element. about: its class, or attributes by name, among them `text`, and "on…" functions as listeners; true is an attribute
 * without a value, and null, undefined and false are none. Children that are null or undefined are left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string|Record<string, Attribute>} [about] @param {...Child} children @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, about = "", ...children) {
  const node = document.createElement(tag);
  if (typeof about === "string") {
    if (about) node.className = about;
  } else {
    for (const [name, value] of Object.entries(about)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = String(value);
      else if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child instanceof Node ? child : String(child));
  return node;
}

/**
 * A push button. about: its class, or attributes, which then have the class of a small button unless they name another.
 * @param {Child} content @param {(event: MouseEvent) => unknown} onClick @param {string|Record<string, Attribute>} [about]
 */
export function button(content, onClick, about = {}) {
  const attributes = typeof about === "string" ? { class: about || null } : { class: "he-small", ...about };
  return el("button", { type: "button", ...attributes, onclick: onClick }, content);
}

/**
 * Change attributes of a node. @template {Element} T
 * @param {T} node @param {Record<string, string|number>} attributes @returns {T}
 */
export function set(node, attributes) {
  for (const name in attributes) node.setAttribute(name, String(attributes[name]));
  return node;
}

/**
 * A new SVG node. @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Record<string, string|number>} [attributes] @returns {SVGElementTagNameMap[T]}
 */
export const make = (tag, attributes = {}) => set(document.createElementNS(SVG_NS, tag), attributes);

/**
 * A new SVG node as the last child of another. @template {keyof SVGElementTagNameMap} T
 * @param {Element} parent @param {T} tag @param {Record<string, string|number>} [attributes] @returns {SVGElementTagNameMap[T]}
 */
export const add = (parent, tag, attributes) => parent.appendChild(make(tag, attributes));

/** Whether motion is unwanted. @returns {boolean} */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Whether the page is dark, as Gradio marks it. @returns {boolean} */
export const isDark = () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");

/** After the next frame is on the screen; a tab in the background has none, so it does not wait long. @returns {Promise<void>} */
export const painted = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, SOON_MS);
  });

/** Bring a tab of the page to the front, also one that a narrow window keeps under "More tabs". @param {string} name */
export function openTab(name) {
  /** @type {NodeListOf<HTMLElement>} */
  const tabs = document.querySelectorAll("[role=tab], .overflow-dropdown button");
  [...tabs].find((tab) => tab.textContent.trim() === name)?.click();
}

/**
 * Let files be dropped on a node, which has a class while they hover.
 * @param {HTMLElement} node @param {string} className @param {(data: DataTransfer) => void} onDrop
 */
export function dropZone(node, className, onDrop) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add(className);
  });
  node.addEventListener("dragleave", () => node.classList.remove(className));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove(className);
    if (event.dataTransfer) onDrop(event.dataTransfer);
  });
}

/** Hand a file to the person. @param {Blob|string} content a Blob, or the address of one @param {string} name of the file */
export function save(content, name) {
  const href = content instanceof Blob ? URL.createObjectURL(content) : content;
  const link = el("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}
