/**
 * The name of a box, with completion: typed words narrow the list, arrow keys and Enter choose, Esc leaves it as it was.
 *
 *   const field = createLabel({onLabel, onLeave});   field.show(label, names, enabled)
 */
import { el } from "../shared/dom.js";

const SHOWN = 9; // as many as there are keys 1 to 9

class LabelField {
  /** @param {{onLabel: (label: string) => void, onLeave: () => void}} options */
  constructor({ onLabel, onLeave }) {
    this.onLabel = onLabel;
    this.onLeave = onLeave;
    this.list = el("ul", { class: "ha-names", role: "listbox", id: "ha-names", "aria-label": "Labels" });
    this.list.hidden = true;
    this.input = el("input", {
      class: "ha-label", type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": "ha-names", "aria-autocomplete": "list",
      "aria-label": "Label of the selected box", autocomplete: "off", spellcheck: "false", maxlength: "100", placeholder: "label",
    }); // prettier-ignore
    /** @type {string[]} */
    this.offered = []; // the most frequent first
    this.label = "";
    this.at = -1;

    this.input.addEventListener("focus", () => (this.input.select(), this.open()));
    this.input.addEventListener("input", () => ((this.at = -1), this.open()));
    this.input.addEventListener("blur", () => (this.close(), this.commit()));
    this.input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        const count = this.found().length;
        this.at = count ? (this.at + step + count + (this.at < 0 && step < 0 ? 1 : 0)) % count : -1;
        this.open();
      } else if (event.key === "Enter") {
        this.take(this.at >= 0 ? this.found()[this.at] : this.input.value);
      } else if (event.key === "Escape") {
        this.input.value = this.label;
        this.close();
        onLeave();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.node = el("div", { class: "ha-naming" }, this.input, this.list);
  }

  found() {
    const typed = this.input.value.trim().toLowerCase();
    if (!typed || typed === this.label.toLowerCase()) return this.offered.slice(0, SHOWN);
    const starts = this.offered.filter((name) => name.toLowerCase().startsWith(typed));
    const inside = this.offered.filter((name) => !starts.includes(name) && name.toLowerCase().includes(typed));
    return [...starts, ...inside].slice(0, SHOWN);
  }

  open() {
    const shown = this.found();
    this.at = Math.min(this.at, shown.length - 1);
    this.list.replaceChildren(
      ...shown.map((name, i) => {
        const chosen = i === this.at;
        const attributes = { role: "option", id: `ha-name-${i}`, "aria-selected": String(chosen) };
        // the press, not the click: leaving the field would take what was typed
        const node = el("li", { ...attributes, text: name, onpointerdown: (event) => (event.preventDefault(), this.take(name)) });
        return node;
      }),
    );
    this.list.hidden = !shown.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    if (this.at >= 0) this.input.setAttribute("aria-activedescendant", `ha-name-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {string} name */
  take(name) {
    this.input.value = name;
    this.close();
    this.commit();
    this.onLeave();
  }

  commit() {
    const next = this.input.value.trim().replace(/\s+/g, " ");
    if (next && next !== this.label) this.onLabel(next);
    else this.input.value = this.label;
  }

  /** @param {string} next @param {string[]} known @param {boolean} enabled whether a box is selected */
  show(next, known, enabled) {
    this.offered = known;
    this.input.disabled = !enabled;
    if (document.activeElement === this.input && this.label === next) return; // somebody is typing
    this.label = next;
    this.input.value = next;
  }

  focus() {
    return this.input.focus();
  }

  names() {
    return this.offered;
  }
}

/** @param {{onLabel: (label: string) => void, onLeave: () => void}} options onLeave: the keyboard goes back to the picture */
export const createLabel = (options) => new LabelField(options);
