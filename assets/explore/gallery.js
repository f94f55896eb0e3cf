/**
 * The whole data set as pictures, in the place of the disk: whole pictures, all items, or those that were found; in several
 * orders and sizes. The answer stays beside it.
 */
import { button, el, save } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { tile } from "./lists.js";
import { action } from "./parts.js";

const PAGE = 120;
const SIZES = { min: 48, max: 224, step: 8, value: 96 };
const ORDERS = {
  row: ["as in the data", false],
  radius: ["general → specific", false],
  class_distance: ["far from its class first", true],
  twins: ["near-duplicates together", false],
  label: ["by label", false],
};
const SETS = { whole: "Whole pictures", items: "All items", found: "Found items" };

export function galleryPart(x) {
  const open = button("Pictures", () => turn(), "hv-gallery-open");
  open.title = "All pictures of the data set in the place of the disk (G)";
  open.setAttribute("aria-pressed", "false");
  const size = Object.assign(el("input"), { type: "range", ...SIZES });
  size.setAttribute("aria-label", "Size of the pictures");
  const order = select("Order", Object.entries(ORDERS).map(([name, [words]]) => [name, words])); // prettier-ignore
  const which = select("What to show", Object.entries(SETS));
  const total = el("span", "hv-gallery-count");
  const grid = el("div", "hv-gallery");
  const more = action("", () => fetchPage(), x.complain, "hv-more");
  const view = el("section", "hv-pictures", el("div", "hv-gallery-bar", which, order, size, total), el("div", "hv-gallery-hold", grid, more));
  view.setAttribute("aria-label", "Pictures");
  view.hidden = true;
  x.find(".hv-left").append(view);
  let shown = 0;
  let asked = 0; // number of the newest list
  let fetching = 0; // number of the list that a page is on its way for

  function select(title, options) {
    const node = el("select", "", ...options.map(([value, words]) => Object.assign(el("option", "", words), { value })));
    node.setAttribute("aria-label", title);
    node.addEventListener("change", () => write().catch(x.complain));
    return node;
  }

  size.addEventListener("input", resize);
  new IntersectionObserver((entries) => entries.at(-1).isIntersecting && !more.disabled && !more.hidden && more.click()).observe(more);

  function resize() {
    grid.style.setProperty("--hv-tile", `${size.value}px`);
  }

  /** Show the gallery instead of the disk, or the disk again. */
  function turn(on = view.hidden) {
    view.hidden = !on;
    open.setAttribute("aria-pressed", String(on));
    x.root.classList.toggle("hv-browsing", on);
    x.changed();
    if (on) return write().catch(x.complain);
  }

  function filter() {
    const set = x.set.get();
    if (which.value.startsWith("tag:")) return { tags: [which.value.slice(4)] };
    if (which.value === "found" && set) return { members: set.encode() };
    return which.value === "whole" && !x.view.own_vectors ? { classes: [-1] } : {};
  }

  const chosenTag = () => (which.value.startsWith("tag:") ? which.value.slice(4) : null);

  /** What can be done with the tag whose items are shown. */
  const tagTools = el("span", "hv-gallery-tag",
    action("Ids", async () => save(await (await x.api.post("export", { filter: filter(), format: "ids" })).blob(), `${chosenTag()}.ids.txt`), x.complain, ""),
    button("Rename", () => x.marks.form.ask(tagTools, { title: "Another name for the tag", value: chosenTag(), run: renameTag }), ""),
    action("Delete tag", () => x.marks.change("tag/delete", { name: chosenTag() }), x.complain, "")); // prettier-ignore
  tagTools.firstChild.title = "The ids of these items as a text file, one a line";
  total.after(tagTools);

  async function renameTag(to) {
    await x.marks.change("tag/rename", { name: chosenTag(), to });
    which.value = `tag:${to}`;
    await write();
  }

  async function write() {
    const found = which.querySelector("[value=found]");
    found.disabled = !x.set.get();
    if (found.disabled && which.value === "found") which.value = "whole";
    which.querySelector("[value=items]").hidden = x.view.own_vectors;
    tagTools.hidden = !chosenTag();
    shown = 0;
    asked++;
    grid.replaceChildren();
    resize();
    await fetchPage();
  }

  async function fetchPage() {
    const number = asked;
    if (fetching === number) return;
    fetching = number;
    const body = { filter: filter(), offset: shown, limit: PAGE, order: order.value, down: ORDERS[order.value][1] };
    const page = await x.api.ask("items", body).finally(() => fetching === number && (fetching = 0));
    if (number !== asked) return;
    grid.append(...page.items.map((item) => tile(item, x)));
    shown += page.items.length;
    total.textContent = `${count(page.total)} ${page.total === 1 ? "picture" : "pictures"}`;
    more.hidden = shown >= page.total;
    more.textContent = `${count(shown)} of ${count(page.total)}: show more`;
    mark();
  }

  /** Frame the tile of the selected item. */
  function mark() {
    const row = String(x.answer?.row ?? "");
    for (const node of grid.children) node.classList.toggle("is-chosen", node.dataset.row === row);
  }

  return {
    nodes: [open],
    turn,
    shown: () => view.hidden || mark(),
    /** The found set has changed. */
    setChanged() {
      const found = Boolean(x.set.get());
      if (found) which.value = "found";
      if (!view.hidden) write().catch(x.complain);
    },
    /** Tags were given, taken or renamed. */
    tagsChanged() {
      const former = chosenTag();
      for (const old of which.querySelectorAll("[value^='tag:']")) old.remove();
      which.append(...x.marks.names().map((name) => Object.assign(el("option", "", `Tag: ${name}`), { value: `tag:${name}` })));
      if (former && x.marks.names().includes(former)) which.value = `tag:${former}`;
      else if (former) which.value = "whole";
      if (former && !view.hidden) write().catch(x.complain);
    },
    opened() {
      which.value = "whole";
      if (!view.hidden) return write();
    },
    save: () => ({ pictures_view: view.hidden ? null : order.value }),
    async restore({ pictures_view: saved }) {
      if (!(saved in ORDERS)) return;
      order.value = saved;
      turn(true);
    },
  };
}
