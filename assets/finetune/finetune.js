/**
 * The Fine-tune tab: bring a set, choose where to start and how deep to go, watch it learn, keep it or take it back.
 *
 *   const tuner = mountTuner(element);
 *   tuner.open(view);   // view: what `View.describe()` sends
 *
 * The server does the learning (hypviz/tune) and keeps every training on disk; the page only asks where it stands, so any number of
 * browsers see the same, and one that comes later finds it as it is.
 *
 * @typedef {import("./types.js").Job} Job
 * @typedef {{jobs: Job[], running: string|null, queue: string[]}} Overview
 * @typedef {{name: string, checkpoint: string, choice?: string[]}} View
 */
import { el, reducedMotion } from "../shared/dom.js";
import { complaint, note } from "../shared/pieces.js";
import { createIntake } from "./intake.js";
import { createJob, createList } from "./job.js";
import { get, post, remove } from "./server.js";
import { createSettings } from "./settings.js";

const BUSY_MS = 1000;
const IDLE_MS = 5000;
const KEPT = "hv-training"; // the chosen training, in this browser tab

class Tuner {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {View|null} */
    this.view = null;
    /** @type {import("./types.js").Choices|null} */
    this.choices = null;
    this.chosen = sessionStorage.getItem(KEPT);
    /** @type {Overview|null} */
    this.overview = null;
    /** @type {Job|null} */
    this.job = null;
    /** @type {number[][]} step and loss */
    this.live = [];
    /** @type {import("./types.js").DataSet|null|undefined} */
    this.set = undefined;
    /** @type {ReturnType<typeof createSettings>|undefined} */
    this.settings = undefined;
    /** @type {ReturnType<typeof createJob>|undefined} */
    this.detail = undefined;
    /** @type {HTMLElement|undefined} what says that the server does not answer */
    this.lost = undefined;
    this.timer = 0;
    this.visit = 0;
    this.intake = createIntake({ onSet: (set) => this.settings?.show((this.set = set)) });
    this.list = createList({ onPick: (id) => this.pick(id) });
    this.problem = el("div", { "aria-live": "polite" });
    this.steps = el("div", { class: "ht-two" }, el("p", { class: "he-note", text: "Reading what there is …" }));
    this.holder = el("div");
    this.side = el("section", { class: "ht-side", "aria-label": "All trainings" }, el("h3", { text: "Trainings" }), this.list.node);
    const step = (/** @type {string} */ number, /** @type {string} */ title, /** @type {Node[]} */ ...content) => el("section", { class: "ht-step" }, el("h3", {}, el("i", { text: number, "aria-hidden": "true" }), title), ...content);
    const bring = step("1", "Bring a set", this.intake.node);
    this.second = step("2", "Choose", this.steps);
    this.third = el("div", { class: "ht-below" }, this.side, this.holder);
    root.replaceChildren(el("div", { class: "he-root ht-root" }, this.problem, el("div", { class: "ht-top" }, bring, this.second), this.third));
    document.addEventListener("visibilitychange", () => !document.hidden && this.view && this.look());
  }

  /** A view was opened at the top of the page: its data are the set to begin with, its checkpoint the start. @param {View} view */
  async open(view) {
    const first = !this.view;
    this.view = view;
    const [data, checkpoint] = view.choice || [view.name, view.checkpoint];
    try {
      /** @type {import("./types.js").Choices} */
      const choices = first || !this.choices || !this.choices.checkpoints.some((one) => one.name === checkpoint) ? await get("choices") : this.choices;
      this.choices = choices;
      this.settings = createSettings(choices, { checkpoint, onStart: (job) => this.started(job) });
      this.steps.replaceChildren(this.settings.node);
      if (!this.detail) {
        this.detail = createJob({ licences: choices.licences, act: (job, name) => this.act(job, name), onKept: (name, job) => this.kept(name, job) });
        this.holder.replaceChildren(this.detail.node);
        this.detail.node.hidden = true;
      }
      await this.intake.refresh(this.intake.chosen() || data);
      await this.settings.show(this.set ?? null);
    } catch (error) {
      this.problem.replaceChildren(complaint(error));
    }
    await this.look();
    this.root.dataset.state = "ready";
  }

  // ---- watching ------------------------------------------------------------------------------------------------

  /** Ask where all stands, show it, and come back. */
  async look() {
    clearTimeout(this.timer);
    const visit = ++this.visit;
    let wait = IDLE_MS;
    try {
      /** @type {Overview} */
      const overview = await get("jobs");
      if (visit !== this.visit) return;
      this.overview = overview;
      const { jobs, running } = overview;
      if (!jobs.some((job) => job.id === this.chosen)) this.choose(running || jobs[0]?.id || null);
      this.list.show(jobs, this.chosen);
      this.side.hidden = !jobs.length;
      const summary = jobs.find((job) => job.id === this.chosen);
      if (summary && this.isNews(summary)) await this.read(visit);
      if (!summary && this.detail) this.detail.node.hidden = true;
      if (running || overview.queue.length) wait = BUSY_MS;
      this.lost?.remove();
    } catch (error) {
      if (visit !== this.visit) return;
      this.lost?.remove();
      const lost = (this.lost = complaint(error));
      this.problem.append(lost);
    }
    if (visit === this.visit && this.root.isConnected) this.timer = setTimeout(() => this.look(), document.hidden ? IDLE_MS : wait);
  }

  /** @param {Job} summary */
  isNews(summary) {
    const { job } = this;
    const quiet = ["done", "failed", "cancelled", "stopped", "interrupted"].includes(summary.state);
    return !job || job.id !== summary.id || !quiet || job.state !== summary.state || job.kept !== summary.kept || job.disk_epochs !== summary.disk_epochs;
  }

  /** @param {number} visit */
  async read(visit) {
    const id = this.chosen;
    const since = this.job?.id === id ? (this.live.at(-1)?.[0] ?? 0) : 0;
    /** @type {Job} */
    const job = await get(`jobs/${id}?since=${since}`);
    if (visit !== this.visit || id !== this.chosen) return;
    const restarted = this.job?.id === id && job.step < since; // resumed from an earlier step
    const kept = since && !restarted ? this.live : [];
    this.live = [...kept, ...job.live.filter(([step]) => !kept.length || step > since)];
    if (restarted) this.live = this.live.filter(([step]) => step <= job.step);
    job.set_apart = this.overview?.jobs.find((one) => one.id === id)?.set_apart;
    this.job = job;
    if (this.detail) {
      this.detail.node.hidden = false;
      this.detail.show(job, this.live);
    }
    this.root.dataset.job = job.state;
  }

  /** @param {string|null} id */
  choose(id) {
    this.chosen = id;
    this.job = null;
    this.live = [];
    if (id) sessionStorage.setItem(KEPT, id);
  }

  /** @param {string} id */
  pick(id) {
    this.choose(id);
    this.look();
  }

  // ---- doing ---------------------------------------------------------------------------------------------------

  /** @param {Job} job */
  started(job) {
    this.choose(job.id);
    this.look().then(() => this.third.scrollIntoView({ behavior: reducedMotion() ? "auto" : "smooth", block: "start" }));
  }

  /** @param {Job} job @param {string} name */
  async act(job, name) {
    if (name === "delete") await remove(`jobs/${job.id}`);
    else await post(`jobs/${job.id}/${name}`);
    this.job = null;
    await this.look();
  }

  /**
   * A checkpoint came or went: the pickers of the page read their lists anew; undo goes back to where it started.
   * @param {string} checkpoint @param {Job} job
   */
  async kept(checkpoint, job) {
    const gone = job.kept ? null : this.job?.kept;
    this.job = null;
    this.choices = null;
    window.hypvizOpen?.(null, gone && this.view?.choice?.[1] === gone ? checkpoint : null);
    this.problem.replaceChildren(note(job.kept ? `Kept as ${checkpoint}.` : `Taken back; the start was ${checkpoint}.`));
    if (this.view) await this.open(this.view);
  }

  state() {
    const { chosen, overview, job, live, set } = this;
    return { chosen, overview, job, live, set, disk: this.detail?.disk.state() ?? null, settings: this.settings?.state() ?? null };
  }
}

/** @param {HTMLElement} root @returns {Tuner} */
export const mountTuner = (root) => new Tuner(root);
