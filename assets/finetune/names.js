/**
 * What a training is called, and what tells it from others of its name: when it was started, its state, its best score.
 *
 * @typedef {import("./types.js").Job} Job
 */
import { number } from "../shared/format.js";

/** @type {Record<Job["state"], string>} */
export const STATES = {
  queued: "waiting",
  running: "running",
  stopped: "paused",
  interrupted: "interrupted",
  failed: "failed",
  cancelled: "cancelled",
  done: "finished",
};
/** @type {Record<string, string>} */
const DEPTHS = { head: "head only", lora: "adapters", blocks: "last blocks", all: "whole encoder" };

const MINUTE = 16; // of "2026-12-01T15:31:07", up to which a time is said
const SECOND = 19;

/** What a training is called: its set, with what tells that from others of its title, its start, its depth. @param {Job} job */
export function nameOf(job) {
  const set = [job.set_title || job.set, job.set_apart].filter(Boolean).join(" · ");
  return `${set} from ${String(job.checkpoint).split("/").pop()}, ${DEPTHS[job.depth] || job.depth}`;
}

/** When a training was put in the queue. @param {Job} job @param {number} [to] MINUTE or SECOND */
const startedAt = ({ created = "" }, to = MINUTE) => (created ? `${created.slice(0, to).replace("T", " ")} UTC` : "");

/** The state of a training with its place in the queue or its epoch. @param {Job} job */
function stateOf(job) {
  if (job.state === "queued" && job.queue_place) return `number ${job.queue_place} in the queue`;
  return `${STATES[job.state] || job.state}${job.state === "running" && job.epochs ? `, epoch ${job.epoch} of ${job.epochs}` : ""}`;
}

/** The score of the best epoch beside that of the start; "" before there is any. @param {Job} job */
function scoreOf({ score_best: best, score_before: start }) {
  if (typeof best !== "number") return "";
  return `best score ${number(best)}${typeof start === "number" ? ` (start ${number(start)})` : ""}`;
}

/**
 * The lines of a list of trainings: names, and below each what tells it from the others. Seconds are said where another of that name was
 * started in the same minute.
 * @param {Job[]} jobs @returns {{name: string, about: string}[]}
 */
export function entriesOf(jobs) {
  const names = jobs.map(nameOf);
  const minutes = jobs.map((job, place) => names[place] + startedAt(job));
  return jobs.map((job, place) => {
    const alone = minutes.indexOf(minutes[place]) === minutes.lastIndexOf(minutes[place]);
    const more = job.kept ? `kept as ${job.kept}` : job.resumable && job.state !== "queued" ? "can be resumed" : "";
    return { name: names[place], about: [startedAt(job, alone ? MINUTE : SECOND), stateOf(job), scoreOf(job), more].filter(Boolean).join(" · ") };
  });
}
