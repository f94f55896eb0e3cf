/** The Find menu: by words, by facets with their counts, by picture, by what contradicts the hierarchy. */
import { Bits } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action, menu } from "./parts.js";

const FEW = 8; // entries of a facet shown without asking for more
const TYPED_MS = 180;
const FACETS = [
  ["classes", "Class"],
  ["depths", "Level"],
  ["splits", "Split"],
  ["tags", "Tag"],
];

export function selectPart(x) {
  const picker = menu("Find", { onOpen: () => refresh().catch(x.complain) });
  const search = Object.assign(el("input", "hv-search"), { type: "search", placeholder: "Label, picture or item id" });
  search.setAttribute("aria-label", "Search items by label, picture name or id");
  const total = el("p", "hv-found");
  const facets = el("div", "hv-facets");
  let wanted = {}; // the filter, as hypviz/explore/selection.py reads it
  let [used, usedBy] = [null, null]; // the filter that was shown last, and the set that it gave
  let opened = new Set(); // facets shown in full
  let timer = 0;
  let asked = 0;

  const quick = el("div", "hv-quick");
  const shortcut = (text, title, filter, ready = () => true) => {
    const node = action(text, () => choose(filter(), text.toLowerCase()), x.complain, "");
    Object.assign(node, { title });
    node.refresh = () => (node.disabled = !ready());
    quick.append(node);
  };
  const here = () => Number.isInteger(x.answer?.row);
  shortcut("Same picture", "Everything in the picture of the selected item", () => ({ same_image: x.answer.row }), here);
  shortcut("In this cone", "All members of the present cone", () => ({ members: x.answer.members }), () => x.answer?.how !== "cosine");
  shortcut("In all cones", "What the pinned cones have in common", () => ({ members: x.shared().encode() }), () => x.shared());
  shortcut("Contradictions", "Outside an annotated parent's cone, or not farther from the root than it", () => ({ violations: true }));
  shortcut("Unlabelled", "Pictures without boxes, boxes whose class says nothing", () => ({ flags: ["unlabelled"] }));
  const flagged = (name) => () => (x.disk.paint.header?.flags || []).find((flag) => flag.name === name)?.count;
  const far = "Farther from the mean direction of their class than nearly all of it: look at their labels first";
  shortcut("Far from its class", far, () => ({ flags: ["far_from_class"] }), flagged("far_from_class"));
  shortcut("Proposed", "Boxes that a program proposed and nobody annotated", () => ({ flags: ["proposed"] }), flagged("proposed"));

  const apply = action("Show these", () => choose(wanted, "filter"), x.complain, "hv-primary");
  const reset = action("Reset", () => ((wanted = {}), (search.value = ""), refresh()), x.complain, "");
  picker.body.append(search, quick, facets, el("div", "hv-apply", total, reset, apply));

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      wanted = { ...wanted, text: search.value };
      refresh().catch(x.complain);
    }, TYPED_MS);
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && choose({ ...wanted, text: search.value }, "filter").catch(x.complain));

  async function choose(filter, how, { go = true } = {}) {
    const found = await x.api.ask("find", { filter });
    const rows = Bits.decode(found.members, x.view.count);
    if (!rows.size) {
      total.textContent = "There is no such item; the selection stays as it was.";
      x.announce(total.textContent);
      return;
    }
    picker.open = false;
    [used, usedBy] = [filter, rows];
    const first = await x.select(rows, how);
    if (go && first !== null) await x.finds.show(rows, first);
  }

  /** Count anew and write the facets. */
  async function refresh() {
    const number = ++asked;
    const { facets: found } = await x.api.ask("find", { filter: wanted });
    if (number !== asked) return;
    total.textContent = `${count(found.total)} ${found.total === 1 ? "item" : "items"}`;
    apply.disabled = !found.total;
    for (const node of quick.children) node.refresh();
    facets.replaceChildren(...FACETS.filter(([key]) => found[key]?.length > (key === "tags" ? 0 : 1)).map(([key, title]) => facet(key, title, found[key])));
  }

  function facet(key, title, entries) {
    const chosen = wanted[key] || [];
    const named = key === "depths" ? entries.map((one) => ({ ...one, name: x.disk.paint.header.depths[one.value]?.name ?? one.name })) : entries;
    const first = opened.has(key) ? named : named.filter((one, i) => i < FEW || chosen.includes(one.value));
    const node = el("fieldset", "hv-facet", el("legend", "", title));
    for (const one of first) {
      const input = Object.assign(el("input"), { type: "checkbox", checked: chosen.includes(one.value) });
      input.addEventListener("change", () => {
        wanted = { ...wanted, [key]: input.checked ? [...chosen, one.value] : chosen.filter((value) => value !== one.value) };
        refresh().catch(x.complain);
      });
      node.append(el("label", "", input, el("span", "", one.name), el("i", "", count(one.count))));
    }
    if (first.length < named.length) {
      node.append(button(`${named.length - first.length} more`, () => (opened.add(key), refresh().catch(x.complain)), "hv-link"));
    }
    return node;
  }

  /** The filter behind the present set; null where that came another way. */
  const active = () => (used && x.set.get() === usedBy ? used : null);

  return {
    nodes: [picker],
    active,
    /** Change part of the filter in force and light what passes it; the selected item and the view stay. */
    async narrow(part) {
      const former = active() || {};
      const next = { ...former, ...part };
      for (const key of Object.keys(next)) if (next[key] === null || (Array.isArray(next[key]) && !next[key].length)) delete next[key];
      wanted = next;
      if (Object.keys(next).length) await choose(next, "filter", { go: false });
      else await x.set.replace(null);
    },
    save: () => ({ find: active() && !active().members ? JSON.stringify(active()) : null }),
    /** After the set: the filter that it came from. */
    async restore({ find }) {
      if (!find || !x.set.get()) return;
      wanted = used = JSON.parse(find);
      usedBy = x.set.get();
    },
    focus() {
      picker.open = true;
      search.focus();
    },
    opened() {
      [wanted, used, usedBy] = [{}, null, null];
      opened = new Set();
      search.value = "";
    },
  };
}
