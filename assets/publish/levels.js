/**
 * At which level of the class tree a published page shows its classes: a choice beside the colours. Names, colours and legend follow; points,
 * distances and cones are those of the items, whatever they are called.
 *
 * @typedef {{level: number, classes: number, examples: string[], judged?: import("../offline/belonging.js").Tables|null}} Level
 */
import { el } from "../shared/dom.js";
import { count } from "../shared/format.js";

/** The level that a link names, 0 for none that there is. @param {Level[]} levels @param {string} hash */
export function linkedLevel(levels, hash) {
  const linked = Number(new URLSearchParams(hash.slice(1)).get("level"));
  return levels.some((one) => one.level === linked) ? linked : 0;
}

/** What stands behind the # of a link. @param {number|null} row @param {number} level */
export function linkOf(row, level) {
  const parts = { ...(row === null ? {} : { row: String(row) }), ...(level ? { level: String(level) } : {}) };
  const text = String(new URLSearchParams(parts));
  return text && `#${text}`;
}

/** @param {Level} one */
function option({ level, classes, examples }) {
  const words = `level ${level} · ${count(classes)} ${classes === 1 ? "class" : "classes"}`;
  return Object.assign(new Option(words, String(level)), { title: `Among them ${examples.join(", ")}` });
}

/**
 * The choice. show: draws the page at a level; a level that cannot be shown leaves the choice where it was, and what show throws to onFail.
 * @param {Level[]} levels @param {number} level the one that is shown first @param {(level: number) => Promise<void>} show @param {(error: Error) => void} onFail
 */
export function levelChoice(levels, level, show, onFail) {
  const choice = el("select", "of-level", new Option("as they are", "0"), ...levels.map(option));
  choice.value = String(level);
  let shown = choice.value;
  choice.addEventListener("change", async () => {
    const asked = choice.value;
    try {
      await show(Number(asked));
      shown = asked;
    } catch (error) {
      if (choice.value === asked) choice.value = shown;
      onFail(/** @type {Error} */ (error));
    }
  });
  return el("label", "", "classes ", choice);
}
