/**
 * Pieces that the Evaluate, Annotate and Fine-tune tabs are made of: choices, notes, cards, buttons that save, complaints.
 *
 * @typedef {import("./dom.js").Child} Child
 * @typedef {Record<string, import("./dom.js").Attribute>} Attributes
 * @typedef {HTMLElement & {shown?: () => unknown}} Section   a section of a tab; `shown` is called whenever it comes to be seen
 */
import { button, el } from "./dom.js";
import { number } from "./format.js";

/**
 * A labelled <select>.
 * @param {string} label @param {(string|string[])[]} options [value, text] pairs or plain words @param {string} value the chosen one
 * @param {(value: string) => unknown} onchange @param {Attributes} [attributes] of the <select>
 */
export function choice(label, options, value, onchange, attributes = {}) {
  /** @type {HTMLSelectElement} */
  const select = el("select", { "aria-label": label, ...attributes, onchange: () => onchange(select.value) });
  for (const option of options) {
    const [key, text] = Array.isArray(option) ? option : [option, option];
    select.append(el("option", { value: key, selected: key === value }, text));
  }
  return el("label", { class: "he-choice" }, el("span", { text: label }), select);
}

/**
 * A number as a button to its pictures.
 * @param {string} text @param {string} about what it is of, in words @param {() => unknown} onclick @param {Attributes} [attributes]
 */
export function numberButton(text, about, onclick, attributes = {}) {
  return button(text, onclick, { class: "he-number", "aria-label": `${about}: ${text}. Show the pictures.`, ...attributes });
}

/** A quiet line of explanation. @param {string} text @param {Attributes} [attributes] */
export const note = (text, attributes = {}) => el("p", { class: "he-note", text, ...attributes });

/** What may be wider than the page, in a frame that scrolls, by keyboard too. @param {string} label @param {...Child} children */
export function scrolled(label, ...children) {
  return el("div", { class: "he-scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);
}

/**
 * A row of buttons that save something.
 * @param {string} label @param {string[][]} files [name, text] pairs @param {(name: string) => unknown} onSave
 */
export function downloads(label, files, onSave) {
  const buttons = files.map(([name, text]) => button(text, () => onSave(name), { "data-file": name, title: `Save ${name}` }));
  return el("div", { class: "he-downloads" }, el("span", { text: label }), ...buttons);
}

/**
 * An item as a picture with its class and its distance to the root, a button that leads on. With `relevant` it is framed
 * and marked as correct or not; `last` draws a line after it, where the metric stopped looking.
 * @param {{row: number, label: string, radius: number, depth_name: string, file: string, relevant?: boolean}} item
 * @param {{thumb: (row: number) => string, onPick: (row: number) => unknown, last?: boolean}} options
 */
export function card(item, { thumb, onPick, last = false }) {
  const right = item.relevant;
  const words = right === undefined ? item.label : `${item.label}, ${right ? "correct" : "not correct"}`;
  const mark = right === undefined ? null : el("i", { class: "he-mark", "aria-hidden": "true", text: right ? "✓" : "×" });
  const kind = right === undefined ? "" : right ? " he-right" : " he-wrong";
  const attributes = {
    class: `he-card${kind}${last ? " he-last" : ""}`,
    "data-row": item.row,
    "data-radius": item.radius,
    title: `${words} (${item.depth_name}) in ${item.file}\n${number(item.radius)} from the root`,
    "aria-label": `${words}, ${number(item.radius)} from the root; show on the disk`,
  };
  const made = button(undefined, () => onPick(item.row), attributes);
  made.append(
    el("span", { class: "he-thumb" }, el("img", { loading: "lazy", alt: "", src: thumb(item.row) }), mark),
    el("span", { class: "he-label", text: item.label }),
    el("span", { class: "he-radius", text: number(item.radius) }),
  );
  return made;
}

/** One sentence in place of what could not be shown. @param {unknown} error an Error */
export const complaint = (error) => el("p", { class: "he-error", role: "alert", text: /** @type {Error} */ (error).message });
