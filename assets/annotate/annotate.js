/**
 * The Annotate tab: boxes with labels on the pictures of a set, saved with every change, and corrections of the hierarchy.
 *
 *   const annotator = mountAnnotator(element);
 *   annotator.open(view);            // view: what `View.describe()` sends; only its `choice` is used
 *   annotator.openData(name, image); // any set, embedded or not
 *
 * @typedef {import("./sheet.js").Box} Box
 * @typedef {import("./sheet.js").DataSet} DataSet
 * @typedef {import("./corrections.js").Answer} Answer
 * @typedef {import("./corrections.js").Applied} Applied
 */
import { button, el, save } from "../shared/dom.js";
import { count, plural } from "../shared/format.js";
import { address, ask } from "../shared/http.js";
import { complaint, note } from "../shared/pieces.js";
import { createApply, createCorrections } from "./corrections.js";
import { add, relabel, remove, reshape } from "./edits.js";
import { colourOf } from "./hues.js";
import { createHelp, keyOf } from "./keys.js";
import { createLabel } from "./label.js";
import { createOpener } from "./open.js";
import { places } from "./places.js";
import { Sheet } from "./sheet.js";
import { createStage } from "./stage.js";

export class Annotator {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.last = "";
    this.sheet = new Sheet({ ask, onShow: () => this.show(), onState: (state) => this.saved(state) });
    this.viewed = ""; // the data that are open at the top of the page
    /** @type {{image: number, url: string}|null} */
    this.shownFrom = null;
    /** @param {string} text @param {string} title @param {() => unknown} run @param {import("../shared/pieces.js").Attributes} [attributes] */
    const small = (text, title, run, attributes = {}) => button(text, run, { title, "aria-label": title, ...attributes });
    /** @type {HTMLInputElement} */
    this.number = el("input", { type: "number", min: "1", "aria-label": "Number of the picture", onchange: () => this.turn(Number(this.number.value) - 1) });
    this.of = el("span", { class: "ha-of" });
    this.name = el("span", { class: "ha-name" });
    this.state_ = el("span", { class: "ha-saved", role: "status" });
    this.tools = /** @type {const} */ (["draw", "move"]).map((tool) => small(tool === "draw" ? "Draw" : "Move", `${tool === "draw" ? "Draw boxes (D)" : "Move boxes and picture (V)"}`, () => this.tool(tool), { "data-tool": tool }));
    this.undoButton = small("↶", "Undo (Ctrl Z)", () => this.sheet.undo());
    this.redoButton = small("↷", "Redo (Ctrl Y)", () => this.sheet.redo());
    const pages = el("div", { class: "ha-pages" },
      small("‹", "Previous picture (Page Up)", () => this.step(-1)), this.number, this.of,
      small("›", "Next picture (Page Down)", () => this.step(1)), small("Next empty", "Next picture without boxes (U)", () => this.nextEmpty())); // prettier-ignore
    const opener = createOpener({ onSet: (name) => this.openData(name).then(() => window.hypvizOpen?.(null, null)) });
    const bar = el("div", { class: "ha-bar" }, pages,
      el("div", { class: "ha-group", role: "group", "aria-label": "Tools" }, ...this.tools),
      el("div", { class: "ha-group" }, this.undoButton, this.redoButton),
      el("div", { class: "ha-group" }, small("−", "Smaller (−)", () => this.stage.zoom(1 / 1.4)), small("+", "Larger (+)", () => this.stage.zoom(1.4)), small("Fit", "Whole picture (0)", () => this.stage.home())),
      opener.button, small("?", "Keys (?)", () => this.help.showModal())); // prettier-ignore
    const frame = el("div", { class: "ha-frame" });
    this.label = createLabel({ onLabel: (label) => relabel(this, label), onLeave: () => this.stage.svg.focus() });
    this.list = el("ul", { class: "ha-list", "aria-label": "Boxes of this picture" });
    this.deleteButton = small("Delete", "Delete the selected box (Delete)", () => remove(this));
    const data = () => this.sheet.data;
    this.applying = createApply({ data, before: () => this.sheet.settled(), onApplied: (made) => this.applied(made) });
    const hold = el("div", { id: "ha-corrections" });
    this.corrections = createCorrections(hold, { data, onChanged: (answer) => this.corrected(answer) });
    this.correcting = el("details", { class: "ha-fold" }, el("summary", { text: "Correct the hierarchy" }), note("Boxes inside others are their children by themselves. Where that is wrong: select a box and take it as A, another one as B."), hold);
    const coco = button("Save as COCO", () => this.exportCoco(), { "data-file": "annotations.json" });
    this.message = el("div", { class: "ha-message", "aria-live": "assertive" });
    this.told = el("div");
    // What comes and goes stands beside the picture: above it, it would move the picture while somebody draws.
    const side = el("section", { class: "ha-side", "aria-label": "Boxes" },
      this.message, el("div", { class: "ha-row" }, this.label.node, this.deleteButton), this.list, this.correcting,
      this.told, this.applying.node, el("div", { class: "he-downloads" }, coco, this.state_)); // prettier-ignore
    this.live = el("div", { class: "hv-sr", "aria-live": "polite" });
    const stage = el("section", { class: "ha-stage" }, frame, el("p", { class: "ha-caption" }, this.name));
    this.body = el("div", { class: "ha-body" }, stage, side);
    this.help = createHelp();
    const whole = el("div", { class: "he-root ha-root" }, bar, opener.node, this.body, this.help, this.live);
    this.root.replaceChildren(whole);
    this.stage = createStage(frame, {
      colourOf,
      onDraw: (xyxy) => add(this, xyxy),
      onChange: (key, xyxy) => reshape(this, key, xyxy),
      onSelect: (key) => this.sheet.select(key),
    });
    this.tool("draw");
    this.listen();
  }

  // ---- opening -------------------------------------------------------------------------------------------------

  /** @param {{name: string, choice?: string[]}} view */
  open(view) {
    const wanted = places.wanted; // another tab may have asked for a picture
    places.wanted = null;
    const data = view.choice?.[0] ?? view.name;
    const again = data === this.viewed && this.sheet.data && this.sheet.data !== data; // another set was opened here meanwhile
    this.viewed = data;
    return again && !wanted ? undefined : this.openData(wanted?.data ?? data, wanted?.image, wanted?.key);
  }

  /** Go where the Explore tab is, once for each place that a person chose there. */
  follow() {
    const place = places.chosen;
    if (!place || place.data !== this.viewed || !this.root.getClientRects().length) return;
    places.chosen = null;
    if (this.viewed === this.sheet.data || this.viewed === this.sheet.set?.copied) this.turn(place.image, place.key);
    else this.openData(this.viewed, place.image, place.key);
  }

  /** @param {string} data @param {number|null} [image] @param {string|null} [key] of the box that is selected */
  async openData(data, image = null, key = null) {
    await this.attempt(async () => {
      const set = await this.sheet.open(data);
      if (!set) return;
      this.tell(set);
      this.number.max = String(set.names.length);
      this.of.textContent = `of ${count(set.names.length)}`;
      const kept = Number(sessionStorage.getItem(`hv-annotate ${set.data}`) ?? NaN);
      const empty = set.counts.indexOf(0);
      const start = image ?? (kept < set.names.length ? kept : empty > 0 && set.counts.every((n, i) => n === 0 || i < empty) ? empty : 0);
      await this.corrections.open();
      await this.turn(Number.isInteger(start) ? start : 0, key);
      this.root.dataset.state = "ready";
    });
  }

  /** @param {DataSet} set */
  tell(set) {
    this.told.replaceChildren();
    if (set.copy) this.told.append(note(`${set.title} stays as it is: what you change goes into a copy, “${set.copy}”.`));
    else if (set.copied) this.told.append(note(`Your changes are in the copy “${set.data}”, which is among the data at the top now.`));
    this.applying.show(set.pending);
  }

  /** @param {Answer} answer */
  corrected(answer) {
    const { sheet } = this;
    if (!sheet.set) return;
    if (answer.data !== sheet.data) Object.assign(sheet.set, { copied: sheet.data, copy: null, data: answer.data });
    sheet.data = answer.data;
    sheet.set.pending = answer.pending;
    this.tell(sheet.set);
  }

  /** All keys are item ids now: read the set anew. @param {Applied} made */
  async applied(made) {
    await this.openData(made.data, this.sheet.image);
    this.say(`${count(made.images)} pictures and ${count(made.boxes)} boxes are in use in all tabs.`);
  }

  /** @param {() => Promise<unknown>} work */
  async attempt(work) {
    try {
      await work();
      this.message.replaceChildren();
    } catch (error) {
      this.message.replaceChildren(complaint(error));
      this.root.dataset.state = "failed";
    }
  }

  // ---- pictures ------------------------------------------------------------------------------------------------

  /** @param {number|undefined} image @param {string|null} [key] */
  turn(image, key = null) {
    const { set } = this.sheet;
    if (!set || image === undefined || !Number.isInteger(image)) return undefined;
    const last = set.names.length - 1;
    return this.attempt(() => this.sheet.turn(Math.min(last, Math.max(0, image)), key));
  }

  /** @param {number} by */
  step(by) {
    return this.turn(this.sheet.image + by);
  }

  nextEmpty() {
    const { set, image } = this.sheet;
    const count_ = set.counts.length;
    const ahead = Array.from({ length: count_ }, (_, i) => (image + 1 + i) % count_);
    const next = ahead.find((i) => set.counts[i] === 0);
    if (next === undefined || next === image) this.say("Every picture has boxes.");
    else this.turn(next);
  }

  show() {
    const { sheet } = this;
    if (!sheet.picture) return;
    const { picture, boxes, selected } = sheet;
    sessionStorage.setItem(`hv-annotate ${sheet.data}`, String(picture.image));
    this.number.value = String(picture.image + 1);
    this.name.textContent = `${picture.name}, ${picture.width} × ${picture.height}, ${plural(boxes.length, "box").replace("boxs", "boxes")}`;
    if (!this.shownFrom || this.shownFrom.image !== picture.image) this.shownFrom = { image: picture.image, url: address(sheet.path(`image/${picture.image}`)) };
    this.stage.show(picture, this.shownFrom.url, boxes, sheet.key);
    this.label.show(selected?.label ?? "", this.names(), Boolean(selected));
    this.deleteButton.disabled = !selected;
    this.undoButton.disabled = !sheet.past.length;
    this.redoButton.disabled = !sheet.future.length;
    const held = this.list.contains(document.activeElement); // whoever went through the list goes on from there
    this.list.replaceChildren(...(boxes.length ? boxes.map((box) => this.entry(box)) : [note("No box yet: drag on the picture to draw the first one.")]));
    this.scrollTo(this.list.querySelector('[aria-pressed="true"]'));
    if (held) /** @type {HTMLElement} */ (this.list.querySelector('[aria-pressed="true"], button'))?.focus({ preventScroll: true });
    const scene = { id: picture.scene, label: "the picture", words: `the whole picture ${picture.name}`, scene: true };
    const item = selected && { id: selected.key, label: selected.label, words: `${selected.label} in ${picture.name}` };
    this.corrections.offer(item || scene);
  }

  /** Bring an entry of the list in sight, without moving the page. @param {Element|null} entry */
  scrollTo(entry) {
    if (!entry) return;
    const { top, bottom } = this.list.getBoundingClientRect();
    const row = entry.getBoundingClientRect();
    if (row.top < top || row.bottom > bottom) this.list.scrollTop += row.top - (top + bottom) / 2;
  }

  /** @param {Box} box */
  entry(box) {
    const on = box.key === this.sheet.key;
    const [x1, y1, x2, y2] = box.xyxy;
    const swatch = el("i", { class: "ha-swatch", "aria-hidden": "true" });
    swatch.style.setProperty("--ha-hue", colourOf(box.label));
    const pick = button(undefined, () => this.sheet.select(on ? null : box.key), { class: "ha-entry", "aria-pressed": String(on), "data-key": box.key });
    pick.append(swatch, el("span", { text: box.label }), el("small", { text: `${Math.round(x2 - x1)} × ${Math.round(y2 - y1)}` }));
    return el("li", {}, pick);
  }

  /** Labels to choose from, the most frequent first, this picture's own included. */
  names() {
    const { set, boxes } = this.sheet;
    return [...new Set([...set.classes.map((one) => one.name), ...boxes.map((box) => box.label)])];
  }

  /** @param {"draw"|"move"} name */
  tool(name) {
    this.stage.tool(name);
    for (const node of this.tools) node.setAttribute("aria-pressed", String(node.dataset.tool === name));
  }

  async exportCoco() {
    await this.sheet.settled();
    save(address(this.sheet.path("export/annotations.json")), "annotations.json");
  }

  /** @param {{saved: boolean, error?: unknown}} state */
  saved({ saved, error }) {
    this.state_.textContent = saved ? "All changes saved" : "Saving …";
    this.root.dataset.saved = String(saved);
    if (error) this.message.replaceChildren(complaint(error));
    else if (saved) this.message.replaceChildren();
    if (saved) this.tell(this.sheet.set);
  }

  /** @param {string} text */
  say(text) {
    this.live.textContent = text;
  }

  // ---- keys ----------------------------------------------------------------------------------------------------

  listen() {
    new IntersectionObserver(() => this.follow()).observe(this.root);
    // Also while nothing has the focus: on a tab just opened, and after a click on what made way for something else.
    document.addEventListener("keydown", (event) => {
      const ours = event.target === document.body ? this.root.getClientRects().length > 0 : this.root.contains(/** @type {Node} */ (event.target));
      if (!ours || event.defaultPrevented || !this.sheet.picture || /** @type {Element} */ (event.target).closest("input, select, textarea, dialog")) return;
      const run = keyOf(this, event);
      if (!run) return;
      event.preventDefault();
      run();
    });
  }

  /** @param {"a"|"b"} end */
  mark(end) {
    this.correcting.open = true;
    this.corrections.mark(end);
  }

  state() {
    const { data, set, image, boxes, key, past, future, busy } = this.sheet;
    return { data, set, image, boxes, key, past: past.length, future: future.length, busy };
  }
}

/** @param {HTMLElement} root @returns {Annotator} */
export const mountAnnotator = (root) => new Annotator(root);
