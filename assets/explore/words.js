/**
 * Words: a typed query among the pictures, and the way from the selected place to the root in words. A hyperbolic model
 * with a text tower answers by entailment, a plain CLIP by cosine; a model of pictures alone says that it knows no words.
 *
 * @typedef {{root: true}|{root?: undefined, text: string, angle: number, start?: number, stop: number}} Word   on the way to the root
 */
import { el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action } from "./parts.js";

/** @type {Record<string, string>} */
const HOW = {
  entailment: "By entailment: the children are the items inside the cone of the words.",
  cosine: "By cosine: a plain CLIP has no cones for words, so the nearest items are shown.",
};
const WIDER = 0.02; // radians beyond the closest item

class WordsPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.input = Object.assign(el("input", "hv-words-input"), { type: "search", placeholder: "Search with words", maxLength: 1000 });
    this.input.setAttribute("aria-label", "Search the pictures with words");
    this.how = el("span", "hv-words-how");
    const go = Object.assign(el("button", "", "Search"), { type: "submit" });
    this.form = el("form", "hv-words", this.input, go, this.how);
    this.form.setAttribute("role", "search");

    this.chips = el("div", "hv-chips");
    this.heading = el("h3", "", "Words to the root");
    this.own = Object.assign(el("textarea"), { rows: 2, placeholder: "sky, a crowded street" });
    this.own.setAttribute("aria-label", "Words of your own, with commas or lines between them");
    const use = action("Use these too", () => this.way(), x.complain, "");
    const more = el("details", "hv-own-words", el("summary", "", "Words of your own"), this.own, use);
    this.list = el("div", "hv-list hv-word-way", this.heading, this.chips, more);
    this.asked = 0;
    x.find(".hv-about").append(this.form);
    x.find(".hv-lists").append(this.list);

    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.input.value.trim()) x.walk({ text: this.input.value.trim() });
    });
    this.own.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && use.click());
  }

  /** Ask for the words on the way from the present place to the root, and show them. */
  async way() {
    if (!this.x.view.words || !this.x.query) return;
    const number = ++this.asked;
    const words = this.own.value.split(/[,\n]/).map((word) => word.trim()).filter(Boolean); // prettier-ignore
    /** @type {{how: string, pool: number, words: Word[]}} */
    const found = await this.x.api.ask("words", { query: this.x.query, words });
    if (number !== this.asked) return; // a later place has overtaken this one
    const order = found.how === "cosine" ? "the nearest by cosine; a plain CLIP has no root" : "the nearest that entail each point of the geodesic";
    const texts = found.words.filter((word) => !word.root).length;
    const said = texts ? `${texts} of ${count(found.pool)} · ${order}` : `none of ${count(found.pool)} words holds it in its cone`;
    this.heading.replaceChildren("Words to the root ", el("span", "", said));
    const arrow = () => (found.how === "cosine" ? [] : [el("span", "hv-arrow", "→")]);
    this.chips.replaceChildren(...found.words.flatMap((word, at) => [...(at ? arrow() : []), this.chip(word)]));
  }

  /** @param {Word} word */
  chip(word) {
    if (word.root) return el("span", "hv-chip hv-chip-root", "root");
    const node = action(word.text, () => this.x.walk({ text: word.text }), this.x.complain, "hv-chip");
    node.title = word.start === undefined ? `angle ${word.angle.toFixed(2)} rad` : `from ${word.start.toFixed(3)} to ${word.stop.toFixed(3)} of the way`;
    return node;
  }

  /** Where nothing lies in the cone, offer the one that reaches the closest item. */
  offerWider() {
    const none = this.x.find(".hv-children .hv-none");
    const { closest, how: found } = this.x.present;
    if (none && this.x.coneSetting().kind !== "angle") none.textContent = "No item lies inside this cone.";
    if (!none || !closest || found === "cosine" || this.x.coneSetting().kind !== "angle") return;
    const omega = Math.min(3.14, closest + WIDER);
    none.append(" ", action(`The closest is at ${closest.toFixed(2)} rad: widen to it.`, () => this.x.cone.widen(omega), this.x.complain, "hv-link"));
  }

  shown() {
    this.input.value = this.x.query?.text ?? "";
    this.offerWider();
    this.way().catch(this.x.complain);
  }

  focus() {
    return this.input.focus();
  }

  opened() {
    this.asked += 1;
    const knows = Boolean(this.x.view.words);
    for (const node of [this.form, this.list]) node.hidden = !knows; // a model of pictures alone has nothing to type
    this.how.textContent = HOW[this.x.view.words ?? ""] ?? "";
    this.own.value = "";
    this.chips.replaceChildren();
  }
}

/** The field for words, and the way to the root in words. @param {import("./explore.js").Explorer} x what the parts share */
export const wordsPart = (x) => new WordsPart(x);
