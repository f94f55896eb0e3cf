/**
 * Boxes proposed for pictures that have none: what that means and costs, the button, its progress, and the new set when it is there.
 *
 *   const proposals = createProposals();   proposals.show(view.key);   // null: nothing to propose for
 *
 * @typedef {import("./types.js").Proposals} Status
 */
import { button, el } from "../shared/dom.js";
import { count, timeLeft } from "../shared/format.js";
import { ask, json } from "../shared/http.js";
import { complaint } from "../shared/pieces.js";

const POLL_MS = 700;

class Proposals {
  constructor() {
    this.node = el("div", { class: "hv-propose", hidden: true });
    /** @type {string|null} the view */
    this.key = null;
    this.mine = false; // whether the button was pressed here, so that the new set is opened when it is there
    this.timer = 0;
    /** @type {HTMLProgressElement} */
    this.meter = el("progress", { max: "1", "aria-label": "Progress" });
    this.words = el("span");
    this.stop = button("Stop", () => this.cancel(), "hv-propose-stop");
    this.job = "";
  }

  /** A view is shown whose set has no boxes, or another one. @param {string|null} key */
  show(key) {
    if (key !== this.key) this.mine = false;
    this.key = key;
    clearTimeout(this.timer);
    if (!key) this.node.hidden = true;
    else this.look();
  }

  look() {
    return this.follow(`propose/${this.key}/status`);
  }

  run() {
    this.mine = true;
    return this.follow(`propose/${this.key}/run`, json({}));
  }

  async cancel() {
    this.stop.disabled = true;
    await ask(`propose/cancel/${this.job}`, json({})).catch(() => {});
    clearTimeout(this.timer);
    return this.look();
  }

  /** Ask the server and show its answer. @param {string} path @param {RequestInit} [options] */
  async follow(path, options) {
    const { key } = this;
    clearTimeout(this.timer);
    try {
      /** @type {Status} */
      const status = await ask(path, options);
      if (key === this.key) this.tell(status);
    } catch (error) {
      if (key !== this.key) return;
      this.mine = false;
      this.node.hidden = false;
      this.node.replaceChildren(complaint(error), button("Try again", () => this.look(), "hv-propose-go"));
    }
  }

  /** @param {Status} status */
  tell(status) {
    const { state, job, set } = status;
    clearTimeout(this.timer);
    this.node.hidden = state === "read-only";
    if (state === "ready" && set) return this.ready(set);
    if (state === "running" || state === "busy") this.timer = setTimeout(() => this.look(), POLL_MS);
    if (state === "running" && job) return this.progress(job);
    this.invite(status);
  }

  /** @param {Status} status */
  invite({ state, job, about, done, pictures }) {
    const busy = state === "busy";
    this.mine = false;
    const note = busy
      ? `${job?.title} is running; this can start after it.`
      : `${done ? `${count(done)} of ${count(pictures)} pictures are done and kept. ` : ""}${about}`;
    const go = button(done ? "Go on proposing boxes" : "Propose boxes", () => this.run(), "hv-propose-go");
    go.disabled = busy;
    const wrong = state === "failed" && job ? [complaint(new Error(job.error))] : [];
    this.node.replaceChildren(...wrong, go, el("span", "hv-propose-about", note));
  }

  /** The bar is made once and then only changed, so that its button can be pressed. @param {import("./types.js").ProposalJob} job */
  progress(job) {
    this.job = job.id;
    this.stop.disabled = job.cancelling;
    this.meter.value = job.share;
    const left = timeLeft(job.seconds_left);
    this.words.textContent = job.cancelling ? "stopping …" : `Proposing boxes: ${job.what}${left && `, ${left}`}`;
    if (this.meter.parentNode !== this.node) this.node.replaceChildren(this.meter, this.words, this.stop);
  }

  /** @param {string} set name of the new one */
  ready(set) {
    const open = () => window.hypvizOpen?.(set, null);
    this.node.replaceChildren(button("Open the set with proposed boxes", open, "hv-propose-go"), el("span", "hv-propose-about", "Boxes were proposed for these pictures; nobody has checked them."));
    if (this.mine) open();
    this.mine = false;
  }
}

/** What to put below a notice of a set without boxes. @returns {Proposals} */
export const createProposals = () => new Proposals();
