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

export function setPart(x) {
  const panel = x.find(".hv-set");
  let set = null; // Bits, or null for none
  let looks = "gallery";
  let shown = 0;
  let asked = 0;
  let first = null; // row of the first item as listed

  const title = el("h3");
  const list = el("div", "hv-set-list");
  const more = action("", () => fetchPage(), x.complain, "");
  const view = ["gallery", "table"].map((name) => {
    const node = button(name === "gallery" ? "Gallery" : "Table", () => look(name), "");
    node.dataset.look = name;
    return node;
  });
  const exportMenu = menu("Export");
  exportMenu.body.append(
    ...Object.entries(FORMATS).map(([format, name]) => action(name, () => exportAs(format), x.complain, "hv-row")),
  );
  const clear = button("Clear", () => replace(null), "");
  const tag = button("Tag", () => x.marks.ask(tag, { members: set.encode() }, `Tag these ${count(set.size)}`), "");
  tag.title = "Give a tag to all found items";
  const tools = el("div", "hv-set-tools", el("span", "hv-switch", ...view), tag, exportMenu, clear);
  panel.append(el("div", "hv-set-head", title, tools), list, more);

  /* ------------------------------------------------------------ what is in it */

  /**
   * @param {Bits|null} next an empty set counts as none @param {string} [how] for the screen reader
   * @returns {Promise<number|null>} the row that is listed first
   */
  async function replace(next, how = "") {
    set = next && next.size ? next : null;
    panel.hidden = !set;
    for (const disk of x.disks()) disk.setSet(set);
    x.announce(set ? `${count(set.size)} items selected${how ? ` by ${how}` : ""}.` : next ? "Nothing lies there; the selection is empty." : "Selection cleared.");
    x.changed();
    x.gallery.setChanged();
    x.hist.changed();
    await write();
    return set && first;
  }

  /** Add, take away or replace. @param {Bits} found @param {"replace"|"add"|"subtract"} mode */
  function combine(found, mode, how) {
    if (mode === "replace" || !set) return replace(mode === "subtract" ? null : found, how);
    const bytes = set.bytes.map((byte, i) => (mode === "add" ? byte | found.bytes[i] : byte & ~found.bytes[i]));
    return replace(new Bits(bytes, x.view.count), how);
  }

  /** Put a row in, or take it out. */
  function turn(row) {
    const one = Bits.of([row], x.view.count);
    return combine(one, set?.has(row) ? "subtract" : "add", "hand");
  }

  /* ------------------------------------------------------------ what it looks like */

  const filter = () => ({ members: set.encode() });

  async function write() {
    if (!set) return;
    for (const node of view) node.setAttribute("aria-pressed", String(node.dataset.look === looks));
    title.replaceChildren("Found ", el("span", "", `${count(set.size)} ${set.size === 1 ? "item" : "items"} · general → specific`));
    shown = 0;
    asked++;
    list.replaceChildren(looks === "table" ? tableHead() : el("div", "hv-gallery"));
    await fetchPage().catch(x.complain);
  }

  function look(name) {
    looks = name;
    return write();
  }

  async function fetchPage() {
    const number = asked;
    const page = await x.api.ask("items", { filter: filter(), offset: shown, limit: PAGE, order: "radius" });
    if (number !== asked) return;
    if (!shown) first = page.items[0]?.row ?? null;
    list.firstChild.append(...page.items.map(looks === "table" ? tableRow : (item) => tile(item, x)));
    shown += page.items.length;
    more.hidden = shown >= page.total;
    more.textContent = `Showing ${count(shown)} of ${count(page.total)}: show ${Math.min(PAGE, page.total - shown)} more`;
  }

  function tableHead() {
    const head = el("tr", "", ...["", "Label", "Level", "From root", "Picture"].map((name) => el("th", "", name)));
    const table = el("tbody");
    table.append(head);
    return table;
  }

  function tableRow(item) {
    const image = Object.assign(el("img"), { loading: "lazy", src: x.thumbUrl(item.row), alt: "" });
    const name = button(item.label, () => x.walk({ row: item.row }), "hv-link");
    const cells = [image, name, item.depth_name, distance(item.radius), item.file].map((cell) => el("td", "", cell));
    const row = el("tr", "", ...cells);
    row.dataset.row = item.row;
    return row;
  }

  async function exportAs(format) {
    const answer = await x.api.post("export", { filter: filter(), format });
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
    save(await answer.blob(), name ? name[1] : `selection.${format}`);
    exportMenu.open = false;
  }

  return {
    combine,
    replace,
    turn,
    get: () => set,
    draw: (disk) => disk.setSet(set),
    opened() {
      set = null;
      panel.hidden = true;
    },
    save: () => ({ set: set && set.shorten() }),
    async restore({ set: saved, n }) {
      if (!saved) return;
      if (Number(n) !== x.view.count) throw new Error("The selection of this link belongs to another state of the data, so it is left out.");
      await replace(Bits.lengthen(saved, x.view.count));
    },
  };
}
