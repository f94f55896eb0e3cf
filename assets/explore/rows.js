/**
 * The rows of an answer: what lies in the same picture, nested; what lies elsewhere, by band of radius, one card a class that
 * opens to all of its items; parents; the way to the root. The rest of the data is found by entailment, and for comparison by
 * distance or by cosine alone.
 */
import { button, el } from "../shared/dom.js";
import { count, distance } from "../shared/format.js";
import { EMPTY_LISTS, fillStrip, fillWith, headed, listCard } from "./lists.js";
import { action } from "./parts.js";

const WAYS = {
  entailment: ["in its cone", "By entailment: what lies inside its cone counts as contained in it"],
  nearest: ["nearest", "The 40 items at the smallest distance in hyperbolic space, for comparison"],
  cosine: ["cosine", "The 40 items of the most similar direction, as an ordinary embedding would answer"],
};
const NO_CONES = "Nothing here says what contains what, so there are no cones to search by";
const WIDE = 0.5; // share of all items beyond which a cone says little
const RINGED = 40; // items marked on the disk

/** A part of all items, in plain per cent. */
function shareOf(part, all) {
  const percent = (100 * part) / all;
  return percent > 0 && percent < 1 ? "under 1 %" : `${Math.round(percent)} %`;
}

export function rowsPart(x) {
  const box = x.find(".hv-children");
  const title = el("h3");
  const switches = Object.entries(WAYS).map(([name, [words, hint]]) => {
    const node = button(words, () => turn(name), "");
    Object.assign(node, { title: hint });
    node.dataset.by = name;
    return node;
  });
  const all = button("all 40", () => turnAll(), "hv-all");
  all.title = "The 40 best one by one, in order of their distance from the root";
  const bands = el("div", "hv-bands");
  box.append(el("div", "hv-list-head", title, el("span", "hv-switch", ...switches), all), bands);
  let by = "entailment";
  let flat = false;
  let opened = 0; // number of the newest class that was opened

  function turn(to) {
    by = to;
    write();
    x.coneChanged();
    x.changed();
  }

  function turnAll() {
    flat = !flat;
    write();
    if (x.answer) elsewhere();
    x.changed();
  }

  function write() {
    for (const node of switches) node.setAttribute("aria-pressed", String(node.dataset.by === by));
    all.setAttribute("aria-pressed", String(flat));
  }

  /* ------------------------------------------------------------ the same picture */

  function here() {
    const { here: own } = x.answer;
    const row = x.find(".hv-here");
    row.hidden = !own.length;
    const parts = own.reduce((sum, item) => sum + item.inside.reduce((all, part) => all + part.count, 0), 0);
    const where = x.view.own_vectors ? "Below it, as given" : "In this picture";
    headed(row.querySelector("h3"), where, `${own.length} ${own.length === 1 ? "box" : "boxes"} in it${parts ? `, ${count(parts)} more in these` : ""}`);
    fillWith(row.querySelector(".hv-strip"), own.map((item) => () => nest(item))); // prettier-ignore
  }

  /** An object with the classes of its parts beside it. */
  function nest(item) {
    const node = el("div", "hv-nest", plain(item));
    if (item.inside.length) node.append(el("div", "hv-nest-parts", ...item.inside.map((part) => counted(part, "hv-mini"))));
    return node;
  }

  const unnamed = () => x.answer.how === "cosine" && x.view.classes === 0;
  /** A card; where nothing has a class, it is called by its picture. */
  const plain = (item, kind) => listCard(unnamed() ? { ...item, label: item.file } : item, x.thumbUrl, (row) => x.walk({ row }), kind);

  function counted(item, kind) {
    const node = plain(item, kind);
    if (item.count > 1) node.append(el("span", "hv-times", `× ${count(item.count)}`));
    return node;
  }

  /* ------------------------------------------------------------ everywhere else */

  /** How many of what was found belong by their class, beside chance. */
  function belonging({ share, chance }) {
    const { picture, row } = x.answer;
    const within = picture.whole?.row === row ? "of a class in this picture" : `of a class seen in ${picture.title}`;
    return `${shareOf(share, 1)} of them ${within} (chance ${shareOf(chance, 1)})`;
  }

  function elsewhere() {
    const { elsewhere: found, children, how } = x.answer;
    opened++;
    const classes = found.bands.reduce((sum, band) => sum + band.classes.length, 0);
    const place = found.by === "entailment" ? "in its cone" : found.by === "cosine" ? "of the most similar direction" : "nearest to it";
    const cone = found.by === "entailment" && found.total;
    const wide = cone && !found.belong && found.total > WIDE * x.view.count ? " (it tells little apart)" : "";
    const share = cone ? `, ${shareOf(found.total, x.view.count)} of all items${wide}` : "";
    const belong = found.belong ? `, ${belonging(found.belong)}` : "";
    const words = `${count(found.total)} ${place}${share}${belong}${classes > 1 ? `, ${count(classes)} kinds` : ""}`;
    headed(title, how === "cosine" ? "Most similar" : "Elsewhere", flat ? `${children.length} of ${count(x.answer.children_total)} ${place}, general → specific` : words);
    for (const node of switches) {
      node.setAttribute("aria-pressed", String(node.dataset.by === found.by));
      if (node.dataset.by !== "entailment") continue;
      node.disabled = how === "cosine";
      node.title = how === "cosine" ? NO_CONES : WAYS.entailment[1];
    }
    if (flat) return bands.replaceChildren(strip(children.map((item) => () => plain(item))));
    bands.replaceChildren(...found.bands.map(band));
    if (!found.bands.length) bands.append(el("p", "hv-none", found.total ? "" : noneWords()));
  }

  const noneWords = () => (x.answer.members_total ? "Everything in its cone is in this very picture." : EMPTY_LISTS.children);

  function strip(makers) {
    const node = el("div", "hv-strip");
    fillWith(node, makers);
    return node;
  }

  /** One band: its name and limits on the left, a card a class. */
  function band(one) {
    const from = one.low === null ? "" : ` from ${distance(one.low)}`;
    const to = one.high === null ? "" : ` up to ${distance(one.high)}`;
    const size = el("small", "", `${count(one.total)} by radius`);
    const of = one.levels ? [el("small", "", "level of")] : [];
    const name = el("div", "hv-band-name", ...of, el("b", "", one.name), size);
    const meaning = one.levels ? `, where ${one.name} mostly lie; the radius decides, not the class` : "";
    name.title = `${count(one.total)} items${from}${to} from the root${meaning}`;
    const node = el("div", "hv-band");
    node.dataset.band = one.band;
    const single = one.items?.map((item) => () => plain(item));
    node.classList.toggle("hv-band-only", x.answer.how === "cosine"); // similarity knows no bands
    node.append(...(x.answer.how === "cosine" ? [] : [name]), strip(single || one.classes.map((item) => () => classCard(item, one, node))));
    return node;
  }

  /** The best item of a class, and a count that opens all of them. */
  function classCard(item, one, node) {
    const holder = el("div", "hv-class", plain(item));
    if (item.count < 2) return holder;
    const more = action(`× ${count(item.count)}`, () => open(item, one, node, more), x.complain, "hv-times");
    more.title = `All ${count(item.count)} of class ${item.label} here`;
    more.setAttribute("aria-expanded", "false");
    holder.append(more);
    return holder;
  }

  async function open(item, one, node, more) {
    const shut = more.getAttribute("aria-expanded") === "true";
    for (const other of bands.querySelectorAll(".hv-opened")) other.remove();
    for (const other of bands.querySelectorAll(".hv-times")) other.setAttribute("aria-expanded", "false");
    if (shut) return;
    const number = ++opened;
    const asked = { query: x.query, omega: x.wide, by: x.answer.elsewhere.by, band: one.band, class: item.class };
    const list = el("div", "hv-strip");
    const box = el("div", "hv-opened", el("h4", "", `${item.label} · ${count(item.count)}, best first`), list);
    const next = action("", () => page(), x.complain, "hv-more");
    let shown = 0;
    async function page() {
      const found = await x.api.ask("class", { ...asked, offset: shown });
      if (number !== opened) return;
      next.remove();
      list.append(...found.items.map((other) => plain(other)));
      shown += found.items.length;
      next.textContent = `${count(shown)} of ${count(found.total)}: show more`;
      if (shown < found.total) list.append(next);
    }
    await page();
    if (number !== opened) return;
    more.setAttribute("aria-expanded", "true");
    node.after(box);
  }

  /* ------------------------------------------------------------ all rows */

  function show() {
    const { answer } = x;
    here();
    elsewhere();
    const own = new Set([answer.picture.whole.row, ...answer.picture.boxes.map((item) => item.row)]);
    const mine = answer.parents.filter((item) => own.has(item.row)).length;
    const inPicture = mine ? `, ${mine} in this picture` : "";
    const belong = answer.parents_belong;
    const others = mine ? "of the others" : "of these";
    const share = belong ? `, ${shareOf(belong.share, 1)} ${others} show or hold the class ${answer.picture.title} (chance ${shareOf(belong.chance, 1)})` : "";
    fill("parents", "Parents", answer.parents, answer.parents_total, `their cones hold it${inPicture}${share}`);
    const way = answer.row === null ? answer.path : answer.path.slice(1); // what it is itself stands above
    const holders = way.filter((item) => item.holds).length;
    const words = way.length ? (holders === way.length ? "each has it in its cone" : `${holders} of them have it in their cone`) : "";
    const general = !x.view.own_vectors && answer.row !== null && answer.row === answer.picture.whole.row; // nobody's part
    x.find(".hv-parents").hidden = general || answer.how === "cosine";
    fill("path", holders === way.length && holders ? "Towards the root" : "Similar, more general", way, way.length, words);
    x.find(".hv-path").hidden = general || answer.how === "cosine" || x.disk?.paint.space?.geometry === "cosine";
  }

  function fill(kind, name, cards, total, order) {
    fillStrip(x.find(`.hv-${kind}`), kind, { title: name, cards, total, order }, x.thumbUrl, (row) => x.walk({ row }));
  }

  write();
  return {
    nodes: [],
    by: () => by,
    show,
    /** Rows to be marked on the disk. */
    ringed: () => (flat ? x.answer.children.map((item) => item.row) : x.answer.listed).slice(0, RINGED),
    save: () => ({ by: by === "entailment" ? null : by, all: flat ? "1" : null }),
    async restore(saved) {
      if (saved.by in WAYS) by = saved.by;
      flat = saved.all === "1";
      write();
    },
  };
}
