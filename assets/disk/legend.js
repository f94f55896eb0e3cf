/**
 * What the colours mean: one button per group that lights it alone, and a search box when there are many.
 *
 * @typedef {import("./colours.js").Group} Group
 */
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";

const FEW = 14; // groups shown without a search

export class Legend {
  /** @param {import("./paint.js").Painter} paint @param {HTMLElement} node @param {() => Promise<void>} redraw */
  constructor(paint, node, redraw) {
    this.paint = paint;
    this.node = node;
    this.redraw = redraw;
    this.sought = "";
    this.by = ""; // the question that the groups answer
    this.search = el("input", "hd-legend-search");
    Object.assign(this.search, { type: "search", placeholder: "Find in legend" });
    this.search.setAttribute("aria-label", "Find in legend");
    this.search.addEventListener("input", () => {
      this.sought = this.search.value.trim().toLowerCase();
      this.fill();
    });
    this.search.addEventListener("keydown", (event) => event.stopPropagation()); // arrows and Escape belong to the text
    this.list = el("div", "hd-legend-list");
    node.append(this.search, this.list);
  }

  write() {
    if (!this.paint.n) return;
    const { groups, title, by } = this.paint.points.colours();
    if (by !== this.by) this.search.value = this.sought = "";
    this.by = by;
    this.search.hidden = groups.length <= FEW;
    this.node.setAttribute("aria-label", `${title}: highlight a group`);
    this.fill();
  }

  fill() {
    const { groups } = this.paint.points.colours();
    const { highlight } = this.paint.look;
    const found = groups.map((group, i) => ({ group, i })).filter(({ group }) => group.name.toLowerCase().includes(this.sought));
    const shown = this.sought ? found.slice(0, 3 * FEW) : groups.length > FEW ? found.filter(({ i }) => i < FEW || i === highlight) : found;
    this.node.classList.toggle("has-highlight", highlight !== null);
    this.list.replaceChildren(...shown.map(({ group, i }) => this.entry(group, i)));
    const more = found.length - shown.length;
    if (more) this.list.append(el("span", "hd-legend-more", `and ${count(more)} more: search for them`));
    if (!found.length) this.list.append(el("span", "hd-legend-more", "nothing of that name"));
  }

  /** @param {Group} group @param {number} i */
  entry(group, i) {
    const dot = el("span", "hd-dot");
    dot.style.color = this.paint.points.colourOf(group);
    const entry = button("", () => this.toggle(i), "");
    entry.append(dot, group.name, el("i", "", count(group.count)));
    entry.dataset.group = String(i);
    entry.setAttribute("aria-pressed", String(this.paint.look.highlight === i));
    return entry;
  }

  /** @param {number} i */
  async toggle(i) {
    const { look } = this.paint;
    look.highlight = look.highlight === i ? null : i;
    this.fill();
    /** @type {HTMLElement|null} */ (this.list.querySelector(`[data-group="${i}"]`))?.focus();
    await this.redraw();
  }
}

