/**
 * The name of a box, with completion: typed words narrow the list, arrow keys and Enter choose, Esc leaves it as it was.
 *
 *   const field = hypviz.annotate.createLabel({onLabel, onLeave});   field.show(label, names, enabled)
 */
import { el } from "../shared/dom.js";

const SHOWN = 9; // as many as there are keys 1 to 9

export function createLabel({ onLabel, onLeave }) {
  const list = el("ul", { class: "ha-names", role: "listbox", id: "ha-names", "aria-label": "Labels" });
  list.hidden = true;
  const input = el("input", {
    class: "ha-label", type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": "ha-names", "aria-autocomplete": "list",
    "aria-label": "Label of the selected box", autocomplete: "off", spellcheck: "false", maxlength: "100", placeholder: "label",
  }); // prettier-ignore
  let names = []; // the most frequent first
  let label = "";
  let at = -1;

  const found = () => {
    const typed = input.value.trim().toLowerCase();
    if (!typed || typed === label.toLowerCase()) return names.slice(0, SHOWN);
    const starts = names.filter((name) => name.toLowerCase().startsWith(typed));
    const inside = names.filter((name) => !starts.includes(name) && name.toLowerCase().includes(typed));
    return [...starts, ...inside].slice(0, SHOWN);
  };

  function open() {
    const shown = found();
    at = Math.min(at, shown.length - 1);
    list.replaceChildren(
      ...shown.map((name, i) => {
        const chosen = i === at;
        const attributes = { role: "option", id: `ha-name-${i}`, "aria-selected": String(chosen) };
        // the press, not the click: leaving the field would take what was typed
        const node = el("li", { ...attributes, text: name, onpointerdown: (event) => (event.preventDefault(), take(name)) });
        return node;
      }),
    );
    list.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (at >= 0) input.setAttribute("aria-activedescendant", `ha-name-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function take(name) {
    input.value = name;
    close();
    commit();
    onLeave();
  }

  function commit() {
    const next = input.value.trim().replace(/\s+/g, " ");
    if (next && next !== label) onLabel(next);
    else input.value = label;
  }

  input.addEventListener("focus", () => (input.select(), open()));
  input.addEventListener("input", () => ((at = -1), open()));
  input.addEventListener("blur", () => (close(), commit()));
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const count = found().length;
      at = count ? (at + step + count + (at < 0 && step < 0 ? 1 : 0)) % count : -1;
      open();
    } else if (event.key === "Enter") {
      take(at >= 0 ? found()[at] : input.value);
    } else if (event.key === "Escape") {
      input.value = label;
      close();
      onLeave();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    node: el("div", { class: "ha-naming" }, input, list),
    show(next, known, enabled) {
      names = known;
      input.disabled = !enabled;
      if (document.activeElement === input && label === next) return; // somebody is typing
      label = next;
      input.value = next;
    },
    focus: () => input.focus(),
    names: () => names,
  };
}
