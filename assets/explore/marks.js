/**
 * Tags on items: given by a key or a button from any card, from the selected item, or to all that was found. They are kept in the workspace;
 * every change names only what it changes, and the answer holds what all browsers have changed.
 *
 * @typedef {import("./explore.js").Explorer} Explorer
 * @typedef {import("./views.js").SavedView} SavedView
 * @typedef {{name: string, count: number, elsewhere: number}} TagCount   elsewhere: items that the data no longer has
 * @typedef {TagCount & {members: Bits}} Tag
 * @typedef {{tags: (TagCount & {members: string})[], views: SavedView[], changed?: number, view?: SavedView}} Marks   the server's answer
 * @typedef {{rows: number[]}|{members: string}} Which   items
 * @typedef {{title: string, value?: string, run: (name: string) => unknown}} Question
 */
import { Bits, isRow } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action } from "./parts.js";

const CARDS = ".hv-tile, .hv-card, .hv-set tr[data-row]";

class MarksPart {
  /** @param {Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.line = el("div", "hv-tags");
    x.find(".hv-caption").after(this.line);
    /** @type {HTMLElement|null} the card that the flag lies on */
    this.flagged = null;
    this.flag = button("", () => this.flagged && this.pressed(this.flagged), "hv-flag");
    this.flag.hidden = true;
    this.form = nameForm(x);
    x.root.append(this.flag, this.form);
    /** @type {Tag[]} */
    this.tags = [];
    this.last = ""; // the tag that a key gives

    new MutationObserver((changes) => this.tags.length && changes.forEach(({ addedNodes }) => addedNodes.forEach((where) => this.paint(where)))).observe(x.root, { childList: true, subtree: true });
    x.root.addEventListener("pointerover", (event) => this.follow(event));
    x.root.addEventListener("scroll", () => (this.flag.hidden = true), { capture: true, passive: true });
  }

  /* ------------------------------------------------------------ what there is, and changing it */

  /** Take over what the server says there is. @param {Marks} answer */
  take(answer) {
    this.tags = answer.tags.map((tag) => ({ ...tag, members: Bits.decode(tag.members, this.x.view.count) }));
    if (!this.tags.some((tag) => tag.name === this.last)) this.last = this.tags.length === 1 ? this.tags[0].name : "";
    this.form.offer(this.tags.map((tag) => tag.name));
    this.x.views.take(answer.views);
    this.write();
    this.paint(this.x.root);
    this.x.gallery.tagsChanged();
    return answer;
  }

  /** @param {string} path @param {object} body */
  async change(path, body) {
    return this.take(await this.x.api.ask(path, body));
  }

  /** @param {number} row @param {string} name */
  has(row, name) {
    return Boolean(this.tags.find((tag) => tag.name === name)?.members.has(row));
  }

  /** @param {string} name @param {Which} which @param {boolean} on */
  async give(name, which, on = true) {
    const { changed = 0 } = await this.change("tag", { name, on, ...which });
    this.last = this.tags.find((tag) => tag.name === name.trim().replace(/\s+/g, " "))?.name ?? this.last;
    this.x.announce(`${on ? "Tagged" : "No longer tagged"} ${name}: ${count(changed)} ${changed === 1 ? "item" : "items"}.`);
    this.write();
  }

  /** @param {HTMLElement} anchor @param {Which} which @param {string} words */
  ask(anchor, which, words) {
    return this.form.ask(anchor, { title: words, value: this.last, run: (name) => this.give(name, which) });
  }

  /** @param {number} row */
  toggle(row) {
    return this.give(this.last, { rows: [row] }, !this.has(row, this.last)).catch(this.x.complain);
  }

  /** @param {HTMLElement} node */
  pressed(node) {
    const row = Number(node.dataset.row);
    if (this.last) this.toggle(row);
    else this.ask(node, { rows: [row] }, "Tag this item");
  }

  /* ------------------------------------------------------------ what it looks like */

  /** The tags of the selected item, and a way to give it another. */
  write() {
    const row = this.x.answer?.row;
    this.line.hidden = !isRow(row);
    if (!isRow(row)) return;
    const own = this.tags.filter((tag) => tag.members.has(row)).map(({ name }) => {
      const off = action("×", () => this.give(name, { rows: [row] }, false), this.x.complain, "");
      off.setAttribute("aria-label", `Take the tag ${name} away`);
      return el("span", "hv-tag", name, off);
    });
    /** @type {HTMLButtonElement} */
    const add = button("+ tag", () => this.ask(add, { rows: [row] }, "Tag the selected item"), "hv-tag-add");
    add.title = "Tag the selected item (T)";
    this.line.replaceChildren(...own, add);
  }

  /** A corner on the cards of items that have tags. @param {Node} where */
  paint(where) {
    if (!(where instanceof HTMLElement)) return;
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (where.querySelectorAll(CARDS))) this.paintOne(node);
    if (where.matches(CARDS)) this.paintOne(where);
  }

  /** @param {HTMLElement} node */
  paintOne(node) {
    const row = Number(node.dataset.row);
    const own = this.tags.filter((tag) => tag.members.has(row)).map((tag) => tag.name);
    if (own.length) node.dataset.tags = own.join(", ");
    else delete node.dataset.tags;
  }

  /** One button that comes to the card under the pointer: cards are buttons themselves and hold no other. @param {PointerEvent} event */
  follow(event) {
    const over = /** @type {Element} */ (event.target);
    if (event.pointerType === "touch" || this.flag.contains(over)) return;
    /** @type {HTMLElement|null} */
    const node = over.closest(".hv-tile, .hv-card:not(.hv-mini)"); // on a small one it would be all there is to press
    this.flag.hidden = !node || this.form.isOpen();
    if (!node) return;
    const box = node.getBoundingClientRect();
    const on = this.last && this.has(Number(node.dataset.row), this.last);
    this.flagged = node;
    Object.assign(this.flag, { textContent: on ? "⚑" : "⚐", title: this.last ? `${on ? "Take away" : "Give"} the tag “${this.last}” (T)` : "Tag this item (T)" });
    this.flag.setAttribute("aria-label", this.flag.title);
    this.flag.setAttribute("aria-pressed", String(Boolean(on)));
    Object.assign(this.flag.style, { left: `${box.left + 2}px`, top: `${box.top + 2}px` });
  }

  names() {
    return this.tags.map((tag) => tag.name);
  }

  /** @param {string} name */
  members(name) {
    return this.tags.find((tag) => tag.name === name)?.members;
  }

  shown() {
    return this.write();
  }

  async refresh() {
    return this.take(await this.x.api.get("marks"));
  }

  /** T on a card is about its item, elsewhere about the selected one; with Shift it asks for the tag. @param {KeyboardEvent} event */
  key(event) {
    /** @type {HTMLElement|null} */
    const node = /** @type {Element} */ (event.target).closest(CARDS);
    const row = node ? Number(node.dataset.row) : this.x.answer?.row;
    if (!isRow(row)) return;
    if (event.key === "t" && this.last && node) this.toggle(row);
    else this.ask(node || this.line, { rows: [row] }, node ? "Tag this item" : "Tag the selected item");
  }

  async opened() {
    [this.tags, this.last, this.flag.hidden] = [[], "", true];
    await this.refresh();
  }
}

/** Tags: their keys, their buttons, and the corner of a card that has some. @param {import("./explore.js").Explorer} x what the parts share */
export const marksPart = (x) => new MarksPart(x);

let serial = 0;

/** A small form for one name, beside what it is about. @param {import("./explore.js").Explorer} x what the parts share */
export function nameForm(x) {
  const list = Object.assign(el("datalist"), { id: `hv-names-${++serial}` });
  const input = Object.assign(el("input"), { type: "text", maxLength: 60, required: true, autocomplete: "off" });
  input.setAttribute("list", list.id);
  const title = el("label", "", "", input);
  const go = Object.assign(el("button", "hv-primary", "OK"), { type: "submit" });
  const form = el("form", "hv-name", title, list, go);
  let open = false;
  /** @type {(name: string) => unknown} */
  let job = () => {};
  /** @type {Element|null} */
  let home = null; // what had the focus
  form.hidden = true;

  function close() {
    form.hidden = true;
    open = false;
    if (home?.isConnected) /** @type {HTMLElement} */ (home).focus({ preventScroll: true });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return;
    close();
    Promise.resolve(job(name)).catch(x.complain);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  document.addEventListener("pointerdown", (event) => open && !form.contains(/** @type {Node} */ (event.target)) && close());

  return Object.assign(form, {
    isOpen: () => open,
    offer: (/** @type {string[]} */ names) => list.replaceChildren(...names.map((value) => Object.assign(el("option"), { value }))),
    /** @param {HTMLElement} anchor @param {Question} about */
    ask(anchor, { title: words, value = "", run }) {
      [job, home] = [run, document.activeElement];
      /** @type {Text} */ (title.firstChild).textContent = words;
      input.value = value;
      [form.hidden, open] = [false, true];
      const [box, own] = [anchor.getBoundingClientRect(), form.getBoundingClientRect()];
      form.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - own.width - 8))}px`;
      form.style.top = `${box.bottom + own.height + 6 < innerHeight ? box.bottom + 4 : Math.max(8, box.top - own.height - 4)}px`;
      input.focus();
      input.select();
    },
  });
}
