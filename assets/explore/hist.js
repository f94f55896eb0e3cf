/**
 * Two linked histograms: distances to the root, and classes. A range or a class that is chosen in them lights up on the disk and in the
 * gallery; what is selected, found or filtered changes their bars.
 *
 * @typedef {{edges: number[], all: number[], found: number[]}} Bins   edges: one more than counts
 * @typedef {{value: number, name: string, all: number, found: number}} ClassCount
 * @typedef {import("./types.js").Filter & {radius?: (number|null)[]|null, classes?: number[]}} HistFilter
 */
import { add, button, el, make } from "../shared/dom.js";
import { count, trim } from "../shared/format.js";

const SOON_MS = 70;
const HIGH = 56; // of the drawing, in units of the SVG
const MOST = 60; // classes listed at once

class HistPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.open = button("Spread", () => this.turn(), "hv-hist-open");
    this.open.title = "How distances to the root and classes are spread; choose a range or a class to light it (H)";
    this.open.setAttribute("aria-pressed", "false");
    this.chart = make("svg", { class: "hv-hist-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.low = this.handle("From this distance to the root on");
    this.high = this.handle("Up to this distance to the root");
    this.axis = el("div", "hv-hist-axis");
    this.words = el("p", "hv-hist-words");
    this.words.setAttribute("role", "status");
    this.clear = button("Clear", () => this.narrow({ radius: null, classes: [] }), "hv-link");
    this.classes = el("div", "hv-hist-classes");
    this.classes.setAttribute("role", "group");
    this.classes.setAttribute("aria-label", "Classes");
    this.radius = el("div", "hv-hist-radius", el("div", "hv-hist-stage", this.chart, this.low, this.high), this.axis);
    this.panel = el("section", "hv-hist", el("div", "hv-hist-head", this.words, this.clear), this.radius, this.classes);
    this.panel.setAttribute("aria-label", "Histograms of distance to the root and class");
    this.panel.hidden = true;
    x.find(".hv-left").prepend(this.panel);
    /** @type {Bins|null} */
    this.bins = null;
    this.asked = 0;
    this.timer = 0;
    this.brushing = 0; // the timer of a range that is still being chosen
    /** @type {number|null} */
    let drag = null; // bin where a brush began
    this.chart.addEventListener("pointerdown", (event) => {
      if (!this.bins || event.button) return;
      this.chart.setPointerCapture(event.pointerId);
      drag = this.binAt(event);
      this.brush(drag, drag + 1);
    });
    this.chart.addEventListener("pointermove", (event) => {
      if (drag === null) return;
      const at = this.binAt(event);
      this.brush(Math.min(drag, at), Math.max(drag, at) + 1);
    });
    for (const end of ["pointerup", "pointercancel"]) this.chart.addEventListener(end, () => (drag = null));
    this.nodes = [this.open];
  }

  /** @param {string} title */
  handle(title) {
    const node = Object.assign(el("input"), { type: "range", min: "0", step: "1" });
    node.setAttribute("aria-label", title);
    node.addEventListener("input", () => this.moved(node));
    return node;
  }

  turn(on = Boolean(this.panel.hidden)) {
    this.panel.hidden = !on;
    this.open.setAttribute("aria-pressed", String(on));
    this.x.root.classList.toggle("hv-spread", on);
    this.x.changed();
    if (on) return this.refresh().catch(this.x.complain);
  }

  /* ------------------------------------------------------------ what is counted */

  /** What the bars are about: the filter in force, the set, or the cone of the selected item. @returns {[HistFilter, string]} */
  subject() {
    const [filter, set] = [this.x.selects.active(), this.x.set.get()];
    if (filter) return [filter, "found"];
    if (set) return [{ members: set.encode() }, "found"];
    return [{ members: this.x.present.members }, this.x.present.how === "cosine" ? "most similar" : "in its cone"];
  }

  /** The bars, for what is done only once they are there. @returns {Bins} */
  get drawn() {
    return /** @type {Bins} */ (this.bins);
  }

  async refresh() {
    if (this.panel.hidden || !this.x.answer) return;
    const number = ++this.asked;
    const [filter, where] = this.subject();
    /** @type {{radius: Bins, total: number, classes: ClassCount[]}} */
    const found = await this.x.api.ask("histograms", { filter });
    if (number !== this.asked) return;
    this.bins = found.radius;
    this.words.textContent = `Bars: ${count(found.total)} ${where}. Grey: all ${count(this.x.view.count)}, to its own scale.`;
    this.clear.hidden = !this.x.selects.active();
    this.draw(this.brushing ? [Number(this.low.value), Number(this.high.value)] : this.range(filter.radius)); // what a hand is choosing stays
    this.writeClasses(found.classes, filter.classes || []);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh().catch(this.x.complain), SOON_MS);
  }

  /* ------------------------------------------------------------ distances */

  /** A filter's radius as bins [first, last + 1]. @param {HistFilter["radius"]} chosen @returns {number[]} */
  range(chosen) {
    const { all, edges } = this.drawn;
    const last = all.length;
    /** @param {number|null|undefined} value @param {number} end */
    const at = (value, end) => (value === null || value === undefined ? end : nearest(edges, value));
    return chosen ? [at(chosen[0], 0), at(chosen[1], last)] : [0, last];
  }

  /** @param {number[]} range bins [first, last + 1] that are chosen */
  draw([from, to]) {
    const { all, found, edges } = this.drawn;
    const wide = all.length;
    this.chart.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
    this.chart.replaceChildren();
    /** @param {number} value @param {number} most @param {number} i @param {string} kind */
    const bar = (value, most, i, kind) => {
      const tall = value ? Math.max(1.2, (HIGH * value) / most) : 0;
      add(this.chart, "rect", { x: i + 0.06, width: 0.88, y: HIGH - tall, height: tall, class: kind });
    };
    const [mostAll, mostFound] = [Math.max(1, ...all), Math.max(1, ...found)];
    for (let i = 0; i < wide; i++) bar(all[i], mostAll, i, "hv-hist-all");
    for (let i = 0; i < wide; i++) bar(found[i], mostFound, i, `hv-hist-found${i < from || i >= to ? " is-out" : ""}`);
    const [first, middle, last] = [1, Math.floor(wide / 2), wide - 1].map((i) => trim3(edges[Math.max(0, Math.min(wide, i))]));
    this.axis.replaceChildren(el("span", "", wide > 2 ? `below ${first}` : ""), el("span", "", `${middle} from the root`), el("span", "", wide > 2 ? `${last} and more` : ""));
    for (const [node, value] of /** @type {[HTMLInputElement, number][]} */ ([[this.low, from], [this.high, to]])) {
      Object.assign(node, { max: String(wide), value: String(value) });
      node.setAttribute("aria-valuetext", `${trim3(edges[value])} from the root`);
    }
    this.chosenRange(from, to);
  }

  /** @param {number} from @param {number} to */
  chosenRange(from, to) {
    const wide = this.drawn.all.length;
    const brushed = from > 0 || to < wide;
    this.radius.classList.toggle("is-brushed", brushed);
    this.radius.style.setProperty("--hv-from", `${(100 * from) / wide}%`);
    this.radius.style.setProperty("--hv-to", `${(100 * (wide - to)) / wide}%`);
  }

  /** @param {HTMLInputElement} node */
  moved(node) {
    let [from, to] = [Number(this.low.value), Number(this.high.value)];
    if (from >= to) [from, to] = node === this.low ? [to - 1, to] : [from, from + 1];
    this.brush(Math.max(0, from), Math.min(this.drawn.all.length, to));
  }

  /** Take bins from … to − 1 as the range. @param {number} from @param {number} to */
  brush(from, to) {
    const wide = this.drawn.all.length;
    [this.low.value, this.high.value] = [String(from), String(to)];
    this.chosenRange(from, to);
    const whole = from === 0 && to === wide;
    clearTimeout(this.brushing); // its own timer: the answer to an earlier range must not cancel a later one
    this.brushing = setTimeout(() => {
      this.brushing = 0;
      const { edges } = this.drawn;
      this.narrow({ radius: whole ? null : [from ? edges[from] : null, to < wide ? edges[to] : null] });
    }, SOON_MS);
  }

  /** @param {PointerEvent} event */
  binAt(event) {
    const box = this.chart.getBoundingClientRect();
    const { length } = this.drawn.all;
    return Math.min(length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * length)));
  }

  /* ------------------------------------------------------------ classes */
  /** @param {ClassCount[]} entries @param {number[]} chosen */
  writeClasses(entries, chosen) {
    const held = this.classes.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.class : null;
    const most = Math.max(1, ...entries.map((one) => one.found));
    const listed = entries.filter((one, i) => i < MOST || chosen.includes(one.value));
    this.classes.replaceChildren(...listed.map((one) => {
      const node = button(el("span", "", one.name), () =>
        this.narrow({ classes: chosen.includes(one.value) ? chosen.filter((value) => value !== one.value) : [...chosen, one.value] }), "hv-hist-class");
      node.append(el("i", "", count(one.found)));
      node.dataset.class = String(one.value);
      node.setAttribute("aria-pressed", String(chosen.includes(one.value)));
      node.title = `${one.name}: ${count(one.found)} of ${count(one.all)}`;
      node.style.setProperty("--hv-share", `${(100 * one.found) / most}%`);
      return node;
    })); // prettier-ignore
    if (entries.length > listed.length) this.classes.append(el("small", "", `${entries.length - listed.length} rarer classes: in Find`));
    if (held !== null) /** @type {HTMLElement|null} */ (this.classes.querySelector(`[data-class="${held}"]`))?.focus({ preventScroll: true });
  }

  /** @param {HistFilter} part */
  narrow(part) {
    return this.x.selects.narrow(part).catch(this.x.complain);
  }

  changed() {
    return this.soon();
  }

  opened() {
    clearTimeout(this.brushing);
    [this.bins, this.brushing] = [null, 0];
  }

  save() {
    return { spread: this.panel.hidden ? null : "1" };
  }

  /** @param {import("./types.js").Link} link */
  async restore({ spread }) {
    if (spread === "1") await this.turn(true);
  }
}

/** The histograms above the disk. @param {import("./explore.js").Explorer} x what the parts share */
export const histPart = (x) => new HistPart(x);

/** @param {number} value */
const trim3 = (value) => trim(Number(value.toPrecision(3)));

/** @param {number[]} edges @param {number} value */
function nearest(edges, value) {
  return edges.reduce((best, edge, i) => (Math.abs(edge - value) < Math.abs(edges[best] - value) ? i : best), 0);
}
