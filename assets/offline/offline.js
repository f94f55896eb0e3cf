/**
 * The page without a server: the disk, cones found in all dimensions, children and parents, all in the browser. One file
 * (hypviz/server/offline.py, started by offline/start.js) or a folder (hypviz/server/publish.py, started by publish/start.js).
 *
 * data: {state, facts, edges, cones, place, title}.  buffer: the points (hypviz/viz/disk.py).  picture: address of an item's small picture, ""
 * for none.  held: a sentence on what is here.  focus: the layout around a selection, see disk/focus.js; none: the overview alone.
 * about: more about an item.
 *
 * @typedef {import("./search.js").Search} Search
 * @typedef {{row: number|null, pins: number[], omega: number|null, kind: "angle"|"aperture", colour: string, view?: import("../disk/disk.js").View}} State
 * @typedef {{own_vectors: boolean, boxes: number, checkpoint: string, images: number, dimension: number, geometry: string, data_licence: string,
 *   checkpoint_licence: string, notice?: string}} Facts   notice: what is to be known before anything else is read
 * @typedef {import("./belonging.js").Tables} Tables
 * @typedef {{state: State, facts: Facts, edges: number[][], cones?: boolean, place?: string, title?: string, classes?: Tables|null}} Content   edges: pairs of rows
 * @typedef {{data: Content, buffer: ArrayBuffer, search: Promise<Search>, picture: (row: number) => string, held: (header: M.Header) => string,
 *   focus?: import("../disk/focus.js").Ask, about?: (row: number|null) => Promise<Node|null>, onSelect?: (row: number|null) => void}} Given
 */
import { colourModes } from "../disk/colours.js";
import { createDisk } from "../disk/disk.js";
import * as M from "../disk/math.js";
import { Bits } from "../shared/bitset.js";
import { el } from "../shared/dom.js";
import { distance } from "../shared/format.js";
import { PageBelonging } from "./belonging.js";
import { FRAME, writeHead } from "./frame.js";

class OfflinePage {
  /** @param {Given} given */
  constructor({ data, buffer, search, picture, held, focus, about, onSelect = () => {} }) {
    this.data = data;
    this.buffer = buffer;
    this.searching = search;
    this.picture = picture;
    this.focus = focus;
    this.about = about;
    this.onSelect = onSelect;
    /** @type {M.Payload} */
    const { header, arrays } = M.decode(buffer);
    this.header = header;
    this.arrays = arrays;
    this.rows = arrays.row || Int32Array.from({ length: header.n }, (_, i) => i);
    /** @type {Map<number|null, number>} */
    this.placeOf = new Map(Array.from(this.rows, (row, i) => [row, i]));
    /** @type {Search|null} */
    this.search = null; // until what it needs is there
    this.cones = data.cones !== false;
    this.judging = /** @type {PageBelonging|null} */ (null); // of the present names, made when it is first asked
    this.state = data.state;
    this.pins = [...this.state.pins];
    this.page = /** @type {HTMLElement} */ (document.getElementById("hv-offline"));
    this.page.innerHTML = FRAME;
    writeHead(this.page, data, header, held);
    this.disk = createDisk(this.find("disk"), {
      plotly: window.Plotly,
      onPick: (row) => this.select(row),
      onToggle: (row) => this.pin(row),
      onBackground: () => this.select(null),
      onStep: (direction) => this.step(direction),
      thumbUrl: picture,
      focus,
    });
    this.listen();
  }

  /** @template {HTMLElement} [T=HTMLElement] @param {string} name @returns {T} */
  find(name) {
    return /** @type {T} */ (this.page.querySelector(`.of-${name}`));
  }

  /** The label around a field. @param {string} name */
  labelOf(name) {
    return /** @type {HTMLElement} */ (this.find(name).closest("label"));
  }

  listen() {
    /** @type {HTMLInputElement[]} */
    const [omega, pictures] = [this.find("omega"), this.find("pictures")];
    /** @type {HTMLSelectElement} */
    const colour = this.find("colour");
    omega.addEventListener("input", () => {
      Object.assign(this.state, { omega: Number(omega.value), kind: "angle" });
      this.show();
    });
    colour.addEventListener("change", () => this.disk.setColour(colour.value));
    pictures.addEventListener("change", () => this.disk.setPictures(pictures.checked));
    this.find("pin").addEventListener("click", () => this.pin(this.state.row));
    this.labelOf("pictures").hidden = !Array.from(this.rows).some((row) => this.picture(row));
  }

  /** Draw the points, then what is selected. */
  async start() {
    await this.disk.setPoints(this.buffer);
    await this.disk.setColour(this.state.colour);
    this.offerColours();
    await this.show();
    if (this.state.view) await this.disk.setView(this.state.view);
    this.page.dataset.ready = "yes";
  }

  /** What the points can be coloured by, the present one chosen. */
  offerColours() {
    const { by } = this.disk.paint.points.colours();
    this.find("colour").replaceChildren(...colourModes(this.disk.paint).map((mode) => new Option(mode.title.toLowerCase(), mode.by, false, mode.by === by)));
  }

  /**
   * The same points under other names: classes at another level of their tree. What is selected stays.
   * @param {ArrayBuffer} buffer @param {Tables|null} [classes]
   */
  async relabel(buffer, classes = null) {
    Object.assign(this, { buffer }, M.decode(buffer));
    Object.assign(this.data, { classes });
    this.judging = null;
    await this.disk.setPoints(buffer, { keep: true });
    this.offerColours();
    await this.show();
  }

  /** Half-angle of the cone at item i: ω as it was set, or the calibrated one of its level, or the aperture. @param {number} i */
  halfAngle(i) {
    if (this.state.kind === "aperture" && this.header.geometry === "hyperbolic") return this.known.apertureOf(i);
    return this.state.omega ?? this.known.omegaOf(i);
  }

  /** The search, for what is done only once it is there. */
  get known() {
    return /** @type {Search} */ (this.search);
  }

  /** @param {number} i */
  members(i) {
    return this.known.members(i, this.halfAngle(i));
  }

  /** @param {number} i */
  nameOf(i) {
    return this.arrays.label[i] < 0 ? "scene" : this.header.classes[this.arrays.label[i]];
  }

  /** @param {number|null} row */
  async select(row) {
    this.state.row = row;
    this.onSelect(row);
    await this.show();
  }

  async show() {
    const { arrays, cones, disk, placeOf, rows, state } = this;
    const i = placeOf.get(state.row);
    if (i === undefined) return this.showNothing();
    this.now(i);
    const search = (this.search ||= await this.searching);
    if (placeOf.get(state.row) !== i) return undefined; // another was chosen meanwhile
    const { shown: children, members: inside, total } = search.children(i, this.halfAngle(i));
    const { shown: parents, total: above } = search.parents(i);
    this.list("children", cones ? "Children" : "Similar by cosine", children, total, this.judge.words("children", i, cones ? inside : children));
    this.list("parents", "Parents", parents, above, this.judge.words("parents", i, parents));
    this.find("parents").hidden ||= search.isWhole(i); // nobody's part
    disk.setOmega(cones ? this.halfAngle(i) : null);
    this.showOmega(inside.length);
    const name = arrays.image[i];
    await disk.setSelection({
      row: state.row,
      query: this.focus && { row: state.row },
      members: Bits.of(inside.map((j) => rows[j]), this.header.total),
      children: children.map((j) => rows[j]),
      parents: parents.map((j) => rows[j]),
      edges: this.data.edges.filter(([parent]) => arrays.image[Number(placeOf.get(parent))] === name),
    });
    return this.showPins();
  }

  async showNothing() {
    this.find("now").replaceChildren(el("p", "", "Click a point to see what its cone holds."));
    this.find("children").replaceChildren();
    this.find("parents").replaceChildren();
    await this.disk.setSelection(null);
    return this.showOmega(0);
  }

  /** @param {number} i */
  now(i) {
    const { arrays, picture, rows, state } = this;
    const image = Object.assign(el("img"), { src: picture(rows[i]), alt: "", hidden: !picture(rows[i]) });
    const level = this.header.depths[arrays.depth[i]].name;
    const words = el("div", "", el("h2", "", this.nameOf(i)), el("p", "", `${level} · ${distance(arrays.radius[i])} from the root`));
    this.find("now").replaceChildren(image, words);
    const row = state.row;
    this.about?.(row).then((node) => node && state.row === row && words.append(node), () => {}); // what is missing is only more about it
  }

  /** @param {string} name @param {string} title @param {number[]} shown @param {number} total @param {string} belong how much of it belongs there */
  list(name, title, shown, total, belong) {
    const count = shown.length < total ? `${shown.length} of ${total}` : total;
    const strip = el("div", "of-strip", ...shown.map((i) => this.card(i)));
    const none = el("p", "of-none", `None in this ${this.data.place || "file"}.`);
    const heading = el("h3", "", `${title} `, el("span", "", `${count} · ${this.cones ? "general → specific" : "nearest first"}`));
    this.find(name).hidden = name === "parents" && !this.cones;
    const told = belong ? [el("p", "of-none of-belong", belong)] : [];
    this.find(name).replaceChildren(heading, ...told, shown.length ? strip : none);
  }

  /** @param {number} i */
  card(i) {
    const row = this.rows[i];
    const far = distance(this.arrays.radius[i]);
    const url = this.picture(row);
    const image = url ? Object.assign(el("img"), { src: url, alt: "" }) : el("i", "of-blank");
    const card = el("button", "of-card", image, el("b", "", this.nameOf(i)), el("span", "", far));
    Object.assign(card, { type: "button", title: `${this.nameOf(i)}, ${far} from the root` });
    card.dataset.row = String(row);
    card.addEventListener("click", () => this.select(row));
    return card;
  }

  /** @param {number} count */
  showOmega(count) {
    const i = this.placeOf.get(this.state.row);
    const value = i === undefined || !this.cones ? this.state.omega : this.halfAngle(i);
    const output = /** @type {HTMLOutputElement} */ (this.page.querySelector("output"));
    /** @type {HTMLInputElement} */
    const slider = this.find("omega");
    this.labelOf("omega").hidden = this.find("pin").hidden = output.hidden = !this.cones;
    if (value !== null) slider.value = String(value);
    output.textContent = value === null ? "calibrated" : `${value.toFixed(2)} rad · ${count} inside`;
  }

  /** @param {number|null} row */
  pin(row) {
    if (row === null) return;
    const at = this.pins.indexOf(row);
    if (at >= 0) this.pins.splice(at, 1);
    else this.pins.push(row);
    this.showPins();
  }

  /** Pinned cones, and, where there are any, what lies in all of them and in the selection's. */
  showPins() {
    const { disk, pins, placeOf, state } = this;
    const { row: here } = state;
    this.find("pin").textContent = here !== null && pins.includes(here) ? "Unpin this cone" : "Pin this cone";
    /** @type {HTMLButtonElement} */ (this.find("pin")).disabled = here === null;
    if (!this.cones || !this.search) return undefined;
    if (!pins.length) return disk.setPins([], null);
    const place = (/** @type {number} */ row) => /** @type {number} */ (placeOf.get(row));
    const places = pins.map(place);
    const apexes = [...new Set([...places, ...(here === null ? [] : [place(here)])])];
    const common = apexes.map((i) => new Set(this.members(i))).reduce((all, next) => new Set([...all].filter((j) => next.has(j))));
    const drawn = pins.map((row, k) => ({ row, omega: this.halfAngle(places[k]) }));
    return disk.setPins(drawn, Bits.of([...common].map((j) => this.rows[j]), this.header.total));
  }

  /** Arrow keys: the nearest child or parent by annotation, and the boxes beside this one. @param {import("../disk/gestures.js").Step} direction */
  step(direction) {
    const { edges } = this.data;
    const { row } = this.state;
    /** @type {Partial<Record<string, number[]>>} */
    const relatives = { child: edges.filter(([p]) => p === row).map(([, c]) => c), parent: edges.filter(([, c]) => c === row).map(([p]) => p) };
    const kin = relatives[direction];
    if (kin) return kin.length && this.select(kin[0]);
    const above = edges.find(([, c]) => c === row);
    if (!above) return undefined;
    const beside = edges.filter(([p]) => p === above[0]).map(([, c]) => c);
    const at = beside.indexOf(Number(row)) + (direction === "sibling+" ? 1 : -1);
    return this.select(beside[(at + beside.length) % beside.length]);
  }

  get judge() {
    const { arrays, data, header, known } = this;
    return (this.judging ||= new PageBelonging(arrays, header.classes, data.classes ?? null, (j) => known.isWhole(j)));
  }

  /** How much of both lists of item i belongs there. @param {number} i */
  judged(i) {
    return { under: this.judge.under(i, this.members(i)), over: this.judge.over(i, this.known.parents(i).shown) };
  }

  /** @param {number[]} found */
  rowsOf(found) {
    return found.map((j) => this.rows[j]);
  }
}

/** Mount the page in #hv-offline; `window.hypvizOffline` is what it gives back. @param {Given} given */
export function offlinePage(given) {
  const page = new OfflinePage(given);
  const at = (/** @type {number} */ row) => /** @type {number} */ (page.placeOf.get(row));
  const handle = {
    disk: page.disk,
    state: page.state,
    select: (/** @type {number|null} */ row) => page.select(row),
    members: (/** @type {number} */ row) => page.rowsOf(page.members(at(row))),
    children: (/** @type {number} */ row) => page.rowsOf(page.known.children(at(row), page.halfAngle(at(row))).shown),
    parents: (/** @type {number} */ row) => page.rowsOf(page.known.parents(at(row)).shown),
    judged: (/** @type {number} */ row) => page.judged(at(row)),
    relabel: (/** @type {ArrayBuffer} */ points, /** @type {Tables|null} */ classes) => page.relabel(points, classes),
    ready: page.start(),
  };
  return (window.hypvizOffline = handle);
}
