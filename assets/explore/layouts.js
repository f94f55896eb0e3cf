/**
 * The layout picker with its scores, and a second disk beside the first with another layout of the same points.
 *
 * The second disk draws on a 2-D canvas: a page has one WebGL figure. What is selected on one is selected on both.
 *
 * @typedef {import("../disk/disk.js").Disk} Disk
 * @typedef {{name: string, title: string, how: string, ready: boolean, estimate: number, progress?: number[]|null}} Layout   see hypviz/viz/layout.py
 * @typedef {"rank_correlation"|"trustworthiness"|"cone_agreement"} Score
 * @typedef {{[score in Score]?: number|null}} Figures
 * @typedef {Figures & {layout: string, chance: Figures}} Scores   chance: what the same points score with their angles exchanged at random
 */
import { el } from "../shared/dom.js";
import { number } from "../shared/format.js";
import { choices, menu } from "./parts.js";

const DEFAULT = "hierarchy";
const POLL_MS = 700;
/** @type {[Score, string, string][]} */
const SCORES = [
  ["rank_correlation", "distances", "Of 1: rank correlation of true and drawn hyperbolic distances. 1 keeps their order."],
  ["trustworthiness", "neighbours", "Of 1: trustworthiness. 1 when drawn neighbours are true neighbours."],
  ["cone_agreement", "cones", "Of 1: the share of the items in the true cone that also lies in the drawn one."],
];

/** @param {string} name */
const pointsUrl = (name) => `points?layout=${encodeURIComponent(name)}`;

const CHANCE = "Chance: the same points, each at its true distance from the root, with their angles exchanged at random.";

/** The scores that there are. @param {Scores} found */
const scored = (found) => SCORES.filter(([name]) => typeof found[name] === "number");

/** @param {Scores} found @param {Score} name */
const chanceOf = (found, name) => `(chance ${number(found.chance[name], 2)})`;

/** All scores in words. @param {Scores} found */
const wordsOf = (found) => scored(found).map(([name, word]) => `${word} ${number(found[name], 2)} ${chanceOf(found, name)}`).join(" · ");

/** @param {Scores} found */
function partsOf(found) {
  const parts = scored(found).map(([name, word, title]) => {
    const part = el("span", "", `${word} `, el("b", "", number(found[name], 2)), ` ${chanceOf(found, name)}`);
    part.title = `${title} ${CHANCE}`;
    part.dataset.score = name;
    part.dataset.layout = found.layout;
    return part;
  });
  return parts.flatMap((part, i) => [i ? " · " : "", part]);
}

class LayoutsPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.picker = menu("Layout", { onOpen: () => this.refresh() });
    this.scores = el("span", "hv-scores");
    /** @type {Layout[]} what the server said of the layouts */
    this.known = [];
    this.present = DEFAULT;
    this.overview = DEFAULT; // what this view opens with
    /** @type {Map<string, Promise<Scores>>} of this view's layouts, by name */
    this.figures = new Map();
    /** @type {string|null} */
    this.beside = null; // layout of the second disk
    this.nodes = [this.picker, this.scores];
  }

  /** @param {string} name */
  titleOf(name) {
    return this.known.find((one) => one.name === name)?.title || name;
  }

  async refresh() {
    this.known = await this.x.api.get("layouts");
    /** @param {Layout} one */
    const hint = (one) => (one.ready ? one.how : `${one.how} Not made yet: about ${Math.ceil(one.estimate)} s.`);
    const list = this.known.map((one) => ({ value: one.name, title: one.title, hint: hint(one) }));
    const second = [{ value: "", title: "Nothing" }, ...this.known.map((one) => ({ value: one.name, title: one.title }))];
    this.picker.body.replaceChildren(
      choices("Where the angle comes from; the radius is always the true distance", list, this.present, (name) => this.attempt(() => this.choose(name))),
      choices("Side by side with", second, this.beside || "", (name) => this.attempt(() => this.compare(name || null))),
    );
    this.write();
    this.tell().catch(this.x.complain);
  }

  /** @param {string} name @returns {Promise<Scores>} */
  scoresOf(name) {
    const asked = this.figures.get(name) || this.x.api.get(`honesty?layout=${encodeURIComponent(name)}`);
    this.figures.set(name, asked);
    asked.catch(() => this.figures.delete(name));
    return asked;
  }

  /** Write beside each layout that is ready what it keeps; one after the other, while the menu is open. */
  async tell() {
    for (const { name } of this.known.filter((one) => one.ready)) {
      if (!this.picker.open) return;
      const figures = await this.scoresOf(name);
      const place = this.picker.body.querySelector(`fieldset input[value="${name}"] + span`);
      if (place && !place.querySelector(".hv-keeps")) place.append(el("small", "hv-keeps", `True to ${wordsOf(figures)}`));
    }
  }

  /** @param {() => unknown} change */
  async attempt(change) {
    try {
      await change();
    } catch (error) {
      this.x.complain(error);
    }
    this.x.changed();
  }

  write() {
    this.picker.rename("Layout: ", el("b", "", this.titleOf(this.present)), ...(this.beside ? [" | ", el("b", "", this.titleOf(this.beside))] : []));
  }

  /** @param {string} name */
  check(name) {
    if (!this.known.some((one) => one.name === name)) throw new Error(`There is no layout “${name}” here, so the first one is shown.`);
  }

  /** Show another layout on the first disk; the points glide there. @param {string} name */
  async choose(name) {
    this.check(name);
    const drawn = await this.make(name, () => this.x.disk.load(this.x.api.url(pointsUrl(name)), { keep: true }), this.x.disk);
    if (!drawn) return; // another one was chosen meanwhile
    this.present = name;
    this.write();
    this.x.showOn(this.x.disk);
    await this.score();
  }

  /**
   * Load while saying how far the layout has come; gives what `load` gives.
   * @template T @param {string} name @param {() => Promise<T>} load @param {Disk} disk
   */
  async make(name, load, disk) {
    const loading = load();
    const turn = disk.loads;
    let over = false;
    const timer = setInterval(async () => {
      /** @type {Layout[]} */
      const layouts = await this.x.api.get("layouts").catch(() => []);
      const one = layouts.find((other) => other.name === name);
      const [done, total] = one?.progress || [];
      if (one && total && !over && turn === disk.loads) disk.say(`Making the layout “${one.title}”: ${Math.round((100 * done) / total)} %`);
    }, POLL_MS);
    try {
      return await loading;
    } finally {
      over = true; // an answer about the progress may still be on its way
      clearInterval(timer);
    }
  }

  /** What each open layout keeps, a line for each. */
  async score() {
    const asked = [this.present, this.beside];
    this.scores.textContent = "";
    const names = asked.filter((name) => name !== null);
    /** @type {Scores[]} */
    const found = await Promise.all(names.map((name) => this.scoresOf(name)));
    if (asked[0] !== this.present || asked[1] !== this.beside) return;
    const lines = found.map((one, i) => [`${this.beside ? "" : "The overview "}${this.titleOf(names[i])} is true to `, ...partsOf(one)]);
    this.scores.replaceChildren(...lines.flatMap((line, i) => [...(i ? [el("br")] : []), ...line]));
  }

  /** Open, change or close the second disk. @param {string|null} name */
  async compare(name) {
    if (name) this.check(name);
    this.beside = name;
    this.write();
    this.x.root.classList.toggle("hv-comparing", Boolean(name));
    const holder = this.x.find(".hv-second");
    holder.hidden = !name;
    if (!name) {
      if (!this.x.second) return;
      this.x.second.destroy();
      this.x.second = null;
      this.score().catch(this.x.complain);
      return;
    }
    const second = (this.x.second ||= this.x.makeDisk(holder, null));
    if (!(await this.make(name, () => second.load(this.x.api.url(pointsUrl(name)), { keep: true }), second))) return;
    this.score().catch(this.x.complain);
    await second.setColour(this.x.disk.look.colourBy);
    this.x.showOn(second);
  }

  /** @param {Disk} disk @returns {string} */
  layout(disk) {
    return disk === this.x.second ? /** @type {string} */ (this.beside) : this.present;
  }

  async opened() {
    this.present = this.overview = this.x.disk.paint.header.layout;
    this.figures.clear();
    await this.compare(null);
    this.known = await this.x.api.get("layouts");
    this.write();
  }

  scored() {
    return this.score().catch(this.x.complain);
  }

  save() {
    return { layout: this.present === this.overview ? null : this.present, beside: this.beside };
  }

  /** @param {import("./types.js").Link} link */
  async restore({ layout: first, beside: second }) {
    if (first && first !== this.present) await this.choose(first);
    if (second) await this.compare(second);
  }
}

/** The Layout menu and the scores. @param {import("./explore.js").Explorer} x what the parts share */
export const layoutsPart = (x) => new LayoutsPart(x);
