/**
 * Corrections of the hierarchy: "A is more general than B", "B is not a child of A", for two items or two classes; the list of those
 * made, each to be undone, what contradicts itself in words, and the list as a file. The annotator and the Explore tab show it.
 *
 *   const panel = createCorrections(element, {data, onChanged});
 *   await panel.open();   panel.offer({id, label, words});   panel.mark("a");
 *
 * @typedef {"a"|"b"} End
 * @typedef {"item"|"class"} Level
 * @typedef {{id: string, label: string, words: string, scene?: boolean}} Item   scene: a whole picture
 * @typedef {{id: string, level: Level, kind: "above"|"not", a_words: string, b_words: string, added?: number, removed?: number, problem?: string|null}} Correction
 * @typedef {{data: string, pending: number, classes: string[], corrections: Correction[]}} Answer   of the server
 * @typedef {{data: string, images: number, boxes: number}} Applied   what changes have become
 * @typedef {{data: () => string, onChanged?: (answer: Answer) => void}} Options   data: the name of the set as it is now
 */
import { button, el, save } from "../shared/dom.js";
import { plural } from "../shared/format.js";
import { address, ask } from "../shared/http.js";
import { complaint, note } from "../shared/pieces.js";

const FILES = [
  ["corrections.csv", "CSV"],
  ["corrections.json", "JSON"],
];

/** How a node of the form is found again. @param {HTMLElement & {value?: string}} node */
const focusKey = (node) =>
  node.dataset.kind ? `[data-kind=${node.dataset.kind}]` : node.dataset.end ? `[data-end=${node.dataset.end}]` : node.value ? `[value="${node.value}"]` : null;

class Corrections {
  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, { data, onChanged }) {
    this.root = root;
    this.data = data;
    this.onChanged = onChanged;
    /** @type {{a: Item|null, b: Item|null, classA?: string, classB?: string}} */
    this.ends = { a: null, b: null };
    /** @type {Item|null} the one selected around this panel */
    this.offered = null;
    /** @type {Level} */
    this.level = "item";
    /** @type {Answer|null} the server's last one */
    this.told = null;

    this.problem = el("div", { "aria-live": "polite" });
    this.form = el("div", { class: "hc-form" });
    this.list = el("ul", { class: "hc-list", "aria-label": "Corrections made" });
    this.files = el("div", { class: "he-downloads" });
    root.classList.add("hc-root");
    root.replaceChildren(this.form, this.problem, this.list, this.files);
  }

  /** @param {string} name */
  path(name) {
    return `annotate/${name}?data=${encodeURIComponent(this.data())}`;
  }

  async open() {
    this.take(await ask(this.path("corrections")));
  }

  /** @param {Answer} answer */
  take(answer) {
    this.told = answer;
    this.draw();
    this.onChanged?.(answer);
  }

  /** @param {() => Promise<Answer>} work */
  async attempt(work) {
    this.problem.replaceChildren();
    try {
      this.take(await work());
    } catch (error) {
      this.problem.replaceChildren(complaint(error));
    }
  }

  /** @param {string} kind */
  send(kind) {
    const [a, b] = this.level === "class" ? [this.ends.classA, this.ends.classB] : [this.ends.a?.id, this.ends.b?.id];
    const body = JSON.stringify({ kind, level: this.level, a, b });
    return this.attempt(() => ask(this.path("corrections"), { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  }

  // ---- choosing ------------------------------------------------------------------------------------------------
  /** @param {End} end */
  mark(end) {
    if (!this.offered) return;
    this.ends[end] = this.offered;
    this.ends[end === "a" ? "classA" : "classB"] = this.offered.scene ? "" : this.offered.label;
    this.problem.replaceChildren();
    this.draw();
  }

  /** @param {End} end */
  endNode(end) {
    const one = this.ends[end];
    const name = end.toUpperCase();
    const words = one ? one.words : "nothing yet";
    const take_ = button(`Take the selected one as ${name}`, () => this.mark(end), { disabled: !this.offered, "data-end": end, title: this.offered?.words });
    return el("div", { class: "hc-end" }, el("b", { text: name }), el("span", { class: one ? null : "hc-none", text: words }), take_);
  }

  /** @param {End} end */
  classNode(end) {
    const key = end === "a" ? "classA" : "classB";
    /** @type {HTMLSelectElement} */
    const select = el("select", { "aria-label": `Class ${end.toUpperCase()}`, onchange: () => ((this.ends[key] = select.value), this.draw()) });
    select.append(el("option", { value: "", text: "choose a class" }));
    for (const name of this.told?.classes ?? []) select.append(el("option", { value: name, selected: name === this.ends[key] }, name));
    return el("div", { class: "hc-end" }, el("b", { text: end.toUpperCase() }), select);
  }

  draw() {
    if (!this.told) return;
    const choice = (/** @type {Level} */ value, /** @type {string} */ text) => {
      const input = el("input", { type: "radio", name: `hc-level-${this.root.id || "x"}`, value, onchange: () => ((this.level = value), this.draw()) });
      input.checked = this.level === value;
      return el("label", {}, input, el("span", { text }));
    };
    const ready = this.level === "class" ? this.ends.classA && this.ends.classB : this.ends.a && this.ends.b;
    const [a, b] = this.level === "class" ? [this.ends.classA || "A", this.ends.classB || "B"] : [this.ends.a?.label || "A", this.ends.b?.label || "B"];
    const verb = (/** @type {string} */ kind, /** @type {string} */ text) => button(text, () => this.send(kind), { disabled: !ready, "data-kind": kind, class: "he-small hc-verb" });
    const focused = this.form.contains(document.activeElement) ? focusKey(/** @type {HTMLElement} */ (document.activeElement)) : null;
    this.form.replaceChildren(
      el("div", { class: "hc-levels", role: "radiogroup", "aria-label": "What is corrected" }, choice("item", "two items"), choice("class", "two classes, in every picture")),
      ...(/** @type {const} */ (["a", "b"])).map((end) => (this.level === "class" ? this.classNode(end) : this.endNode(end))),
      el("div", { class: "hc-verbs" }, verb("above", `“${a}” is more general than “${b}”`), verb("not", `“${b}” is not a child of “${a}”`)),
    );
    if (focused) /** @type {HTMLElement|null} */ (this.form.querySelector(focused))?.focus();
    this.list.replaceChildren(...this.told.corrections.map((one) => this.entry(one)));
    const keep = (/** @type {string[]} */ [name, text]) => button(text, () => save(address(this.path(`export/${name}`)), name), { "data-file": name });
    this.files.replaceChildren(...(this.told.corrections.length ? [el("span", { text: "Save the list" }), ...FILES.map(keep)] : []));
  }

  /** @param {Correction} one */
  entry(one) {
    const where = one.level === "class" ? ", in every picture" : "";
    const [a, b] = [one.a_words, one.b_words];
    const said = (one.kind === "above" ? `${a} is more general than ${b}` : `${b} is not a child of ${a}`) + where;
    const does = [one.added && `${plural(one.added, "pair")} more`, one.removed && `${plural(one.removed, "pair")} less`].filter(Boolean);
    const why = one.problem ? el("p", { class: "hc-problem", text: `Not in force: ${one.problem}` }) : note(does.join(", "));
    const undo = button("Undo", () => this.attempt(() => ask(this.path(`corrections/${one.id}`), { method: "DELETE" })), { "aria-label": `Undo: ${said}` });
    return el("li", { "data-id": one.id }, el("div", {}, el("p", { text: said }), why), undo);
  }

  /** What is selected around this panel; null for nothing. @param {Item|null} item */
  offer(item) {
    this.offered = item;
    this.draw();
  }

  state() {
    return { told: this.told, ends: this.ends, level: this.level };
  }
}

/** @param {HTMLElement} root @param {Options} options */
export const createCorrections = (root, options) => new Corrections(root, options);

/**
 * "3 changes …" with the button that makes them everybody's.
 * @param {{data: () => string, before?: () => Promise<void>, onApplied?: (made: Applied) => unknown}} options
 * `before` runs first; the page then opens the data anew.
 */
export function createApply({ data, before, onApplied }) {
  const root = el("div", { class: "ha-apply", "aria-live": "polite" });
  async function apply() {
    /** @type {HTMLButtonElement} */ (root.querySelector("button")).disabled = true;
    try {
      await before?.();
      /** @type {Applied} */
      const made = await ask(`annotate/apply?data=${encodeURIComponent(data())}`, { method: "POST" });
      show(0);
      onApplied?.(made);
      window.hypvizOpen?.(made.data, null);
    } catch (error) {
      root.replaceChildren(complaint(error), button("Try again", apply, { class: "he-small" }));
    }
  }
  /** @param {number} pending how many changes */
  function show(pending) {
    root.hidden = !pending;
    const words = `${plural(pending, "change")} saved, not used yet: the other tabs and training show the set as it was.`;
    root.replaceChildren(el("span", { text: words }), button("Use in all tabs", apply, { class: "he-run" }));
  }
  root.hidden = true;
  return { node: root, show };
}
