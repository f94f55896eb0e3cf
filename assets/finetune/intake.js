/**
 * Bring a set: drop or choose a zip or a folder, or take an open workspace; its counts, classes and what is worth knowing.
 *
 *   const intake = hypviz.tune.createIntake({onSet});   await intake.refresh(name);
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

export function createIntake({ onSet }) {
  let chosen = "";
  let running = null; // what `tune.bring` gave
  const zipInput = el("input", { type: "file", accept: ".zip,application/zip", class: "ht-file", onchange: () => takeFiles(zipInput) });
  const folderInput = el("input", { type: "file", webkitdirectory: true, multiple: true, class: "ht-file", onchange: () => takeFiles(folderInput) });
  const pick = (input, text) => el("label", { class: "ht-pick" }, text, input);
  const formats = "Pictures with COCO, Pascal VOC or YOLO boxes, sub-folders as classes, or pictures alone, to draw boxes on them here.";
  const zone = el("div", { class: "ht-drop" },
    el("p", {}, el("b", { text: "Drop a zip or a folder here" }), " or"),
    el("div", { class: "ht-picks" }, pick(zipInput, "Choose a zip"), pick(folderInput, "Choose a folder")), note(formats)); // prettier-ignore
  const select = el("select", { "aria-label": "Set to learn from", onchange: () => choose(select.value) });
  const progress = el("div", { class: "ht-intake", "aria-live": "polite" });
  const summary = el("div", { class: "ht-summary", "aria-live": "polite" });
  const applying = createApply({ data: () => chosen, onApplied: () => choose(chosen) });
  const node = el("div", {}, zone, progress, el("label", { class: "he-choice ht-wide" }, el("span", { text: "or one that is here" }), select), applying.node, summary);

  dropZone(zone, "ht-over", (data) => dropped(data).then((files) => bring(files)));

  function takeFiles(input) {
    const files = [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    input.value = "";
    if (files.length) bring(files);
  }

  /** Bring files; when they have no boxes, offer to take them in all the same, to draw some. */
  async function bring(files, toDraw = false) {
    if (running) return;
    zone.setAttribute("aria-busy", "true");
    progress.replaceChildren();
    try {
      running = bringSet(files, { toDraw, tell });
      const set = await running.done;
      progress.replaceChildren();
      running = null;
      if (toDraw) toAnnotator(set);
      await refresh(set);
    } catch (error) {
      const empty = /no boxes|at least \d+ are needed|one class only/.test(error.message);
      const draw = button("Take the pictures in to draw boxes on them", () => bring(files, true), { class: "he-small" });
      progress.replaceChildren(complaint(error), ...(empty ? [draw] : []));
    }
    running = null;
    zone.removeAttribute("aria-busy");
  }

  function tell(words, share) {
    if (!progress.querySelector("progress")) {
      const stop = button("Cancel", () => running?.cancel(), { class: "he-small" });
      const bar = el("progress", { max: "1", "aria-label": "Progress of the set" });
      progress.replaceChildren(el("div", { class: "he-progress" }, bar, el("p", { class: "he-note he-words", "aria-live": "off" }), stop));
    }
    progress.querySelector("progress").value = share;
    progress.querySelector(".he-words").textContent = words;
  }

  /** Read which sets there are; with a name, take that one. */
  async function refresh(name = chosen) {
    const { sets } = await get("sets");
    const title = (one) => `${one.title}: ${plural(one.images, "picture")}, ${count(one.boxes)} boxes`;
    select.replaceChildren(el("option", { value: "", text: "choose a set" }), ...sets.map((one) => el("option", { value: one.name, text: title(one) })));
    await choose(sets.some((one) => one.name === name) ? name : "");
  }

  async function choose(name) {
    chosen = select.value = name;
    applying.show(0);
    if (!name) {
      summary.replaceChildren();
      return onSet(null);
    }
    try {
      const set = await get(`set/${encodeURIComponent(name)}`);
      if (name !== chosen) return;
      summary.replaceChildren(...words(set));
      const draft = await ask(`annotate/set?data=${encodeURIComponent(name)}`).catch(() => null);
      if (name !== chosen) return;
      if (draft && draft.data === name) applying.show(draft.pending);
      onSet(set);
    } catch (error) {
      if (name !== chosen) return;
      summary.replaceChildren(complaint(error));
      onSet(null);
    }
  }

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
      ...(set.warnings || []).map((text) => el("p", { class: "ht-warning", text: text.text ?? text })),
      ...(dropped.length ? [el("details", {}, el("summary", { text: "Left out while reading" }), el("ul", { class: "ht-plain" }, ...dropped.map((text) => el("li", { text }))))] : []),
      draw,
    ];
  }

  function toAnnotator(name) {
    places.wanted = { data: name };
    window.hypvizAnnotator?.openData(name);
    openTab("Annotate");
  }

  return { node, refresh, chosen: () => chosen };
}
