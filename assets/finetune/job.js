/**
 * One training: where it stands and what can be done with it, what is worth knowing in words, before and after, curves, the disk, keep.
 *
 *   const view = createJob({act, onKept, licences});   view.show(job);
 *
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./keep.js").OnKept} OnKept
 * @typedef {[name: string, text: string, about: string, primary?: boolean]} Action   of a button
 * @typedef {{act: (job: Job, name: string) => Promise<void>, onKept: OnKept, licences: string[]}} Options
 */
import { button, el } from "../shared/dom.js";
import { duration, number, plural } from "../shared/format.js";
import { complaint, note } from "../shared/pieces.js";
import { createCurves, LOWER_IS_BETTER, NEITHER } from "./curves.js";
import { createFilm } from "./disk.js";
import { createKeep } from "./keep.js";
import { entriesOf, nameOf, STATES } from "./names.js";

const ENDINGS = { finish: "finishing with the best so far …", pause: "pausing …", cancel: "cancelling …" };

const SCORE = "Score: the mean of what the validation pictures are judged by, 0 to 1; early stopping watches it.";
const BESIDE_CONES = "Cones: in place of chance stand the F1 of cones that hold everything, and the median share that belongs inside.";

/** @param {Job} job @returns {Action[]} */
function actionsOf(job) {
  /** @type {Action} */
  const cancel = ["cancel", job.state === "queued" ? "Leave the queue" : "Cancel", "Stop and forget what was learned"];
  if (job.state === "queued") return [cancel];
  if (job.state === "running") return [["stop", "Stop, keep the best", "End now; the best epoch so far is the result", true], ["pause", "Pause", "Stop for now; it can go on from here"], cancel]; // prettier-ignore
  if (job.state === "done") return [["delete", "Delete", "Remove this training with its curves; a kept checkpoint stays"]];
  /** @type {Action[]} */
  const resume = job.resumable ? [["resume", "Resume", "Go on from the last epoch", true]] : [];
  return [...resume, ["delete", "Delete", "Remove this training"]];
}

/** @param {Job} job */
function standing(job) {
  if (job.ending) return ENDINGS[job.ending] || job.what;
  if (job.state === "queued") return Number(job.queue_place) > 1 ? `Number ${job.queue_place} in the queue; there is one training at a time.` : "Next in the queue; it starts as soon as the one before it ends.";
  const far = job.epochs ? `epoch ${job.epoch} of ${job.epochs}` : "";
  const loss = Number.isFinite(job.loss) ? `loss ${number(job.loss)}` : "";
  if (job.state === "running") {
    const left = job.seconds_left === null || job.seconds_left === undefined ? "" : `about ${duration(job.seconds_left)} left`;
    return [job.what, /epoch/.test(job.what || "") ? "" : far, loss, `${duration(job.seconds || 0)} so far`, left].filter(Boolean).join(" · ");
  }
  if (job.state === "interrupted") return `The server stopped in the middle of it, at ${far || "the start"}. ${job.resumable ? "Resume goes on from the last epoch; at most one is lost." : ""}`;
  if (job.state === "stopped") return `Paused at ${far}.`;
  if (job.state === "done" && !job.success) return `Done in ${duration(job.seconds || 0)}, but not a success: what is below says why. Epoch ${job.best_epoch ?? 0} was the best one.`;
  if (job.state === "done") return `${plural(job.epoch, "epoch")} in ${duration(job.seconds || 0)}${job.stopped_early && job.epochs ? `, ended before all ${job.epochs}` : ""}. ${job.best_epoch ? `The result is epoch ${job.best_epoch}, the best one.` : "No epoch was better than the start, so the result is the start."}`;
  return far;
}

/** @param {number|null|undefined} value */
const percent = (value) => (typeof value === "number" && Number.isFinite(value) ? number(100 * value, 1) : "–");

class JobView {
  /** @param {Options} options */
  constructor({ act, onKept, licences }) {
    this.act = act;
    this.title = el("h3");
    this.badge = el("span", { class: "ht-badge" });
    this.words = el("p", { class: "ht-words" });
    this.meter = el("progress", { max: "1", "aria-label": "Progress of the training" });
    this.actions = el("div", { class: "ht-actions" });
    this.warnings = el("div", { class: "ht-warnings", "aria-live": "polite" });
    this.problem = el("div", { "aria-live": "polite" });
    this.numbers = el("div", { class: "ht-numbers" });
    this.curves = createCurves();
    this.disk = createFilm();
    this.keep = createKeep({ licences, onKept });
    this.facts = el("details", { class: "ht-facts" }, el("summary", { text: "Settings of this training" }), el("div"));
    this.node = el("section", { class: "ht-job", "aria-label": "The chosen training" },
      el("header", {}, this.title, this.badge), this.meter, this.words, this.actions, this.problem, this.warnings, this.keep.node, this.numbers,
      el("div", { class: "ht-watch" }, this.curves.node, this.disk.node), this.facts); // prettier-ignore
    /** @type {Job|null} */
    this.shown = null;
  }

  /** @param {Job} job @param {number[][]} live */
  show(job, live) {
    const other = this.shown?.id !== job.id;
    this.shown = job;
    if (other) this.problem.replaceChildren();
    this.node.dataset.id = job.id;
    this.node.dataset.state = job.state;
    this.title.textContent = nameOf(job);
    this.badge.textContent = STATES[job.state] || job.state;
    this.badge.dataset.state = job.state;
    this.meter.hidden = job.state !== "running" && job.state !== "queued";
    this.meter.value = job.share || 0;
    this.words.textContent = standing(job) ?? null;
    this.drawActions(job);
    this.warnings.replaceChildren(...job.warnings.map(({ kind, text }) => el("p", { class: "ht-warning", "data-kind": kind, text })));
    if (job.state === "failed" && job.error) this.problem.replaceChildren(complaint(new Error(job.error)));
    this.drawNumbers(job);
    this.curves.node.hidden = !job.history.length && !live.length;
    this.curves.show(job, live);
    this.disk.show(job).catch((error) => this.problem.replaceChildren(complaint(error)));
    this.keep.show(job);
    this.drawFacts(job);
  }

  /** The buttons are made anew only when others are wanted, so that one can be pressed while numbers run. @param {Job} job */
  drawActions(job) {
    const wanted = actionsOf(job);
    const key = wanted.map(([name]) => name).join(" ") + job.ending + job.id;
    if (this.actions.dataset.key === key) return;
    this.actions.dataset.key = key;
    const make = (/** @type {Action} */ [name, text, about, primary]) =>
      button(text, () => this.run(name), { "data-act": name, title: about, class: primary ? "he-run" : "he-small", disabled: Boolean(job.ending) });
    this.actions.replaceChildren(...wanted.map(make));
  }

  /** @param {string} name */
  async run(name) {
    this.problem.replaceChildren();
    try {
      if (this.shown) await this.act(this.shown, name);
    } catch (error) {
      this.problem.replaceChildren(complaint(error));
    }
  }

  /** Before and after, metric by metric. @param {Job} job */
  drawNumbers(job) {
    this.numbers.replaceChildren();
    const { before } = job;
    if (!before) return;
    const after = job.after || job.history.find((row) => row.best)?.metrics || null;
    const rows = Object.keys({ ...before, ...after }).map((name) => {
      const [was, is] = [before[name], after?.[name]];
      const gain = Number.isFinite(was) && Number.isFinite(is) ? Number(is) - was : null;
      const better = LOWER_IS_BETTER.has(name) ? -Number(gain) : Number(gain);
      const tone = gain === null || Math.abs(gain) < 5e-4 || NEITHER.has(name) ? "he-same" : better > 0 ? "he-up" : "he-down";
      const sign = gain === null ? "–" : `${gain > 0 ? "▲ +" : gain < 0 ? "▼ " : ""}${number(100 * gain, 1)}`;
      const luck = el("td", { class: "he-same", "data-chance": name, text: percent(job.chance?.[name]) });
      return el("tr", { "data-metric": name }, el("th", { scope: "row", text: name }), luck, el("td", { text: percent(was) }), el("td", { text: percent(is) }), el("td", { class: tone }, el("b", { text: sign })));
    });
    const head = el("tr", {}, ...["Validation pictures", "chance, %", "before, %", job.after ? "after, %" : "best so far, %", "change"].map((text) => el("th", { scope: "col", text })));
    this.numbers.append(el("div", { class: "he-scroll", tabindex: "0", role: "region", "aria-label": "Before and after" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))));
    if (before["cones F1"] !== undefined) this.numbers.append(note(BESIDE_CONES));
    if (job.split) this.numbers.append(note(`Split ${job.split.how.replace(/\.$/, "")}.`));
  }

  /** @param {Job} job */
  drawFacts(job) {
    const rows = Object.entries(job.settings || {}).map(([name, value]) => el("tr", {}, el("th", { scope: "row", text: name }), el("td", { text: JSON.stringify(value) })));
    const last = job.history?.at(-1);
    const vitals = last && Number.isFinite(last.reach)
      ? [`√c·r ${number(last.reach, 2)} (3 is too far out)`, `‖mean direction‖ ${number(last.spread, 2)}`, `mean ext ${number((last.ext_down * 180) / Math.PI, 0)}° down (good: 0), ${number((last.ext_up * 180) / Math.PI, 0)}° up (good: 180)`, `radial gradient ${number(last.radial_gradient, 2)} (below 0: outwards)`].join(" · ") // prettier-ignore
      : "";
    const ran = [job.hardware, job.peak_memory_mib ? `${Math.round(job.peak_memory_mib)} MiB of memory at most` : "", job.created?.slice(0, 16).replace("T", " ") + " UTC"].filter(Boolean).join(" · ");
    /** @type {Element} */ (this.facts.lastChild).replaceChildren(note(ran), ...(vitals ? [note(`Last epoch: ${vitals}.`)] : []), el("table", {}, el("tbody", {}, ...rows)));
  }
}

/** @param {Options} options */
export const createJob = (options) => new JobView(options);

/**
 * The list of all trainings, the queue included; the buttons stay while nothing changes.
 * @param {{onPick: (id: string) => void}} options @returns {{node: HTMLElement, show: (jobs: Job[], chosen: string|null) => void}}
 */
export function createList({ onPick }) {
  const list = el("ul", { class: "ht-jobs", "aria-label": "Trainings" });
  let key = "";
  /** @param {Job[]} jobs @param {string|null} chosen */
  function show(jobs, chosen) {
    const entries = entriesOf(jobs);
    const now = JSON.stringify([chosen, jobs.map((job) => job.id), entries]);
    if (now === key) return;
    key = now;
    const focused = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.job;
    list.replaceChildren(...jobs.map((job, place) => entry(job, entries[place], job.id === chosen)));
    if (focused) /** @type {HTMLElement|null} */ (list.querySelector(`[data-job="${focused}"]`))?.focus();
  }
  /** @param {Job} job @param {{name: string, about: string}} words @param {boolean} on */
  function entry(job, { name, about }, on) {
    const pick = button(undefined, () => onPick(job.id), { class: "ht-entry", "data-job": job.id, "aria-pressed": String(on), title: SCORE });
    pick.append(el("span", { text: name }), el("small", { text: about }));
    return el("li", { "data-state": job.state }, pick);
  }
  return { node: list, show };
}
