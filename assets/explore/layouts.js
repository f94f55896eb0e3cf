/**
 * The layout picker with its scores, and a second disk beside the first with another layout of the same points.
 *
 * The second disk draws on a 2-D canvas: a page has one WebGL figure. What is selected on one is selected on both.
 */
import { el } from "../shared/dom.js";
import { choices, menu } from "./parts.js";

const DEFAULT = "hierarchy";
const POLL_MS = 700;
const SCORES = [
  ["rank_correlation", "distances", "Of 1: rank correlation of true and drawn hyperbolic distances. 1 keeps their order, 0 tells nothing."],
  ["trustworthiness", "neighbours", "Of 1: trustworthiness. 1 when drawn neighbours are true neighbours."],
  ["cone_agreement", "cones", "Of 1: the share of the items in the true cone that also lies in the drawn one."],
];

export function layoutsPart(x) {
  const picker = menu("Layout", { onOpen: refresh });
  const scores = el("span", "hv-scores");
  let known = []; // what the server said of the layouts
  let layout = DEFAULT;
  let overview = DEFAULT; // what this view opens with
  let beside = null; // layout of the second disk

  const titleOf = (name) => known.find((one) => one.name === name)?.title || name;
  const pointsUrl = (name) => `points?layout=${encodeURIComponent(name)}`;

  async function refresh() {
    known = await x.api.get("layouts");
    const hint = (one) => (one.ready ? one.how : `${one.how} Not made yet: about ${Math.ceil(one.estimate)} s.`);
    const list = known.map((one) => ({ value: one.name, title: one.title, hint: hint(one) }));
    const second = [{ value: "", title: "Nothing" }, ...known.map((one) => ({ value: one.name, title: one.title }))];
    picker.body.replaceChildren(
      choices("Where the angle comes from; the radius is always the true distance", list, layout, (name) => attempt(choose, name)),
      choices("Side by side with", second, beside || "", (name) => attempt(compare, name || null)),
    );
    write();
  }

  async function attempt(change, name) {
    try {
      await change(name);
    } catch (error) {
      x.complain(error);
    }
    x.changed();
  }

  function write() {
    picker.rename("Layout: ", el("b", "", titleOf(layout)), ...(beside ? [" | ", el("b", "", titleOf(beside))] : []));
  }

  function check(name) {
    if (!known.some((one) => one.name === name)) throw new Error(`There is no layout “${name}” here, so the first one is shown.`);
  }

  /** Show another layout on the first disk; the points glide there. */
  async function choose(name) {
    check(name);
    const drawn = await make(name, () => x.disk.load(x.api.url(pointsUrl(name)), { keep: true }), x.disk);
    if (!drawn) return; // another one was chosen meanwhile
    layout = name;
    write();
    x.showOn(x.disk);
    await score();
  }

  /** Load while saying how far the layout has come; gives what `load` gives. */
  async function make(name, load, disk) {
    const loading = load();
    const turn = disk.loads;
    let over = false;
    const timer = setInterval(async () => {
      const one = (await x.api.get("layouts").catch(() => [])).find((other) => other.name === name);
      const [done, total] = one?.progress || [];
      if (total && !over && turn === disk.loads) disk.say(`Making the layout “${one.title}”: ${Math.round((100 * done) / total)} %`);
    }, POLL_MS);
    try {
      return await loading;
    } finally {
      over = true; // an answer about the progress may still be on its way
      clearInterval(timer);
    }
  }

  /** What each open layout keeps, a line for each. */
  async function score() {
    const asked = [layout, beside];
    scores.textContent = "";
    const names = asked.filter(Boolean);
    const found = await Promise.all(names.map((name) => x.api.get(`honesty?layout=${encodeURIComponent(name)}`)));
    if (asked[0] !== layout || asked[1] !== beside) return;
    const lines = found.map((one, i) => [`${beside ? "" : "The overview "}${titleOf(names[i])} is true to `, ...partsOf(one)]);
    scores.replaceChildren(...lines.flatMap((line, i) => [...(i ? [el("br")] : []), ...line]));
  }

  function partsOf(found) {
    const parts = SCORES.filter(([name]) => typeof found[name] === "number").map(([name, word, title]) => {
      const part = el("span", "", `${word} `, el("b", "", found[name].toFixed(2)));
      part.title = title;
      part.dataset.score = name;
      part.dataset.layout = found.layout;
      return part;
    });
    return parts.flatMap((part, i) => [i ? " · " : "", part]);
  }

  /** Open, change or close the second disk. @param {string|null} name */
  async function compare(name) {
    if (name) check(name);
    beside = name;
    write();
    x.root.classList.toggle("hv-comparing", Boolean(name));
    const holder = x.find(".hv-second");
    holder.hidden = !name;
    if (!name) {
      if (!x.second) return;
      x.second.destroy();
      x.second = null;
      score().catch(x.complain);
      return;
    }
    x.second ||= x.makeDisk(holder, null);
    if (!(await make(name, () => x.second.load(x.api.url(pointsUrl(name)), { keep: true }), x.second))) return;
    score().catch(x.complain);
    await x.second.setColour(x.disk.look.colourBy);
    x.showOn(x.second);
  }

  return {
    nodes: [picker, scores],
    layout: (disk) => (disk === x.second ? beside : layout),
    async opened() {
      layout = overview = x.disk.paint.header.layout;
      await compare(null);
      known = await x.api.get("layouts");
      write();
    },
    scored: () => score().catch(x.complain),
    save: () => ({ layout: layout === overview ? null : layout, beside }),
    async restore({ layout: first, beside: second }) {
      if (first && first !== layout) await choose(first);
      if (second) await compare(second);
    },
  };
}
