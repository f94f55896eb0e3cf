/**
 * The selected set: rows chosen by lasso, clicks, facets or words. It lights up on the disk and opens as a gallery or
 * a table, from general to specific, and leaves as CSV, JSON, Parquet, as annotations (COCO, YOLO…), or for FiftyOne and HyperView.
 */
import { Bits } from "../shared/bitset.js";
import { button, el, save } from "../shared/dom.js";
import { count, distance } from "../shared/format.js";
import { tile } from "./lists.js";
import { action, menu } from "./parts.js";

const PAGE = 60;
const FORMATS = { csv: "CSV", json: "JSON", parquet: "Parquet", coco: "COCO", yolo: "YOLO", voc: "VOC", cvat: "CVAT", labelstudio: "Label Studio", fiftyone: "FiftyOne", hyperview: "HyperView", vectors: "Vectors", ids: "Ids" };

function tableHead() {
  const head = el("tr", "", ...["", "Label", "Level", "From root", "Picture"].map((name) => el("th", "", name)));
  const table = el("tbody");
  table.append(head);
  return table;
}

class SetPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.panel = x.find(".hv-set");
    /** @type {Bits|null} */
    this.set = null;
    this.looks = "gallery";
    this.shown = 0;
    this.asked = 0;
    /** @type {number|null} row of the first item as listed */
    this.first = null;

    this.title = el("h3");
    this.list = el("div", "hv-set-list");
    this.more = action("", () => this.fetchPage(), x.complain, "");
    this.view = ["gallery", "table"].map((name) => {
      const node = button(name === "gallery" ? "Gallery" : "Table", () => this.look(name), "");
      node.dataset.look = name;
      return node;
    });
    this.exportMenu = menu("Export");
    this.exportMenu.body.append(
      ...Object.entries(FORMATS).map(([format, name]) => action(name, () => this.exportAs(format), x.complain, "hv-row")),
    );
    const clear = button("Clear", () => this.replace(null), "");
    /** @type {HTMLButtonElement} */
    const tag = button("Tag", () => this.set && x.marks.ask(tag, { members: this.set.encode() }, `Tag these ${count(this.set.size)}`), "");
    tag.title = "Give a tag to all found items";
    const tools = el("div", "hv-set-tools", el("span", "hv-switch", ...this.view), tag, this.exportMenu, clear);
    this.panel.append(el("div", "hv-set-head", this.title, tools), this.list, this.more);
  }

  /* ------------------------------------------------------------ what is in it */

  /**
   * @param {Bits|null} next an empty set counts as none @param {string} [how] for the screen reader
   * @returns {Promise<number|null>} the row that is listed first
   */
  async replace(next, how = "") {
    this.set = next && next.size ? next : null;
    this.panel.hidden = !this.set;
    for (const disk of this.x.disks()) disk.setSet(this.set);
    this.x.announce(this.set ? `${count(this.set.size)} items selected${how ? ` by ${how}` : ""}.` : next ? "Nothing lies there; the selection is empty." : "Selection cleared.");
    this.x.changed();
    this.x.gallery.setChanged();
    this.x.hist.changed();
    await this.write();
    return this.set && this.first;
  }

  /** Add, take away or replace. @param {Bits} found @param {"replace"|"add"|"subtract"} mode @param {string} how in a word */
  combine(found, mode, how) {
    if (mode === "replace" || !this.set) return this.replace(mode === "subtract" ? null : found, how);
    const bytes = this.set.bytes.map((byte, i) => (mode === "add" ? byte | found.bytes[i] : byte & ~found.bytes[i]));
    return this.replace(new Bits(bytes, this.x.view.count), how);
  }

  /** Put a row in, or take it out. @param {number} row */
  turn(row) {
    const one = Bits.of([row], this.x.view.count);
    return this.combine(one, this.set?.has(row) ? "subtract" : "add", "hand");
  }

  /* ------------------------------------------------------------ what it looks like */
  filter() {
    return { members: this.set?.encode() };
  }

  async write() {
    if (!this.set) return;
    for (const node of this.view) node.setAttribute("aria-pressed", String(node.dataset.look === this.looks));
    this.title.replaceChildren("Found ", el("span", "", `${count(this.set.size)} ${this.set.size === 1 ? "item" : "items"} · general → specific`));
    this.shown = 0;
    this.asked++;
    this.list.replaceChildren(this.looks === "table" ? tableHead() : el("div", "hv-gallery"));
    await this.fetchPage().catch(this.x.complain);
  }

  /** @param {string} name */
  look(name) {
    this.looks = name;
    return this.write();
  }

  async fetchPage() {
    const number = this.asked;
    /** @type {import("./types.js").Page} */
    const page = await this.x.api.ask("items", { filter: this.filter(), offset: this.shown, limit: PAGE, order: "radius" });
    if (number !== this.asked) return;
    if (!this.shown) this.first = page.items[0]?.row ?? null;
    const made = page.items.map((item) => (this.looks === "table" ? this.tableRow(item) : tile(item, this.x)));
    /** @type {Element} */ (this.list.firstChild).append(...made);
    this.shown += page.items.length;
    this.more.hidden = this.shown >= page.total;
    this.more.textContent = `Showing ${count(this.shown)} of ${count(page.total)}: show ${Math.min(PAGE, page.total - this.shown)} more`;
  }

  /** @param {import("./types.js").Item} item */
  tableRow(item) {
    const image = Object.assign(el("img"), { loading: "lazy", src: this.x.thumbUrl(item.row), alt: "" });
    const name = button(item.label, () => this.x.walk({ row: item.row }), "hv-link");
    const cells = [image, name, item.depth_name, distance(item.radius), item.file].map((cell) => el("td", "", cell));
    const row = el("tr", "", ...cells);
    row.dataset.row = String(item.row);
    return row;
  }

  /** @param {string} format */
  async exportAs(format) {
    const answer = await this.x.api.post("export", { filter: this.filter(), format });
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
    save(await answer.blob(), name ? name[1] : `selection.${format}`);
    this.exportMenu.open = false;
  }

  get() {
    return this.set;
  }

  /** @param {import("../disk/disk.js").Disk} disk */
  draw(disk) {
    return disk.setSet(this.set);
  }

  opened() {
    this.set = null;
    this.panel.hidden = true;
  }

  save() {
    return { set: this.set && this.set.shorten() };
  }

  /** @param {import("./types.js").Link} link */
  async restore({ set: saved, n }) {
    if (!saved) return;
    if (Number(n) !== this.x.view.count) throw new Error("The selection of this link belongs to another state of the data, so it is left out.");
    await this.replace(Bits.lengthen(saved, this.x.view.count));
  }
}

/** The selected set, above the answer. @param {import("./explore.js").Explorer} x what the parts share */
export const setPart = (x) => new SetPart(x);
