/**
 * What all parts of the Evaluate tab share: making elements, talking to the server, numbers in words, files to save.
 *
 * Labels and file names only ever become text nodes, never HTML.
 */

/** An element: attributes by name, "on…" functions as listeners, `class`, `text`; then its children. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A labelled <select>; options: [value, text] pairs or plain words. */
export function choice(label, options, value, onchange, attributes = {}) {
  const select = el("select", { "aria-label": label, ...attributes, onchange: () => onchange(select.value) });
  for (const option of options) {
    const [key, text] = Array.isArray(option) ? option : [option, option];
    select.append(el("option", { value: key, selected: key === value }, text));
  }
  return el("label", { class: "he-choice" }, el("span", { text: label }), select);
}

/** A small button; `attributes` may give it another class. */
export const button = (text, onclick, attributes = {}) =>
  el("button", { type: "button", class: "he-small", text, onclick, ...attributes });

/** A number as a button to its pictures; `about` says in words what it is of. */
export function numberButton(text, about, onclick, attributes = {}) {
  return button(text, onclick, { class: "he-number", "aria-label": `${about}: ${text}. Show the pictures.`, ...attributes });
}

/** A quiet line of explanation. */
export const note = (text, attributes = {}) => el("p", { class: "he-note", text, ...attributes });

/** What may be wider than the page, in a frame that scrolls, by keyboard too. */
export function scrolled(label, ...children) {
  return el("div", { class: "he-scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);
}

/** A row of buttons that save something; files: [name, text] pairs. */
export function downloads(label, files, onSave) {
  const buttons = files.map(([name, text]) => button(text, () => onSave(name), { "data-file": name, title: `Save ${name}` }));
  return el("div", { class: "he-downloads" }, el("span", { text: label }), ...buttons);
}

/**
 * An item as a picture with its class and its distance to the root, a button that leads on. With `relevant` it is framed
 * and marked as correct or not; `last` draws a line after it, where the metric stopped looking.
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

export const address = (path) => new URL(`hypviz/${path}`, document.baseURI).href;

/** JSON from the server; throws an Error whose message is one sentence for a person. */
export async function ask(path, options) {
  const response = await fetch(address(path), options).catch(() => null);
  if (!response) throw new Error("The hypviz server does not answer; is it still running?");
  const content = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
  if (content.error) throw new Error(content.error);
  return content;
}

export const query = (values) =>
  new URLSearchParams(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  ).toString();

/** A number at the precision people compare at; "–" for what could not be measured. */
export const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));

/** Metrics that are no share (hypviz/evaluation/units.py): class steps, edges, boxes and classes among the first. */
const NUMBERS = ["OT", "TIE", "LCA", "own boxes", "distinct classes"];
const isShare = (metric) => !NUMBERS.includes(metric.split("@")[0]);

/** A metric's value as the tables print it: a share in %, or a number. */
export function measured(metric, value, sign = false) {
  if (value === null || value === undefined) return "–";
  const [scale, digits] = isShare(metric) ? [100, 1] : [1, 2];
  return (sign && value > 0 ? "+" : "") + number(scale * value, digits);
}

export const unitOf = (metric) => (isShare(metric) ? " %" : "");
export const count = (value) => value.toLocaleString("en");
export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

/** "about 40 s left", "about 3 min left". */
export function timeLeft(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s left` : `about ${Math.round(seconds / 60)} min left`;
}

/** Hand a file to the person. @param {Blob|string} content a Blob, or the address of one */
export function save(content, name) {
  const href = content instanceof Blob ? URL.createObjectURL(content) : content;
  const link = el("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** One sentence in place of what could not be shown. */
export const complaint = (error) => el("p", { class: "he-error", role: "alert", text: error.message });

export const isDark = () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");

/** The words for a task and a reading of "correct". */
export const taskTitle = (task, reading) => `${task}, correct by ${reading}`;

