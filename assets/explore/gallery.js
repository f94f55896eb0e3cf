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
/** @type {Record<string, [string, boolean]>} the words for an order, and whether it goes down */
const ORDERS = {
  row: ["as in the data", false],
  radius: ["general → specific", false],
  class_distance: ["far from its class first", true],
  twins: ["near-duplicates together", false],
  label: ["by label", false],
};
const SETS = { whole: "Whole pictures", items: "All items", found: "Found items" };

class GalleryPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.open = button("Pictures", () => this.turn(), "hv-gallery-open");
    this.open.title = "All pictures of the data set in the place of the disk (G)";
    this.open.setAttribute("aria-pressed", "false");
    this.size = Object.assign(el("input"), { type: "range", ...SIZES });
    this.size.setAttribute("aria-label", "Size of the pictures");
    this.order = this.select("Order", Object.entries(ORDERS).map(([name, [words]]) => [name, words]));
    this.which = this.select("What to show", Object.entries(SETS));
    this.total = el("span", "hv-gallery-count");
    this.grid = el("div", "hv-gallery");
    this.more = action("", () => this.fetchPage(), x.complain, "hv-more");
    this.view = el("section", "hv-pictures", el("div", "hv-gallery-bar", this.which, this.order, this.size, this.total), el("div", "hv-gallery-hold", this.grid, this.more));
    this.view.setAttribute("aria-label", "Pictures");
    this.view.hidden = true;
    x.find(".hv-left").append(this.view);
    this.listed = 0;
    this.asked = 0; // number of the newest list
    this.fetching = 0; // number of the list that a page is on its way for

    this.size.addEventListener("input", () => this.resize());
    new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && !this.more.disabled && !this.more.hidden && this.more.click()).observe(this.more);

    /** What can be done with the tag whose items are shown. @type {HTMLElement} */
    this.tagTools = el("span", "hv-gallery-tag",
      action("Ids", async () => save(await (await x.api.post("export", { filter: this.filter(), format: "ids" })).blob(), `${this.chosenTag()}.ids.txt`), x.complain, ""),
      button("Rename", () => x.marks.form.ask(this.tagTools, { title: "Another name for the tag", value: this.chosenTag() ?? "", run: (/** @type {string} */ to) => this.renameTag(to) }), ""),
      action("Delete tag", () => x.marks.change("tag/delete", { name: this.chosenTag() }), x.complain, "")); // prettier-ignore
    /** @type {HTMLElement} */ (this.tagTools.firstChild).title = "The ids of these items as a text file, one a line";
    this.total.after(this.tagTools);
    this.nodes = [this.open];
  }

  /** @param {string} title @param {string[][]} options value and words of each */
  select(title, options) {
    const node = el("select", "", ...options.map(([value, words]) => Object.assign(el("option", "", words), { value })));
    node.setAttribute("aria-label", title);
    node.addEventListener("change", () => this.write().catch(this.x.complain));
    return node;
  }

  resize() {
    this.grid.style.setProperty("--hv-tile", `${this.size.value}px`);
  }

  /** Show the gallery instead of the disk, or the disk again. */
  turn(on = Boolean(this.view.hidden)) {
    this.view.hidden = !on;
    this.open.setAttribute("aria-pressed", String(on));
    this.x.root.classList.toggle("hv-browsing", on);
    this.x.changed();
    if (on) return this.write().catch(this.x.complain);
  }

  /** @returns {import("./types.js").Filter} */
  filter() {
    const set = this.x.set.get();
    if (this.which.value.startsWith("tag:")) return { tags: [this.which.value.slice(4)] };
    if (this.which.value === "found" && set) return { members: set.encode() };
    return this.which.value === "whole" && !this.x.view.own_vectors ? { classes: [-1] } : {};
  }

  chosenTag() {
    return this.which.value.startsWith("tag:") ? this.which.value.slice(4) : null;
  }

  /** @param {string} to */
  async renameTag(to) {
    await this.x.marks.change("tag/rename", { name: this.chosenTag(), to });
    this.which.value = `tag:${to}`;
    await this.write();
  }

  async write() {
    const found = /** @type {HTMLOptionElement} */ (this.which.querySelector("[value=found]"));
    found.disabled = !this.x.set.get();
    if (found.disabled && this.which.value === "found") this.which.value = "whole";
    /** @type {HTMLOptionElement} */ (this.which.querySelector("[value=items]")).hidden = this.x.view.own_vectors;
    this.tagTools.hidden = !this.chosenTag();
    this.listed = 0;
    this.asked++;
    this.grid.replaceChildren();
    this.resize();
    await this.fetchPage();
  }

  async fetchPage() {
    const number = this.asked;
    if (this.fetching === number) return;
    this.fetching = number;
    const body = { filter: this.filter(), offset: this.listed, limit: PAGE, order: this.order.value, down: ORDERS[this.order.value][1] };
    /** @type {import("./types.js").Page} */
    const page = await this.x.api.ask("items", body).finally(() => this.fetching === number && (this.fetching = 0));
    if (number !== this.asked) return;
    this.grid.append(...page.items.map((item) => tile(item, this.x)));
    this.listed += page.items.length;
    const kind = this.which.value === "whole" ? "picture" : "item";
    this.total.textContent = `${count(page.total)} ${kind}${page.total === 1 ? "" : "s"}`;
    this.more.hidden = this.listed >= page.total;
    this.more.textContent = `${count(this.listed)} of ${count(page.total)}: show more`;
    this.mark();
  }

  /** Frame the tile of the selected item. */
  mark() {
    const row = String(this.x.answer?.row ?? "");
    for (const node of /** @type {Iterable<HTMLElement>} */ (this.grid.children)) node.classList.toggle("is-chosen", node.dataset.row === row);
  }

  shown() {
    return this.view.hidden || this.mark();
  }

  /** The found set has changed. */
  setChanged() {
    const found = Boolean(this.x.set.get());
    if (found) this.which.value = "found";
    if (!this.view.hidden) this.write().catch(this.x.complain);
  }

  /** Tags were given, taken or renamed. */
  tagsChanged() {
    const former = this.chosenTag();
    for (const old of this.which.querySelectorAll("[value^='tag:']")) old.remove();
    this.which.append(...this.x.marks.names().map((name) => Object.assign(el("option", "", `Tag: ${name}`), { value: `tag:${name}` })));
    if (former && this.x.marks.names().includes(former)) this.which.value = `tag:${former}`;
    else if (former) this.which.value = "whole";
    if (former && !this.view.hidden) this.write().catch(this.x.complain);
  }

  opened() {
    this.which.value = "whole";
    if (!this.view.hidden) return this.write();
  }

  save() {
    return { pictures_view: this.view.hidden ? null : this.order.value };
  }

  /** @param {import("./types.js").Link} link */
  async restore({ pictures_view: saved }) {
    if (!(saved in ORDERS)) return;
    this.order.value = saved;
    this.turn(true);
  }
}

/** The gallery in the place of the disk. @param {import("./explore.js").Explorer} x what the parts share */
export const galleryPart = (x) => new GalleryPart(x);
