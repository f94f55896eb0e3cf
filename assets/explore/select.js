/** The Find menu: by words, by facets with their counts, by picture, by what contradicts the hierarchy. */
import { Bits, isRow } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action, menu } from "./parts.js";
import { treeFacet } from "./tree_facet.js";

const FEW = 8; // entries of a facet shown without asking for more
const TYPED_MS = 180;
const FACETS = [
  ["classes", "Class"],
  ["depths", "Level"],
  ["splits", "Split"],
  ["tags", "Tag"],
];

/** @typedef {import("./types.js").Filter} Filter */
/** @typedef {{value: string|number, name: string, count: number}} Entry */

class SelectPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.picker = menu("Find", { onOpen: () => this.refresh().catch(x.complain) });
    this.search = Object.assign(el("input", "hv-search"), { type: "search", placeholder: "Label, picture or item id" });
    this.search.setAttribute("aria-label", "Search items by label, picture name or id");
    this.total = el("p", "hv-found");
    this.facets = el("div", "hv-facets");
    /** @type {Filter} */
    this.wanted = {};
    /** @type {Filter|null} the one that was shown last */
    this.used = null;
    /** @type {Bits|null} the set that it gave */
    this.usedBy = null;
    /** @type {Set<string>} facets shown in full */
    this.unfolded = new Set();
    /** @type {Set<string>} names of the class tree that were folded or unfolded */
    this.turned = new Set();
    /** @type {(() => unknown)[]} of the shortcuts: whether they can be pressed */
    this.readiness = [];
    let timer = 0;
    this.asked = 0;
    this.chosen = 0; // counts what was asked for: an answer that was overtaken is dropped

    this.quick = el("div", "hv-quick");
    this.shortcut("Same picture", "Everything in the picture of the selected item", () => ({ same_image: x.present.row }), () => this.here());
    this.shortcut("In this cone", "All members of the present cone", () => ({ members: x.present.members }), () => x.answer?.how !== "cosine");
    this.shortcut("In all cones", "What the pinned cones have in common", () => ({ members: x.shared()?.encode() }), () => x.shared());
    this.shortcut("Contradictions", "Outside an annotated parent's cone, or not farther from the root than it", () => ({ violations: true }));
    this.shortcut("Unlabelled", "Pictures without boxes, boxes whose class says nothing", () => ({ flags: ["unlabelled"] }));
    const far = "Farther from the mean direction of their class than nearly all of it: look at their labels first";
    this.shortcut("Far from its class", far, () => ({ flags: ["far_from_class"] }), this.flagged("far_from_class"));
    this.shortcut("Proposed", "Boxes that a program proposed and nobody annotated", () => ({ flags: ["proposed"] }), this.flagged("proposed"));

    this.apply = action("Show these", () => this.choose(this.wanted, "filter"), x.complain, "hv-primary");
    const reset = action("Reset", () => ((this.wanted = {}), (this.search.value = ""), this.refresh()), x.complain, "");
    this.picker.body.append(this.search, this.quick, this.facets, el("div", "hv-apply", this.total, reset, this.apply));

    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        this.wanted = { ...this.wanted, text: this.search.value };
        this.refresh().catch(x.complain);
      }, TYPED_MS);
    });
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && this.choose({ ...this.wanted, text: this.search.value }, "filter").catch(x.complain));
    this.nodes = [this.picker];
  }

  /** @param {string} text @param {string} title @param {() => Filter} filter @param {() => unknown} [ready] whether it can be pressed */
  shortcut(text, title, filter, ready = () => true) {
    const node = action(text, () => this.choose(filter(), text.toLowerCase()), this.x.complain, "");
    this.quick.append(Object.assign(node, { title }));
    this.readiness.push(() => (node.disabled = !ready()));
  }

  here() {
    return isRow(this.x.answer?.row);
  }

  /** @param {string} name */
  flagged(name) {
    return () => (this.x.disk.paint.header?.flags || []).find((flag) => flag.name === name)?.count;
  }

  /** @param {Filter} filter @param {string} how */
  async choose(filter, how, { go = true } = {}) {
    const number = ++this.chosen;
    const found = await this.x.api.ask("find", { filter });
    if (number !== this.chosen) return;
    const rows = Bits.decode(found.members, this.x.view.count);
    if (!rows.size) {
      this.total.textContent = "There is no such item; the selection stays as it was.";
      this.x.announce(this.total.textContent);
      return;
    }
    this.picker.open = false;
    [this.used, this.usedBy] = [filter, rows];
    const first = await this.x.select(rows, how);
    if (go && first !== null) await this.x.finds.show(rows, first);
  }

  /** Count anew and write the facets. */
  async refresh() {
    const number = ++this.asked;
    /** @type {{facets: {total: number} & Record<string, any>}} */
    const { facets: found } = await this.x.api.ask("find", { filter: this.wanted });
    if (number !== this.asked) return;
    this.total.textContent = `${count(found.total)} ${found.total === 1 ? "item" : "items"}`;
    this.apply.disabled = !found.total;
    for (const refresh of this.readiness) refresh();
    this.facets.replaceChildren(...FACETS.filter(([key]) => found[key]?.length > (key === "tags" ? 0 : 1)).map(([key, title]) => this.facet(key, title, found[key])));
  }

  /** @param {string} key @param {string} title @param {Entry[]} entries */
  facet(key, title, entries) {
    const chosen = /** @type {(string|number)[]} */ (this.wanted[key] || []);
    const named = key === "depths" ? entries.map((one) => ({ ...one, name: this.x.disk.paint.header.depths[Number(one.value)]?.name ?? one.name })) : entries;
    const tree = key === "classes" ? this.x.view.tree : null;
    if (tree?.nodes.length) return el("fieldset", "hv-facet", el("legend", "", title), this.tree(tree.nodes, entries), this.treeLink());
    const first = this.unfolded.has(key) ? named : named.filter((one, i) => i < FEW || chosen.includes(one.value));
    const node = el("fieldset", "hv-facet", el("legend", "", title));
    for (const one of first) {
      const input = Object.assign(el("input"), { type: "checkbox", checked: chosen.includes(one.value) });
      input.addEventListener("change", () => {
        this.wanted = { ...this.wanted, [key]: input.checked ? [...chosen, one.value] : chosen.filter((value) => value !== one.value) };
        this.refresh().catch(this.x.complain);
      });
      node.append(el("label", "", input, el("span", "", one.name), el("i", "", count(one.count))));
    }
    if (first.length < named.length) {
      node.append(button(`${named.length - first.length} more`, () => (this.unfolded.add(key), this.refresh().catch(this.x.complain)), "hv-link"));
    }
    if (key === "classes") node.append(" ", this.treeLink());
    return node;
  }

  /** @param {import("./tree_facet.js").TreeNode[]} nodes @param {Entry[]} entries */
  tree(nodes, entries) {
    const chosen = /** @type {number[]} */ (this.wanted.classes || []);
    return treeFacet({
      nodes, entries, chosen, turned: this.turned,
      onChoose: (classes) => {
        this.wanted = { ...this.wanted, classes };
        this.refresh().catch(this.x.complain);
      },
    }); // prettier-ignore
  }

  treeLink() {
    const node = button("Class tree…", () => ((this.picker.open = false), this.x.classes.edit()), "hv-link");
    return Object.assign(node, { title: "Say which class is a kind of which, such as a car of a vehicle" });
  }

  /** The filter behind the present set; null where that came another way. */
  active() {
    return this.used && this.x.set.get() === this.usedBy ? this.used : null;
  }

  /** Change part of the filter in force and light what passes it; the selected item and the view stay. @param {Filter} part */
  async narrow(part) {
    const former = this.active() || {};
    /** @type {Filter} */
    const next = { ...former, ...part };
    for (const [key, value] of Object.entries(next)) if (value === null || (Array.isArray(value) && !value.length)) delete next[key];
    this.wanted = next;
    if (Object.keys(next).length) await this.choose(next, "filter", { go: false });
    else {
      this.chosen++;
      await this.x.set.replace(null);
    }
  }

  save() {
    const active = this.active();
    return { find: active && !active.members ? JSON.stringify(active) : null };
  }

  /** After the set: the filter that it came from. @param {import("./types.js").Link} link */
  async restore({ find }) {
    if (!find || !this.x.set.get()) return;
    this.wanted = this.used = JSON.parse(find);
    this.usedBy = this.x.set.get();
  }

  focus() {
    this.picker.open = true;
    this.search.focus();
  }

  opened() {
    this.chosen++;
    [this.wanted, this.used, this.usedBy] = [{}, null, null];
    [this.unfolded, this.turned] = [new Set(), new Set()];
    this.search.value = "";
  }
}

/** The Find menu. @param {import("./explore.js").Explorer} x what the parts share */
export const selectPart = (x) => new SelectPart(x);
