/**
 * Corrections of the hierarchy: "A is more general than B", "B is not a child of A", for two items or two classes; the list of those
 * made, each to be undone, what contradicts itself in words, and the list as a file. The annotator and the Explore tab show it.
 *
 *   const panel = hypviz.annotate.createCorrections(element, {data, onChanged});
 *   await panel.open();   panel.offer({id, label, words});   panel.mark("a");
 */
import { button, el, save } from "../shared/dom.js";
import { plural } from "../shared/format.js";
import { address, ask } from "../shared/http.js";
import { complaint, note } from "../shared/pieces.js";

const FILES = [
  ["corrections.csv", "CSV"],
  ["corrections.json", "JSON"],
];

/** @param {{data: () => string, onChanged: (answer: Object) => void}} options onChanged: `data` may be a copy now */
export function createCorrections(root, { data, onChanged }) {
  const ends = { a: null, b: null };
  let offered = null; // the item selected around this panel
  let level = "item";
  let told = null; // the server's last answer
  const path = (name) => `annotate/${name}?data=${encodeURIComponent(data())}`;

  const problem = el("div", { "aria-live": "polite" });
  const form = el("div", { class: "hc-form" });
  const list = el("ul", { class: "hc-list", "aria-label": "Corrections made" });
  const files = el("div", { class: "he-downloads" });
  root.classList.add("hc-root");
  root.replaceChildren(form, problem, list, files);

  async function open() {
    take(await ask(path("corrections")));
  }

  function take(answer) {
    told = answer;
    draw();
    onChanged?.(answer);
  }

  async function attempt(work) {
    problem.replaceChildren();
    try {
      take(await work());
    } catch (error) {
      problem.replaceChildren(complaint(error));
    }
  }

  const send = (kind) => {
    const [a, b] = level === "class" ? [ends.classA, ends.classB] : [ends.a.id, ends.b.id];
    const body = JSON.stringify({ kind, level, a, b });
    return attempt(() => ask(path("corrections"), { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  };

  // ---- choosing ------------------------------------------------------------------------------------------------

  function mark(end) {
    if (!offered) return;
    ends[end] = offered;
    ends[end === "a" ? "classA" : "classB"] = offered.scene ? "" : offered.label;
    problem.replaceChildren();
    draw();
  }

  function endNode(end) {
    const one = ends[end];
    const name = end.toUpperCase();
    const words = one ? one.words : "nothing yet";
    const take_ = button(`Take the selected one as ${name}`, () => mark(end), { disabled: !offered, "data-end": end, title: offered?.words });
    return el("div", { class: "hc-end" }, el("b", { text: name }), el("span", { class: one ? null : "hc-none", text: words }), take_);
  }

  function classNode(end) {
    const key = end === "a" ? "classA" : "classB";
    const select = el("select", { "aria-label": `Class ${end.toUpperCase()}`, onchange: () => ((ends[key] = select.value), draw()) });
    select.append(el("option", { value: "", text: "choose a class" }));
    for (const name of told.classes) select.append(el("option", { value: name, selected: name === ends[key] }, name));
    return el("div", { class: "hc-end" }, el("b", { text: end.toUpperCase() }), select);
  }

  function draw() {
    if (!told) return;
    const choice = (value, text) => {
      const input = el("input", { type: "radio", name: `hc-level-${root.id || "x"}`, value, onchange: () => ((level = value), draw()) });
      input.checked = level === value;
      return el("label", {}, input, el("span", { text }));
    };
    const ready = level === "class" ? ends.classA && ends.classB : ends.a && ends.b;
    const [a, b] = level === "class" ? [ends.classA || "A", ends.classB || "B"] : [ends.a?.label || "A", ends.b?.label || "B"];
    const verb = (kind, text) => button(text, () => send(kind), { disabled: !ready, "data-kind": kind, class: "he-small hc-verb" });
    const focused = form.contains(document.activeElement) ? focusKey(document.activeElement) : null;
    form.replaceChildren(
      el("div", { class: "hc-levels", role: "radiogroup", "aria-label": "What is corrected" }, choice("item", "two items"), choice("class", "two classes, in every picture")),
      ...["a", "b"].map(level === "class" ? classNode : endNode),
      el("div", { class: "hc-verbs" }, verb("above", `“${a}” is more general than “${b}”`), verb("not", `“${b}” is not a child of “${a}”`)),
    );
    if (focused) form.querySelector(focused)?.focus();
    list.replaceChildren(...told.corrections.map(entry));
    const keep = ([name, text]) => button(text, () => save(address(path(`export/${name}`)), name), { "data-file": name });
    files.replaceChildren(...(told.corrections.length ? [el("span", { text: "Save the list" }), ...FILES.map(keep)] : []));
  }

  const focusKey = (node) =>
    node.dataset.kind ? `[data-kind=${node.dataset.kind}]` : node.dataset.end ? `[data-end=${node.dataset.end}]` : node.value ? `[value="${node.value}"]` : null;

  function entry(one) {
    const where = one.level === "class" ? ", in every picture" : "";
    const [a, b] = [one.a_words, one.b_words];
    const said = (one.kind === "above" ? `${a} is more general than ${b}` : `${b} is not a child of ${a}`) + where;
    const does = [one.added && `${plural(one.added, "pair")} more`, one.removed && `${plural(one.removed, "pair")} less`].filter(Boolean);
    const why = one.problem ? el("p", { class: "hc-problem", text: `Not in force: ${one.problem}` }) : note(does.join(", "));
    const undo = button("Undo", () => attempt(() => ask(path(`corrections/${one.id}`), { method: "DELETE" })), { "aria-label": `Undo: ${said}` });
    return el("li", { "data-id": one.id }, el("div", {}, el("p", { text: said }), why), undo);
  }

  return {
    open,
    mark,
    /** What is selected around this panel; null for nothing. @param {{id: string, label: string, words: string, scene?: boolean}|null} item */
    offer(item) {
      offered = item;
      draw();
    },
    state: () => ({ told, ends, level }),
  };
}

/**
 * "3 changes …" with the button that makes them everybody's. @param {{data: () => string, before?: () => Promise}} options
 * `before` runs first; the page then opens the data anew.
 */
export function createApply({ data, before, onApplied }) {
  const root = el("div", { class: "ha-apply", "aria-live": "polite" });
  async function apply() {
    root.querySelector("button").disabled = true;
    try {
      await before?.();
      const made = await ask(`annotate/apply?data=${encodeURIComponent(data())}`, { method: "POST" });
      show(0);
      onApplied?.(made);
      window.hypvizOpen?.(made.data, null);
    } catch (error) {
      root.replaceChildren(complaint(error), button("Try again", apply, { class: "he-small" }));
    }
  }
  function show(pending) {
    root.hidden = !pending;
    const words = `${plural(pending, "change")} saved, not used yet: the other tabs and training show the set as it was.`;
    root.replaceChildren(el("span", { text: words }), button("Use in all tabs", apply, { class: "he-run" }));
  }
  root.hidden = true;
  return { node: root, show };
}
