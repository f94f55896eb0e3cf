/**
 * The rows of an answer: what lies in the same picture, nested; what lies elsewhere, by band of radius, one card a class that
 * opens to all of its items; parents; the way to the root. The rest of the data is found by entailment, and for comparison by
 * distance or by cosine alone.
 *
 * @typedef {import("./types.js").Item} Item
 * @typedef {import("./types.js").Band} Band
 * @typedef {import("./types.js").OfClass} OfClass
 * @typedef {import("./types.js").Way} Way
 */
import { belonging } from "../shared/belonging.js";
import { button, el } from "../shared/dom.js";
import { count, distance, fileName, shareOf } from "../shared/format.js";
import { EMPTY_LISTS, fillStrip, fillWith, headed, listCard } from "./lists.js";
import { action } from "./parts.js";

/** @type {Record<Way, string[]>} the word, and what it means */
const WAYS = {
  entailment: ["in its cone", "By entailment: what lies inside its cone counts as contained in it. Of each kind what is most like the boxes in the selected item comes first, where it has any"],
  nearest: ["nearest", "The 40 items at the smallest distance in hyperbolic space, for comparison"],
  cosine: ["cosine", "The 40 items of the most similar direction, as an ordinary embedding would answer"],
};
const NO_CONES = "Nothing here says what contains what, so there are no cones to search by";
const WIDE = 0.5; // share of all items beyond which a cone says little
const RINGED = 40; // items marked on the disk

/** @param {(() => HTMLElement)[]} makers */
function strip(makers) {
  const node = el("div", "hv-strip");
  fillWith(node, makers);
  return node;
}

class RowsPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    const box = x.find(".hv-children");
    this.title = el("h3");
    this.switches = Object.entries(WAYS).map(([name, [words, hint]]) => {
      const node = button(words, () => this.turn(/** @type {Way} */ (name)), "");
      Object.assign(node, { title: hint });
      node.dataset.by = name;
      return node;
    });
    this.all = button("best", () => this.turnAll(), "hv-all");
    this.all.title = "The best one by one, in order of their distance from the root";
    this.bands = el("div", "hv-bands");
    box.append(el("div", "hv-list-head", this.title, el("span", "hv-switch", ...this.switches), this.all), this.bands);
    /** @type {Way} */
    this.way = "entailment";
    this.flat = false;
    this.opened = 0; // number of the newest class that was opened

    this.write();
    this.nodes = [];
  }

  /** @param {Way} to */
  turn(to) {
    this.way = to;
    this.write();
    this.x.coneChanged();
    this.x.changed();
  }

  turnAll() {
    this.flat = !this.flat;
    this.write();
    if (this.x.answer) this.elsewhere();
    this.x.changed();
  }

  write() {
    for (const node of this.switches) node.setAttribute("aria-pressed", String(node.dataset.by === this.way));
    this.all.setAttribute("aria-pressed", String(this.flat));
  }

  /* ------------------------------------------------------------ the same picture */
  here() {
    const { here: own } = this.x.present;
    const row = this.x.find(".hv-here");
    row.hidden = !own.length;
    const parts = this.x.present.here_total - own.length;
    const where = this.x.view.own_vectors ? "Below it, as given" : "In this picture";
    headed(/** @type {Element} */ (row.querySelector("h3")), where, `${own.length} ${own.length === 1 ? "box" : "boxes"} in it${parts ? `, ${count(parts)} more in these` : ""}`);
    fillWith(/** @type {HTMLElement} */ (row.querySelector(".hv-strip")), own.map((item) => () => this.nest(item))); // prettier-ignore
  }

  /** An object with the classes of its parts beside it. @param {import("./types.js").Nested} item */
  nest(item) {
    const node = el("div", "hv-nest", this.plain(item));
    if (item.inside.length) node.append(el("div", "hv-nest-parts", ...item.inside.map((part) => this.counted(part, "hv-mini"))));
    return node;
  }

  unnamed() {
    return this.x.present.how === "cosine" && this.x.view.classes === 0;
  }

  /** A card; where nothing has a class, it is called by its picture. @param {Item} item @param {string} [kind] */
  plain(item, kind) {
    return listCard(this.unnamed() ? { ...item, label: fileName(item.file) } : item, this.x.thumbUrl, (row) => this.x.walk({ row }), kind);
  }

  /** @param {import("./types.js").Counted} item @param {string} [kind] */
  counted(item, kind) {
    const node = this.plain(item, kind);
    if (item.count > 1) node.append(el("span", "hv-times", `× ${count(item.count)}`));
    return node;
  }

  /* ------------------------------------------------------------ everywhere else */

  /** How many of what was found belong by their class, beside chance. @param {import("../shared/belonging.js").Belonging} belong */
  belonging(belong) {
    const { picture, row } = this.x.present;
    const whole = picture.whole?.row === row;
    const where = whole ? "of a class in this picture" : `of a class seen inside ${picture.title} boxes`;
    return belonging(belong, "of them", where, whole ? "though no box in this picture says what belongs there" : `though no box lies inside a ${picture.title} box`);
  }

  /** What a cone may list. */
  listable() {
    const { row, picture } = this.x.present;
    if (this.x.view.own_vectors) return row === null ? "all" : "all others";
    return picture.place.image === undefined ? "all boxes" : "the boxes in other pictures";
  }

  elsewhere() {
    const { elsewhere: found, children, how } = this.x.present;
    this.opened++;
    const classes = new Set(found.bands.flatMap((band) => band.classes.map((one) => one.class))).size; // a class may be in several bands
    const place = found.by === "entailment" ? "in its cone" : found.by === "cosine" ? "of the most similar direction" : "nearest to it";
    const cone = found.by === "entailment" && found.total;
    const wide = !found.belong && found.total > WIDE * found.among ? ": it tells little apart" : "";
    const share = cone ? ` (${shareOf(found.total, found.among)} of ${this.listable()}${wide})` : "";
    const belong = found.belong ? `, ${this.belonging(found.belong)}` : "";
    const others = this.x.present.row === null ? `${count(this.x.view.count)} items` : `${count(this.x.view.count - 1)} others`;
    const similar = `${count(found.total)} of ${others}, by ${found.by === "cosine" ? "direction" : "distance"}`;
    const words = how === "cosine" ? similar : `${count(found.total)} ${place}${share}${belong}${classes > 1 ? `, ${count(classes)} kinds` : ""}`;
    const { children_total: total, children_counted: counted, children_proof, elsewhere_proof } = this.x.present;
    const flat = `${children.length} of ${counted ? "" : "at least "}${count(total)} ${place}, general → specific`;
    this.all.hidden = how === "cosine" || !children.length; // similarity has one list
    this.all.textContent = `${children.length < total ? "best" : "all"} ${children.length}`;
    const listed = this.flat && how !== "cosine";
    headed(this.title, how === "cosine" ? "Most similar" : "Elsewhere", listed ? flat : words, listed ? children_proof : elsewhere_proof);
    for (const node of this.switches) {
      node.setAttribute("aria-pressed", String(node.dataset.by === found.by));
      if (node.dataset.by !== "entailment") continue;
      node.disabled = how === "cosine";
      node.title = how === "cosine" ? NO_CONES : WAYS.entailment[1];
    }
    if (listed) return this.bands.replaceChildren(strip(children.map((item) => () => this.plain(item))));
    this.bands.replaceChildren(...found.bands.map((one) => this.band(one)));
    if (!found.bands.length) this.bands.append(el("p", "hv-none", found.total ? "" : this.noneWords()));
  }

  noneWords() {
    const { members_total: inside, closest } = this.x.present;
    if (inside) return "No box of another picture is in its cone.";
    return closest === null ? "Nothing lies farther from the root, so no cone of it holds anything." : EMPTY_LISTS.children;
  }

  /** One band: its name and limits on the left, a card a class. @param {Band} one */
  band(one) {
    const from = one.low === null ? "" : ` from ${distance(one.low)}`;
    const to = one.high === null ? "" : ` up to ${distance(one.high)}`;
    const size = el("small", "", `${count(one.total)} ${one.total === 1 ? "item" : "items"}`);
    const mixed = one.level && one.of_level !== 1 ? [el("small", "", `${shareOf(one.of_level ?? 0, 1)} are ${one.level}`)] : [];
    const name = el("div", "hv-band-name", el("b", "", one.name), size, ...mixed);
    const meaning = one.level ? `, where ${one.level} mostly lie; the radius decides, not the class` : "";
    name.title = `${count(one.total)} items${from}${to} from the root${meaning}`;
    const node = el("div", "hv-band");
    node.dataset.band = String(one.band);
    const single = one.items?.map((item) => () => this.plain(item));
    node.classList.toggle("hv-band-only", this.x.present.how === "cosine"); // similarity knows no bands
    node.append(...(this.x.present.how === "cosine" ? [] : [name]), strip(single || one.classes.map((item) => () => this.classCard(item, one, node))));
    return node;
  }

  /** The best item of a class, and a count that opens all of them. @param {OfClass} item @param {Band} one @param {HTMLElement} node of the band */
  classCard(item, one, node) {
    const holder = el("div", "hv-class", this.plain(item));
    if (item.count < 2) return holder;
    /** @type {HTMLButtonElement} */
    const more = action(`× ${count(item.count)}`, () => this.open(item, one, node, more), this.x.complain, "hv-times");
    more.title = `All ${count(item.count)} of class ${item.label} here`;
    more.setAttribute("aria-expanded", "false");
    holder.append(more);
    return holder;
  }

  /** @param {OfClass} item @param {Band} one @param {HTMLElement} node of the band @param {HTMLButtonElement} more */
  async open(item, one, node, more) {
    const shut = more.getAttribute("aria-expanded") === "true";
    for (const other of this.bands.querySelectorAll(".hv-opened")) other.remove();
    for (const other of this.bands.querySelectorAll(".hv-times")) other.setAttribute("aria-expanded", "false");
    if (shut) return;
    const number = ++this.opened;
    const asked = { query: this.x.query, omega: this.x.wide, by: this.x.present.elsewhere.by, band: one.band, class: item.class };
    const list = el("div", "hv-strip");
    const box = el("div", "hv-opened", el("h4", "", `${item.label} · ${count(item.count)}, best first`), list);
    const next = action("", () => page(), this.x.complain, "hv-more");
    let shown = 0;
    const page = async () => {
      /** @type {import("./types.js").Page} */
      const found = await this.x.api.ask("class", { ...asked, offset: shown });
      if (number !== this.opened) return;
      next.remove();
      list.append(...found.items.map((other) => this.plain(other)));
      shown += found.items.length;
      next.textContent = `${count(shown)} of ${count(found.total)}: show more`;
      if (shown < found.total) list.append(next);
    };
    await page();
    if (number !== this.opened) return;
    more.setAttribute("aria-expanded", "true");
    node.after(box);
  }

  /* ------------------------------------------------------------ all rows */
  show() {
    const answer = this.x.present;
    const drawing = answer.picture.boxes.length ? "Click a box to select it, drag to draw one." : "Drag on the picture to draw a box.";
    this.x.find(".hv-hint").textContent = `${drawing} Drop or paste a picture of yours, or drop a folder or a zip to open it.`;
    this.here();
    this.elsewhere();
    const own = new Set([answer.picture.whole.row, ...answer.picture.boxes.map((item) => item.row)]);
    const mine = answer.parents.filter((item) => own.has(item.row)).length;
    const inPicture = mine ? `, ${mine} in this picture` : "";
    const belong = answer.parents_belong;
    const others = mine ? "of the others" : "of these";
    const share = belong ? `, ${belonging(belong, others, `show or hold the class ${answer.picture.title}`)}` : "";
    const { parents, parents_total: total, parents_counted: counted, parents_proof: proof } = answer;
    const above = { title: "Parents", cards: parents, total, least: !counted, order: `their cones hold it${inPicture}${share}`, proof };
    this.fill("parents", above);
    const way = answer.row === null ? answer.path : answer.path.slice(1); // what it is itself stands above
    const holders = way.filter((item) => item.holds).length;
    const words = way.length ? (holders === way.length ? "each has it in its cone" : `${holders} of them have it in their cone`) : "";
    const general = !this.x.view.own_vectors && answer.row !== null && answer.row === answer.picture.whole.row; // nobody's part
    this.x.find(".hv-parents").hidden = general || answer.how === "cosine";
    const title = holders === way.length && holders ? "Towards the root" : "Similar, more general";
    this.fill("path", { title, cards: way, total: way.length, order: words });
    this.x.find(".hv-path").hidden = general || answer.how === "cosine" || this.x.disk?.paint.space?.geometry === "cosine";
  }

  /** @param {"parents"|"path"} kind @param {Parameters<typeof fillStrip>[2]} content */
  fill(kind, content) {
    fillStrip(this.x.find(`.hv-${kind}`), kind, content, this.x.thumbUrl, (row) => this.x.walk({ row }));
  }

  by() {
    return this.way;
  }

  /** Rows to be marked on the disk. */
  ringed() {
    return (this.flat ? this.x.present.children.map((item) => item.row) : this.x.present.listed).slice(0, RINGED);
  }

  save() {
    return { by: this.way === "entailment" ? null : this.way, all: this.flat ? "1" : null };
  }

  /** @param {import("./types.js").Link} saved */
  async restore(saved) {
    if (saved.by in WAYS) this.way = /** @type {Way} */ (saved.by);
    this.flat = saved.all === "1";
    this.write();
  }
}

/** The rows of the answer. @param {import("./explore.js").Explorer} x what the parts share */
export const rowsPart = (x) => new RowsPart(x);
