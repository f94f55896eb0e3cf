/**
 * Tags on items: given by a key or a button from any card, from the selected item, or to all that was found. They are kept in the workspace;
 * every change names only what it changes, and the answer holds what all browsers have changed.
 */
import { Bits } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action } from "./parts.js";

const CARDS = ".hv-tile, .hv-card, .hv-set tr[data-row]";

export function marksPart(x) {
  const line = el("div", "hv-tags");
  x.find(".hv-caption").after(line);
  const flag = button("", () => pressed(flag.target), "hv-flag");
  flag.hidden = true;
  const form = nameForm(x);
  x.root.append(flag, form);
  let tags = []; // {name, count, elsewhere, members: Bits}
  let last = ""; // the tag that a key gives

  /* ------------------------------------------------------------ what there is, and changing it */

  /** Take over what the server says there is. */
  function take(answer) {
    tags = answer.tags.map((tag) => ({ ...tag, members: Bits.decode(tag.members, x.view.count) }));
    if (!tags.some((tag) => tag.name === last)) last = tags.length === 1 ? tags[0].name : "";
    form.offer(tags.map((tag) => tag.name));
    x.views.take(answer.views);
    write();
    paint(x.root);
    x.gallery.tagsChanged();
    return answer;
  }

  const change = async (path, body) => take(await x.api.ask(path, body));
  const has = (row, name) => Boolean(tags.find((tag) => tag.name === name)?.members.has(row));

  /** @param {string} name @param {Object} which {rows} or {members} @param {boolean} on */
  async function give(name, which, on = true) {
    const { changed } = await change("tag", { name, on, ...which });
    last = tags.find((tag) => tag.name === name.trim().replace(/\s+/g, " "))?.name ?? last;
    x.announce(`${on ? "Tagged" : "No longer tagged"} ${name}: ${count(changed)} ${changed === 1 ? "item" : "items"}.`);
    write();
  }

  const ask = (anchor, which, words) => form.ask(anchor, { title: words, value: last, run: (name) => give(name, which) });
  const toggle = (row) => give(last, { rows: [row] }, !has(row, last)).catch(x.complain);

  function pressed(node) {
    const row = Number(node.dataset.row);
    if (last) toggle(row);
    else ask(node, { rows: [row] }, "Tag this item");
  }

  /* ------------------------------------------------------------ what it looks like */

  /** The tags of the selected item, and a way to give it another. */
  function write() {
    const row = x.answer?.row;
    line.hidden = !Number.isInteger(row);
    if (line.hidden) return;
    const own = tags.filter((tag) => tag.members.has(row)).map(({ name }) => {
      const off = action("×", () => give(name, { rows: [row] }, false), x.complain, "");
      off.setAttribute("aria-label", `Take the tag ${name} away`);
      return el("span", "hv-tag", name, off);
    });
    const add = button("+ tag", () => ask(add, { rows: [row] }, "Tag the selected item"), "hv-tag-add");
    add.title = "Tag the selected item (T)";
    line.replaceChildren(...own, add);
  }

  /** A corner on the cards of items that have tags. */
  function paint(where) {
    for (const node of where.querySelectorAll?.(CARDS) ?? []) paintOne(node);
    if (where.matches?.(CARDS)) paintOne(where);
  }

  function paintOne(node) {
    const row = Number(node.dataset.row);
    const own = tags.filter((tag) => tag.members.has(row)).map((tag) => tag.name);
    if (own.length) node.dataset.tags = own.join(", ");
    else delete node.dataset.tags;
  }

  new MutationObserver((changes) => tags.length && changes.forEach(({ addedNodes }) => addedNodes.forEach(paint))).observe(x.root, { childList: true, subtree: true });

  /** One button that comes to the card under the pointer: cards are buttons themselves and hold no other. */
  function follow(event) {
    if (event.pointerType === "touch" || flag.contains(event.target)) return;
    const node = event.target.closest?.(".hv-tile, .hv-card:not(.hv-mini)"); // on a small one it would be all there is to press
    flag.hidden = !node || form.open;
    if (!node) return;
    const box = node.getBoundingClientRect();
    const on = last && has(Number(node.dataset.row), last);
    Object.assign(flag, { target: node, textContent: on ? "⚑" : "⚐", title: last ? `${on ? "Take away" : "Give"} the tag “${last}” (T)` : "Tag this item (T)" });
    flag.setAttribute("aria-label", flag.title);
    flag.setAttribute("aria-pressed", String(Boolean(on)));
    Object.assign(flag.style, { left: `${box.left + 2}px`, top: `${box.top + 2}px` });
  }
  x.root.addEventListener("pointerover", follow);
  x.root.addEventListener("scroll", () => (flag.hidden = true), { capture: true, passive: true });

  return {
    give,
    change,
    ask,
    names: () => tags.map((tag) => tag.name),
    members: (name) => tags.find((tag) => tag.name === name)?.members,
    shown: write,
    refresh: async () => take(await x.api.get("marks")),
    form,
    /** T on a card is about its item, elsewhere about the selected one; with Shift it asks for the tag. */
    key(event) {
      const node = event.target.closest(CARDS);
      const row = node ? Number(node.dataset.row) : x.answer?.row;
      if (!Number.isInteger(row)) return;
      if (event.key === "t" && last && node) toggle(row);
      else ask(node || line, { rows: [row] }, node ? "Tag this item" : "Tag the selected item");
    },
    async opened() {
      [tags, last, flag.hidden] = [[], "", true];
      await this.refresh();
    },
  };
}

let serial = 0;

/** A small form for one name, beside what it is about. */
export function nameForm(x) {
  const list = Object.assign(el("datalist"), { id: `hv-names-${++serial}` });
  const input = Object.assign(el("input"), { type: "text", maxLength: 60, required: true, autocomplete: "off" });
  input.setAttribute("list", list.id);
  const title = el("label", "", "", input);
  const go = Object.assign(el("button", "hv-primary", "OK"), { type: "submit" });
  const form = el("form", "hv-name", title, list, go);
  let job = null;
  let home = null; // what had the focus
  form.hidden = true;

  function close() {
    form.hidden = true;
    form.open = false;
    if (home?.isConnected) home.focus({ preventScroll: true });
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
  document.addEventListener("pointerdown", (event) => form.open && !form.contains(event.target) && close());

  return Object.assign(form, {
    open: false,
    offer: (names) => list.replaceChildren(...names.map((value) => Object.assign(el("option"), { value }))),
    /** @param {HTMLElement} anchor @param {{title: string, value?: string, run: (name: string) => Promise}} about */
    ask(anchor, { title: words, value = "", run }) {
      [job, home] = [run, document.activeElement];
      title.firstChild.textContent = words;
      input.value = value;
      [form.hidden, form.open] = [false, true];
      const [box, own] = [anchor.getBoundingClientRect(), form.getBoundingClientRect()];
      form.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - own.width - 8))}px`;
      form.style.top = `${box.bottom + own.height + 6 < innerHeight ? box.bottom + 4 : Math.max(8, box.top - own.height - 4)}px`;
      input.focus();
      input.select();
    },
  });
}
