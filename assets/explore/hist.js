/**
 * Two linked histograms: distances to the root, and classes. A range or a class that is chosen in them lights up on the disk and in the
 * gallery; what is selected, found or filtered changes their bars.
 */
import { add, button, el, make } from "../shared/dom.js";
import { count, trim } from "../shared/format.js";

const SOON_MS = 70;
const HIGH = 56; // of the drawing, in units of the SVG
const MOST = 60; // classes listed at once

export function histPart(x) {
  const open = button("Spread", () => turn(), "hv-hist-open");
  open.title = "How distances to the root and classes are spread; choose a range or a class to light it (H)";
  open.setAttribute("aria-pressed", "false");
  const chart = make("svg", { class: "hv-hist-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
  const [low, high] = ["From this distance to the root on", "Up to this distance to the root"].map(handle);
  const axis = el("div", "hv-hist-axis");
  const words = el("p", "hv-hist-words");
  words.setAttribute("role", "status");
  const clear = button("Clear", () => narrow({ radius: null, classes: [] }), "hv-link");
  const classes = el("div", "hv-hist-classes");
  classes.setAttribute("role", "group");
  classes.setAttribute("aria-label", "Classes");
  const radius = el("div", "hv-hist-radius", el("div", "hv-hist-stage", chart, low, high), axis);
  const panel = el("section", "hv-hist", el("div", "hv-hist-head", words, clear), radius, classes);
  panel.setAttribute("aria-label", "Histograms of distance to the root and class");
  panel.hidden = true;
  x.find(".hv-left").prepend(panel);
  let bins = null; // {edges, all, found}
  let asked = 0;
  let timer = 0;
  let drag = null; // bin where a brush began

  function handle(title) {
    const node = Object.assign(el("input"), { type: "range", min: 0, step: 1 });
    node.setAttribute("aria-label", title);
    node.addEventListener("input", () => moved(node));
    return node;
  }

  function turn(on = panel.hidden) {
    panel.hidden = !on;
    open.setAttribute("aria-pressed", String(on));
    x.root.classList.toggle("hv-spread", on);
    x.changed();
    if (on) return refresh().catch(x.complain);
  }

  /* ------------------------------------------------------------ what is counted */

  /** What the bars are about: the filter in force, the set, or the cone of the selected item. */
  function subject() {
    const [filter, set] = [x.selects.active(), x.set.get()];
    if (filter) return [filter, "found"];
    if (set) return [{ members: set.encode() }, "found"];
    return [{ members: x.answer.members }, "in its cone"];
  }

  async function refresh() {
    if (panel.hidden || !x.answer) return;
    const number = ++asked;
    const [filter, where] = subject();
    const found = await x.api.ask("histograms", { filter });
    if (number !== asked) return;
    bins = found.radius;
    words.textContent = `Bars: ${count(found.total)} ${where}. Grey: all ${count(x.view.count)}, to its own scale.`;
    clear.hidden = !x.selects.active();
    draw(range(filter.radius));
    writeClasses(found.classes, filter.classes || []);
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => refresh().catch(x.complain), SOON_MS);
  };

  /* ------------------------------------------------------------ distances */

  /** A filter's radius as bins [first, last + 1]. */
  function range(chosen) {
    const last = bins.all.length;
    const at = (value, end) => (value === null || value === undefined ? end : nearest(bins.edges, value));
    return chosen ? [at(chosen[0], 0), at(chosen[1], last)] : [0, last];
  }

  function draw([from, to]) {
    const { all, found } = bins;
    const wide = all.length;
    chart.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
    chart.replaceChildren();
    const bar = (value, most, i, kind) => {
      const tall = value ? Math.max(1.2, (HIGH * value) / most) : 0;
      add(chart, "rect", { x: i + 0.06, width: 0.88, y: HIGH - tall, height: tall, class: kind });
    };
    const [mostAll, mostFound] = [Math.max(1, ...all), Math.max(1, ...found)];
    for (let i = 0; i < wide; i++) bar(all[i], mostAll, i, "hv-hist-all");
    for (let i = 0; i < wide; i++) bar(found[i], mostFound, i, `hv-hist-found${i < from || i >= to ? " is-out" : ""}`);
    const [first, middle, last] = [1, Math.floor(wide / 2), wide - 1].map((i) => trim3(bins.edges[Math.max(0, Math.min(wide, i))]));
    axis.replaceChildren(el("span", "", wide > 2 ? `below ${first}` : ""), el("span", "", `${middle} from the root`), el("span", "", wide > 2 ? `${last} and more` : ""));
    for (const [node, value] of [[low, from], [high, to]]) {
      Object.assign(node, { max: wide, value });
      node.setAttribute("aria-valuetext", `${trim3(bins.edges[value])} from the root`);
    }
    chosenRange(from, to);
  }

  function chosenRange(from, to) {
    const wide = bins.all.length;
    const brushed = from > 0 || to < wide;
    radius.classList.toggle("is-brushed", brushed);
    radius.style.setProperty("--hv-from", `${(100 * from) / wide}%`);
    radius.style.setProperty("--hv-to", `${(100 * (wide - to)) / wide}%`);
  }

  function moved(node) {
    let [from, to] = [Number(low.value), Number(high.value)];
    if (from >= to) [from, to] = node === low ? [to - 1, to] : [from, from + 1];
    brush(Math.max(0, from), Math.min(bins.all.length, to));
  }

  /** Take bins from … to − 1 as the range. */
  function brush(from, to) {
    const wide = bins.all.length;
    [low.value, high.value] = [from, to];
    chosenRange(from, to);
    const whole = from === 0 && to === wide;
    clearTimeout(timer);
    timer = setTimeout(() => narrow({ radius: whole ? null : [from ? bins.edges[from] : null, to < wide ? bins.edges[to] : null] }), SOON_MS);
  }

  const binAt = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.min(bins.all.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * bins.all.length)));
  };
  chart.addEventListener("pointerdown", (event) => {
    if (!bins || event.button) return;
    chart.setPointerCapture(event.pointerId);
    drag = binAt(event);
    brush(drag, drag + 1);
  });
  chart.addEventListener("pointermove", (event) => {
    if (drag === null) return;
    const at = binAt(event);
    brush(Math.min(drag, at), Math.max(drag, at) + 1);
  });
  for (const end of ["pointerup", "pointercancel"]) chart.addEventListener(end, () => (drag = null));

  /* ------------------------------------------------------------ classes */

  function writeClasses(entries, chosen) {
    const held = classes.contains(document.activeElement) ? document.activeElement.dataset.class : null;
    const most = Math.max(1, ...entries.map((one) => one.found));
    const listed = entries.filter((one, i) => i < MOST || chosen.includes(one.value));
    classes.replaceChildren(...listed.map((one) => {
      const node = button(el("span", "", one.name), () =>
        narrow({ classes: chosen.includes(one.value) ? chosen.filter((value) => value !== one.value) : [...chosen, one.value] }), "hv-hist-class");
      node.append(el("i", "", count(one.found)));
      node.dataset.class = one.value;
      node.setAttribute("aria-pressed", String(chosen.includes(one.value)));
      node.title = `${one.name}: ${count(one.found)} of ${count(one.all)}`;
      node.style.setProperty("--hv-share", `${(100 * one.found) / most}%`);
      return node;
    })); // prettier-ignore
    if (entries.length > listed.length) classes.append(el("small", "", `${entries.length - listed.length} rarer classes: in Find`));
    if (held !== null) classes.querySelector(`[data-class="${held}"]`)?.focus({ preventScroll: true });
  }

  const narrow = (part) => x.selects.narrow(part).catch(x.complain);

  return {
    nodes: [open],
    turn,
    changed: soon,
    opened: () => void (bins = null),
    save: () => ({ spread: panel.hidden ? null : "1" }),
    async restore({ spread }) {
      if (spread === "1") await turn(true);
    },
  };
}

const trim3 = (value) => trim(Number(value.toPrecision(3)));

function nearest(edges, value) {
  return edges.reduce((best, edge, i) => (Math.abs(edge - value) < Math.abs(edges[best] - value) ? i : best), 0);
}
