/** Numbers and amounts in words. */

/** Metrics that are no share (hypviz/evaluation/units.py): class steps, edges, boxes and classes among the first. */
const NUMBERS = ["OT", "TIE", "LCA", "own boxes", "distinct classes"];
/** @param {string} metric */
const isShare = (metric) => !NUMBERS.includes(metric.split("@")[0]);

/** A number at the precision people compare at; "–" for what could not be measured. @param {number|null|undefined} value @param {number} [digits] */
export const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));

/**
 * A metric's value as the tables print it: a share in %, or a number.
 * @param {string} metric @param {number|null|undefined} value @param {boolean} [sign] with a + before a gain
 */
export function measured(metric, value, sign = false) {
  if (value === null || value === undefined) return "–";
  const [scale, digits] = isShare(metric) ? [100, 1] : [1, 2];
  return (sign && value > 0 ? "+" : "") + number(scale * value, digits);
}

/** What stands behind a metric's value. @param {string} metric */
export const unitOf = (metric) => (isShare(metric) ? " %" : "");

/** A whole number with its thousands apart. @param {number} value */
export const count = (value) => value.toLocaleString("en");

/** "1 box", "2 boxs": for words that take an s. @param {number} value @param {string} word */
export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

/** A number in the fewest digits that tell it to four. @param {number} value */
export const trim = (value) => String(Number(value.toPrecision(4)));

/** A distance from the root: three decimals, or two digits of a small one, that none but the root reads as 0. @param {number} value */
export const distance = (value) => (value >= 0.01 || !value ? value.toFixed(3) : String(Number(value.toPrecision(2))));

/** A number in a form, no more digits than it has. @param {unknown} value */
export const plain = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));

/** "3 min 20 s", "1 h 5 min". @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "about 40 s left", "about 3 min left"; nothing for null. @param {number|null} seconds */
export function timeLeft(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s left` : `about ${Math.round(seconds / 60)} min left`;
}

/** The size of a file. @param {number} size in bytes */
export const bytes = (size) =>
  size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : size < 1e9 ? `${(size / 1e6).toFixed(0)} MB` : `${(size / 1e9).toFixed(1)} GB`;

/** The words for a task and a reading of "correct". @param {string} task @param {string} reading */
export const taskTitle = (task, reading) => `${task}, correct by ${reading}`;

/** Facts one after the other in lines of at most so many letters; one that is longer has a line of its own. @param {string[]} facts @param {number} most */
export function wrapped(facts, most) {
  /** @type {string[]} */
  const lines = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    if (last && last.length + fact.length + 3 <= most) lines[lines.length - 1] = `${last} · ${fact}`;
    else lines.push(fact);
  }
  return lines;
}

/** A part of all, in plain per cent. @param {number} part @param {number} all */
export function shareOf(part, all) {
  const percent = (100 * part) / all;
  if (percent > 0 && percent < 1) return "under 1 %";
  return percent > 99 && percent < 100 ? "over 99 %" : `${Math.round(percent)} %`;
}

/** What a file is called without the folders it is in. @param {string} path */
export const fileName = (path) => path.split("/").pop() || path;
