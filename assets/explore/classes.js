/** At which level of the class tree classes are shown, told apart and coloured: the top of the Show menu of data that have one; and its editor. */
import { el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { classTreePanel } from "./class_tree.js";
import { readLink } from "./link.js";
import { openView } from "./open.js";
import { choices } from "./parts.js";

/** @typedef {import("./types.js").View} View */

/** @param {{level: number, classes: number, examples: string[]}[]} levels */
function levelChoices(levels) {
  const choices = levels.map((one) => ({
    value: String(one.level),
    title: `Level ${one.level}`,
    hint: `${count(one.classes)} ${one.classes === 1 ? "class" : "classes"}, among them ${one.examples.join(", ")}`,
  }));
  return [...choices, { value: "0", title: "As they are", hint: "Every class by its own name" }];
}

/** The levels of the class tree, and its editor. @param {import("./explore.js").Explorer} x what the parts share */
export function classesPart(x) {
  const box = el("div", "hv-levels");
  const menu = x.shows.show;
  const editor = classTreePanel(x, { onSaved: (view) => open(view, 0) });
  menu.body.prepend(box);

  /**
   * Another view of the same data in the place of the present one: item, layout, found items and the rest of the link stay. The filter
   * behind them goes, as the numbers of classes in it are those of a level.
   * @param {View} view @param {number} level
   */
  async function open(view, level) {
    const around = Boolean(x.disk.paint.focus);
    x.link.write();
    const link = readLink();
    delete link.find;
    delete link.classes_as;
    await openView(x, { ...view, choice: x.view.choice }, level ? { ...link, classes_as: String(level) } : link);
    if (around) await x.disk.setFocus(true); // the selection is the same, which would not lead there by itself
  }

  /** @param {number} level */
  async function show(level) {
    const before = x.view;
    try {
      /** @type {View} */
      const view = await x.api.get(`level/${level}`);
      if (x.view === before) await open(view, level);
      x.announce(level ? `Classes are shown at level ${level} of the class tree.` : "Classes are shown as they are.");
    } catch (error) {
      write();
      x.complain(error);
    }
  }

  function write() {
    const { tree } = x.view;
    const level = tree?.level ?? 0;
    x.corrections.nodes[0].hidden = level > 0; // it speaks of the classes as they are
    menu.rename(...(level ? ["Show: ", el("b", "", `level ${level}`)] : ["Show"]));
    box.replaceChildren();
    if (!tree?.levels.length) return;
    const note = "Labels, colours, cards by class, Find and exports follow; points, distances and cones stay.";
    box.append(choices("Classes, by the class tree", levelChoices(tree.levels), String(level), (value) => show(Number(value))), el("small", "hv-note", note));
  }

  return {
    nodes: [],
    edit: () => editor.open(),
    opened() {
      write();
      if (x.view.tree?.problem) x.complain(new Error(x.view.tree.problem));
    },
    save: () => ({ classes_as: x.view.tree?.level || null }),
  };
}
