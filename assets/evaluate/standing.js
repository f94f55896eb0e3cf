/**
 * Where an evaluation stands, in words: not measured, stale, running with its progress, failed, stopped, or what was measured.
 *
 *   const standing = createStanding(element, {onRun, onCancel});
 *   standing.show(answer, {scope, report});   // answer: of the server's `status`
 *   standing.fail(error);
 *
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Report} Report
 */
import { button, el } from "../shared/dom.js";
import { timeLeft } from "../shared/format.js";
import { complaint, note } from "../shared/pieces.js";

/** @type {Record<string, string>} */
const COSTS = {
  quick: "A sample of the queries: seconds on a few hundred pictures, with wider intervals.",
  full: "Every query: minutes on thousands of pictures.",
};

/** @param {HTMLElement} root @param {{onRun: () => void, onCancel: (job: string) => void}} options */
export function createStanding(root, { onRun, onCancel }) {
  /** @param {string} text */
  const runButton = (text) => button(text, onRun, { class: "he-run" });
  /** @template {HTMLElement} [T=HTMLElement] @param {string} name @returns {T} */
  const find = (name) => /** @type {T} */ (root.querySelector(name));

  /** @param {Node[]} lines @param {string} text */
  function invite(lines, text) {
    root.replaceChildren(el("div", { class: "he-empty" }, el("div", {}, ...lines), runButton(text)));
  }

  /** @param {import("./types.js").Status} status @param {{scope: string, report: Report|null, nothing?: string}} nothing: why there is nothing to judge by */
  function show({ state, job, stale }, { scope, report, nothing }) {
    if (nothing) root.replaceChildren(el("div", { class: "he-empty" }, el("p", { text: nothing })));
    else if (state === "ready") root.replaceChildren(report ? summary(report) : note("Reading the results …"));
    else if (state === "running" || state === "busy") progress(job, state === "busy");
    else if (state === "failed") invite([complaint(new Error(job.error))], "Run again");
    else {
      const said = state === "cancelled" ? "Stopped; nothing was kept." : stale || "Not measured yet with these choices.";
      const old = stale && state === "absent" ? "he-stale" : null;
      invite([el("p", { class: old, text: said }), note(COSTS[scope])], `Run the ${scope} evaluation`);
    }
  }

  /** The bar is made once and then only changed, so that it glides and its button can be pressed. @param {Job} job @param {boolean} other */
  function progress(job, other) {
    if (!find(".he-progress")) {
      const words = note("", { class: "he-note he-words", "aria-live": "off" });
      const meter = el("progress", { max: "1", "aria-label": "Progress" });
      /** @type {HTMLButtonElement} */
      const cancel = button("Cancel", () => onCancel(cancel.dataset.job ?? ""), { class: "he-small he-cancel" });
      root.replaceChildren(el("div", { class: "he-progress" }, el("p", { class: "he-title" }), meter, words, cancel));
    }
    const left = timeLeft(job.seconds_left);
    const facts = [`${Math.round(100 * job.share)} %`, job.what, `${job.seconds.toFixed(0)} s so far${left && `, ${left}`}`];
    find(".he-title").textContent = other ? `${job.title} is running; this one can start after it.` : `${job.title}.`;
    /** @type {HTMLProgressElement} */ (find("progress")).value = job.share;
    find(".he-words").textContent = job.cancelling ? "stopping …" : facts.join(" · ");
    /** @type {HTMLButtonElement} */
    const cancel = find(".he-cancel");
    cancel.dataset.job = job.id;
    cancel.disabled = job.cancelling;
  }

  /** @param {Report} report */
  function summary({ sources, options, settings }) {
    const parts = sources.map((one) => {
      const when = one.created.slice(0, 16).replace("T", " ");
      return `${one.name}: ${one.geometry}, ${one.dimension}-d, c = ${one.curv.toFixed(2)}, measured in ${one.seconds} s on ${when} UTC`;
    });
    const sample = options.scope === "quick" ? `A sample of up to ${settings.max_queries} queries per task. ` : "";
    return note(
      `${sample}${parts.join(" · ")}. Brackets: 95 % intervals, pictures resampled. Click any number for its pictures.`,
    );
  }

  /** @param {unknown} error */
  const fail = (error) => invite([complaint(error)], "Try again");
  return { show, fail };
}
