/**
 * The classes of the Find menu as a tree that folds: each name with how many items are of it and of all below it. A check takes all below.
 *
 * @typedef {{name: string, parent: number, class: number}} TreeNode   parent: place in the list, −1 on top; class: its row, −1 for none
 * @typedef {{value: string|number, name: string, count: number}} Entry
 */
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";

const SMALL = 24; // names of a tree that is open at once

/**
 * What lies below each node: its classes, itself among them.
 * @param {TreeNode[]} nodes @returns {number[][]}
 */
export function classesBelow(nodes) {
  /** @type {number[][]} */
  const below = nodes.map((node) => (node.class < 0 ? [] : [node.class]));
  for (let place = nodes.length - 1; place >= 0; place--) if (nodes[place].parent >= 0) below[nodes[place].parent].push(...below[place]);
  return below; // a node stands behind the one above it, so those below are complete before they are passed up
}

/**
 * What a check of a node makes of the chosen classes.
 * @param {number[]} chosen @param {number[]} below @param {boolean} on @returns {number[]}
 */
export function chosenWith(chosen, below, on) {
  const others = chosen.filter((value) => !below.includes(value));
  return on ? [...others, ...below] : others;
}

/**
 * @param {{nodes: TreeNode[], entries: Entry[], chosen: number[], turned: Set<string>, onChoose: (classes: number[]) => unknown}} about
 *   entries: the classes that have items under the other parts of the filter; turned: names that a person folded or unfolded
 */
export function treeFacet({ nodes, entries, chosen, turned, onChoose }) {
  const counts = new Map(entries.map((one) => [Number(one.value), one.count]));
  const below = classesBelow(nodes);
  const total = below.map((rows) => rows.reduce((sum, row) => sum + (counts.get(row) ?? 0), 0));
  const seen = nodes.map((_, place) => total[place] > 0 || below[place].some((row) => chosen.includes(row)));
  const inTree = new Set(below.flat());
  const list = el("ul", "hv-tree");
  /** @type {HTMLElement[]} */
  const lists = [];
  nodes.forEach((node, place) => {
    if (!seen[place]) return;
    const inner = nodes.some((other, at) => other.parent === place && seen[at]);
    const [line, under] = branch({ name: node.name, total: total[place], rows: below[place], inner, small: nodes.length <= SMALL, chosen, turned, onChoose });
    lists[place] = under;
    (node.parent < 0 ? list : lists[node.parent]).append(line);
  });
  const others = entries.filter((one) => !inTree.has(Number(one.value)));
  for (const one of others) list.append(branch({ name: one.name, total: one.count, rows: [Number(one.value)], inner: false, small: true, chosen, turned, onChoose })[0]);
  return list;
}

/**
 * A name with its check box, and the list of those below it.
 * @param {{name: string, total: number, rows: number[], inner: boolean, small: boolean, chosen: number[], turned: Set<string>,
 *   onChoose: (classes: number[]) => unknown}} about
 * @returns {[HTMLLIElement, HTMLUListElement]}
 */
function branch({ name, total, rows, inner, small, chosen, turned, onChoose }) {
  const taken = rows.filter((row) => chosen.includes(row)).length;
  const input = Object.assign(el("input"), { type: "checkbox", checked: taken > 0 && taken === rows.length, indeterminate: taken > 0 && taken < rows.length });
  input.addEventListener("change", () => onChoose(chosenWith(chosen, rows, input.checked)));
  const under = el("ul");
  under.hidden = small === turned.has(name);
  const fold = button("", () => {
    if (!turned.delete(name)) turned.add(name);
    under.hidden = !under.hidden;
    fold.setAttribute("aria-expanded", String(!under.hidden));
  }, "hv-fold");
  fold.setAttribute("aria-expanded", String(!under.hidden));
  fold.setAttribute("aria-label", `What is below ${name}`);
  const label = el("label", "", input, el("span", "", name), el("i", "", count(total)));
  return [el("li", "", inner ? fold : el("b", "hv-fold"), label, ...(inner ? [under] : [])), under];
}
