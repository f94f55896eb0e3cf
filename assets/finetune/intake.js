/**
 * Bring a set: drop or choose a zip or a folder, or take an open workspace; its counts, classes and what is worth knowing.
 *
 *   const intake = createIntake({onSet});   await intake.refresh(name);
 *
 * @typedef {import("./types.js").DataSet} DataSet
 * @typedef {{onSet: (set: DataSet|null) => unknown}} Options   onSet: a set was chosen, or none
 */
import { createApply } from "../annotate/corrections.js";
import { places } from "../annotate/places.js";
import { button, dropZone, el, openTab } from "../shared/dom.js";
import { count, plural } from "../shared/format.js";
import { ask } from "../shared/http.js";
import { complaint, note } from "../shared/pieces.js";
import { bring as bringSet, dropped } from "./bring.js";
import { get } from "./server.js";

const CLASSES = 14; // named; the others are counted

/** @param {Node} input @param {string} text */
const pick = (input, text) => el("label", { class: "ht-pick" }, text, input);

/** @param {DataSet} set */
function words(set) {
  const facts = [plural(set.images, "picture"), `${count(set.boxes)} boxes`, plural(set.classes.length, "class").replace("classs", "classes"), plural(set.levels, "level")];
  const chips = set.classes.slice(0, CLASSES).map((one) => el("li", { text: `${one.name} ${count(one.count)}` }));
  if (set.classes.length > CLASSES) chips.push(el("li", { text: `${set.classes.length - CLASSES} more` }));
  const dropped = Object.entries(set.report?.dropped || {}).map(([reason, one]) => `${count(one.count)} × ${reason} (e.g. ${one.examples[0]})`);
  const draw = button(set.boxes ? "Draw or mend boxes" : "Draw boxes on them", () => toAnnotator(set.name), { class: "he-small" });
  return [
    el("p", {}, el("b", { text: set.title }), ` ${facts.join(", ")} `),
    ...(chips.length ? [el("ul", { class: "ht-chips", "aria-label": "Classes" }, ...chips)] : []),
    ...(set.usable ? [] : [complaint(new Error(set.why))]),
    ...(set.warnings || []).map((text) => el("p", { class: "ht-warning", text: typeof text === "string" ? text : text.text })),
    ...(dropped.length ? [el("details", {}, el("summary", { text: "Left out while reading" }), el("ul", { class: "ht-plain" }, ...dropped.map((text) => el("li", { text }))))] : []),
    el("div", { class: "ht-actions" }, button("Look at them in Explore", () => toExplorer(set), { class: "he-small" }), draw),
  ];
}

/** @param {DataSet} set */
function toExplorer(set) {
  window.hypvizOpen?.(set.name, set.suited ?? null);
  openTab("Explore");
}

/** @param {string} name */
function toAnnotator(name) {
  places.wanted = { data: name };
  window.hypvizAnnotator?.openData(name);
  openTab("Annotate");
}

class Intake {
  /** @param {Options} options */
  constructor({ onSet }) {
    this.onSet = onSet;
    this.current = "";
    /** @type {ReturnType<typeof bringSet>|null} */
    this.running = null;
    /** @type {HTMLInputElement} */
    const zipInput = el("input", { type: "file", accept: ".zip,application/zip", class: "ht-file", onchange: () => this.takeFiles(zipInput) });
    /** @type {HTMLInputElement} */
    const folderInput = el("input", { type: "file", webkitdirectory: true, multiple: true, class: "ht-file", onchange: () => this.takeFiles(folderInput) });
    const formats = "Pictures with COCO, Pascal VOC or YOLO boxes, sub-folders as classes, or pictures alone, to draw boxes on them here.";
    this.zone = el("div", { class: "ht-drop" },
      el("p", {}, el("b", { text: "Drop a zip or a folder here" }), " or"),
      el("div", { class: "ht-picks" }, pick(zipInput, "Choose a zip"), pick(folderInput, "Choose a folder")), note(formats)); // prettier-ignore
    /** @type {HTMLSelectElement} */
    this.select = el("select", { "aria-label": "Set to learn from", onchange: () => this.choose(this.select.value) });
    this.progress = el("div", { class: "ht-intake", "aria-live": "polite" });
    this.summary = el("div", { class: "ht-summary", "aria-live": "polite" });
    this.applying = createApply({ data: () => this.current, onApplied: () => this.choose(this.current) });
    this.node = el("div", {}, this.zone, this.progress, el("label", { class: "he-choice ht-wide" }, el("span", { text: "or one that is here" }), this.select), this.applying.node, this.summary);

    dropZone(this.zone, "ht-over", (data) => dropped(data).then((files) => this.bring(files)));
  }

  /** @param {HTMLInputElement} input */
  takeFiles(input) {
    const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    input.value = "";
    if (files.length) this.bring(files);
  }

  /** Bring files; when they have no boxes, offer to take them in all the same, to draw some. @param {import("./types.js").Brought[]} files */
  async bring(files, toDraw = false) {
    if (this.running) return;
    this.zone.setAttribute("aria-busy", "true");
    this.progress.replaceChildren();
    try {
      this.running = bringSet(files, { toDraw, tell: (words, share) => this.tell(words, share) });
      const set = await this.running.done;
      this.progress.replaceChildren();
      this.running = null;
      window.hypvizOpen?.(null, null); // it is in the picker of data now
      if (toDraw) toAnnotator(set);
      await this.refresh(set);
    } catch (error) {
      const empty = /no boxes|at least \d+ are needed|one class only/.test(/** @type {Error} */ (error).message);
      const draw = button("Take the pictures in to draw boxes on them", () => this.bring(files, true), { class: "he-small" });
      this.progress.replaceChildren(complaint(error), ...(empty ? [draw] : []));
    }
    this.running = null;
    this.zone.removeAttribute("aria-busy");
  }

  /** @param {string} words @param {number} share */
  tell(words, share) {
    if (!this.progress.querySelector("progress")) {
      const stop = button("Cancel", () => this.running?.cancel(), { class: "he-small" });
      const bar = el("progress", { max: "1", "aria-label": "Progress of the set" });
      this.progress.replaceChildren(el("div", { class: "he-progress" }, bar, el("p", { class: "he-note he-words", "aria-live": "off" }), stop));
    }
    /** @type {HTMLProgressElement} */ (this.progress.querySelector("progress")).value = share;
    /** @type {Element} */ (this.progress.querySelector(".he-words")).textContent = words;
  }

  /** Read which sets there are; with a name, take that one. */
  async refresh(name = this.current) {
    /** @type {{sets: DataSet[]}} */
    const { sets } = await get("sets");
    const title = (/** @type {DataSet} */ one) => `${one.title}: ${[plural(one.images, "picture"), `${count(one.boxes)} boxes`, one.apart].filter(Boolean).join(", ")}`;
    this.select.replaceChildren(el("option", { value: "", text: "choose a set" }), ...sets.map((one) => el("option", { value: one.name, text: title(one) })));
    await this.choose(sets.some((one) => one.name === name) ? name : "");
  }

  /** @param {string} name */
  async choose(name) {
    this.current = this.select.value = name;
    this.applying.show(0);
    if (!name) {
      this.summary.replaceChildren();
      return this.onSet(null);
    }
    try {
      /** @type {DataSet} */
      const set = await get(`set/${encodeURIComponent(name)}`);
      if (name !== this.current) return;
      this.summary.replaceChildren(...words(set));
      /** @type {{data: string, pending: number}|null} */
      const draft = await ask(`annotate/set?data=${encodeURIComponent(name)}`).catch(() => null);
      if (name !== this.current) return;
      if (draft && draft.data === name) this.applying.show(draft.pending);
      this.onSet(set);
    } catch (error) {
      if (name !== this.current) return;
      this.summary.replaceChildren(complaint(error));
      this.onSet(null);
    }
  }

  chosen() {
    return this.current;
  }
}

/** @param {Options} options */
export const createIntake = (options) => new Intake(options);
