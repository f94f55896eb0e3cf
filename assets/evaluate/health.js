/** The health report of a workspace's hierarchy: every check with its count, in words, and a way to its pictures. */
import { button, el, save } from "../shared/dom.js";
import { count, number } from "../shared/format.js";
import { address, ask } from "../shared/http.js";
import { complaint, downloads, note, numberButton } from "../shared/pieces.js";

/** @typedef {import("./types.js").Check} Check */

/** @type {Record<Check["severity"], string[]>} */
const SIGNS = { error: ["●", "cannot be right"], warning: ["▲", "probably wrong"], info: ["○", "good to know"] };
const DETAILS = 12;
const FILES = [
  ["health.json", "Every finding (JSON)"],
  ["health.md", "Report (Markdown)"],
];

/** @param {number} part @param {number} whole */
function percent(part, whole) {
  const share = (100 * part) / whole;
  return `${share.toFixed(share > 0 && share < 1 ? 2 : 1)} %`;
}

/** @param {string[]} lines */
function details(lines) {
  if (!lines.length) return null;
  const rest =
    lines.length > DETAILS ? [el("li", { text: `… and ${count(lines.length - DETAILS)} more, in the files below` })] : [];
  const list = el("ul", {}, ...lines.slice(0, DETAILS).map((text) => el("li", { text })), ...rest);
  return el(
    "details",
    {},
    el("summary", { text: `${count(lines.length)} ${lines.length === 1 ? "line" : "lines"} more` }),
    list,
  );
}

/** @param {Check} one @param {(check: Check) => unknown} onShow */
function check(one, onShow) {
  const clean = one.count === 0;
  const [sign, words] = clean ? ["✓", "nothing found"] : SIGNS[one.severity];
  const kind = `he-sign he-sign-${clean ? "ok" : one.severity}`;
  const mark = el("span", { class: kind, role: "img", "aria-label": words, title: words, text: sign });
  const show = () => onShow(one);
  const found = clean ? el("b", { text: "none" }) : numberButton(count(one.count), one.title, show);
  const of = ` of ${count(one.of)} ${one.unit}${clean ? "" : `, ${percent(one.count, one.of)}`}`;
  const more = clean ? null : button("show", show, { tabindex: "-1", "aria-hidden": "true" }); // as the number, for the mouse
  const text = el("div", {}, el("h4", { text: one.title }), note(one.meaning), details(one.details));
  const total = el("p", { class: "he-count" }, found, of);
  return el("li", { class: "he-check", "data-check": one.key, "data-count": one.count }, mark, text, total, more);
}

/**
 * The section of what deserves a second look.
 * @param {{viewPath: (name: string) => string, onShow: (check: Check) => unknown}} options @returns {import("../shared/pieces.js").Section}
 */
export function health({ viewPath, onShow }) {
  const wait = el("li", { class: "he-note", text: "Looking through the hierarchy …" });
  const list = el("ul", { class: "he-checks", "aria-busy": "true" }, wait);
  const words = note("");
  /** @type {import("../shared/pieces.js").Section} */
  const section = el("div", { class: "he-health" }, words, list);
  let loaded = false;

  section.shown = async () => {
    if (loaded) return;
    loaded = true;
    try {
      /** @type {{omega: number|null, checkpoint: string, checks: Check[], notes: string[]}} */
      const report = await ask(viewPath("health"));
      const vectors =
        report.omega === null ? "" : ` and the vectors of ${report.checkpoint}, with its cones, ω at most ${number(report.omega, 2)} rad`;
      words.textContent =
        `What deserves a second look in the boxes of this data${vectors}. ` +
        "Nothing is changed; every count leads to its pictures, worst first.";
      list.replaceChildren(...report.checks.map((one) => check(one, onShow)));
      /** @param {string} name */
      const keep = (name) => save(address(viewPath(`download-health/${name}`)), name);
      section.append(...report.notes.map((text) => note(text)), downloads("Save", FILES, keep));
    } catch (error) {
      loaded = false;
      list.replaceChildren(el("li", {}, complaint(error)));
    }
    list.removeAttribute("aria-busy");
  };
  return section;
}
