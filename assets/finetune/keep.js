/** Keep what was learned: name, licence and note make a checkpoint that every tab and the command line know; undo takes it back. */
import { button, el, openTab, save } from "../shared/dom.js";
import { address, query } from "../shared/http.js";
import { complaint, note } from "../shared/pieces.js";
import { get, post } from "./server.js";

const TYPED_MS = 250;

/** @typedef {import("./types.js").Job} Job */
/** @typedef {(checkpoint: string, job: Job) => unknown} OnKept   a checkpoint came, or went */

/** @param {Job} job */
const downloadButton = (job) => button("Download", () => save(address(`tune/jobs/${job.id}/download`), ""), { class: "he-small", title: "A zip of the weights and their card" });

class Keep {
  /** @param {{licences: string[], onKept: OnKept}} options */
  constructor({ licences, onKept }) {
    this.licences = licences;
    this.onKept = onKept;
    this.node = el("div", { class: "ht-keep" });
    /** @type {Job|null} */
    this.shown = null;
    this.key = "";

    this.timer = 0;
  }

  /** @param {Job} job */
  show(job) {
    this.shown = job;
    const now = [job.id, job.state, job.kept].join(" ");
    if (now === this.key) return; // somebody may be typing
    this.key = now;
    this.node.hidden = job.state !== "done";
    this.node.replaceChildren(...(job.state !== "done" ? [] : job.kept ? this.kept(job) : this.form(job)));
  }

  /** @param {Job} job */
  form(job) {
    const proposed = `${job.set_title || job.set}-${job.depth}`.toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[-.]+|-+$/g, "").slice(0, 50); // prettier-ignore
    const problem = el("div", { "aria-live": "polite" });
    /** @type {HTMLInputElement} */
    const name = el("input", { type: "text", value: proposed, required: true, maxlength: "80", spellcheck: "false", oninput: () => this.checkSoon(name, problem) });
    const licence = el("input", { type: "text", list: "ht-licences", placeholder: "not stated", maxlength: "200" });
    const about = el("textarea", { rows: "2", maxlength: "2000", placeholder: "What it is for, what it was taught on" });
    const labelled = (/** @type {string} */ text, /** @type {Node} */ input) => el("label", { class: "he-choice" }, el("span", { text }), input);
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      problem.replaceChildren();
      try {
        const made = await post(`jobs/${job.id}/keep`, { name: name.value.trim(), licence: licence.value.trim(), note: about.value.trim() });
        this.onKept(made.checkpoint, made.job);
      } catch (error) {
        problem.replaceChildren(complaint(error));
      }
    };
    const options = el("datalist", { id: "ht-licences" }, ...this.licences.map((one) => el("option", { value: one })));
    return [
      el("form", { class: "ht-keeping", onsubmit: submit }, el("h4", { text: "Keep it" }), labelled("Name", name), labelled("Licence", licence), labelled("Note", about), options,
        el("div", { class: "ht-actions" }, el("button", { type: "submit", class: "he-run", text: "Keep as a checkpoint" }), downloadButton(job))),
      problem,
    ]; // prettier-ignore
  }

  /** @param {HTMLInputElement} input @param {HTMLElement} problem */
  checkSoon(input, problem) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      try {
        await get(`name?${query({ name: input.value.trim() || " " })}`);
        problem.replaceChildren();
      } catch (error) {
        problem.replaceChildren(complaint(error));
      }
    }, TYPED_MS);
  }

  /** @param {Job} job */
  kept(job) {
    const problem = el("div", { "aria-live": "polite" });
    const undo = async () => {
      try {
        const made = await post(`jobs/${job.id}/undo`);
        this.onKept(made.checkpoint, made.job);
      } catch (error) {
        problem.replaceChildren(complaint(error));
      }
    };
    const use = button("Show it in all tabs", () => (window.hypvizOpen?.(job.set, job.kept ?? null), openTab("Explore")), { class: "he-run" });
    return [
      el("p", {}, "Kept as ", el("b", { text: job.kept }), ": it is among the checkpoints at the top and on the command line."),
      el("div", { class: "ht-actions" }, use, downloadButton(job), button("Undo", undo, { class: "he-small", title: "Take the checkpoint back; what was learned stays here" })),
      note("Undo goes back to the checkpoint it started from; this training stays in the list."),
      problem,
    ];
  }

  state() {
    return this.shown;
  }
}

/** @param {{licences: string[], onKept: OnKept}} options */
export const createKeep = (options) => new Keep(options);
