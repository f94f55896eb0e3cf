/**
 * Words: a typed query among the pictures, and the way from the selected place to the root in words. A hyperbolic model
 * with a text tower answers by entailment, a plain CLIP by cosine; a model of pictures alone says that it knows no words.
 */
import { el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { action } from "./parts.js";

const HOW = {
  entailment: "By entailment: the children are the items inside the cone of the words.",
  cosine: "By cosine: a plain CLIP has no cones for words, so the nearest items are shown.",
};
const WIDER = 0.02; // radians beyond the closest item

export function wordsPart(x) {
  const input = Object.assign(el("input", "hv-words-input"), { type: "search", placeholder: "Search with words", maxLength: 1000 });
  input.setAttribute("aria-label", "Search the pictures with words");
  const how = el("span", "hv-words-how");
  const go = Object.assign(el("button", "", "Search"), { type: "submit" });
  const form = el("form", "hv-words", input, go, how);
  form.setAttribute("role", "search");

  const chips = el("div", "hv-chips");
  const heading = el("h3", "", "Words to the root");
  const own = Object.assign(el("textarea"), { rows: 2, placeholder: "sky, a crowded street" });
  own.setAttribute("aria-label", "Words of your own, with commas or lines between them");
  const use = action("Use these too", () => way(), x.complain, "");
  const more = el("details", "hv-own-words", el("summary", "", "Words of your own"), own, use);
  const list = el("div", "hv-list hv-word-way", heading, chips, more);
  let asked = 0;
  x.find(".hv-about").append(form);
  x.find(".hv-lists").append(list);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) x.walk({ text: input.value.trim() });
  });
  own.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && use.click());

  /** Ask for the words on the way from the present place to the root, and show them. */
  async function way() {
    if (!x.view.words || !x.query) return;
    const number = ++asked;
    const words = own.value.split(/[,\n]/).map((word) => word.trim()).filter(Boolean); // prettier-ignore
    const found = await x.api.ask("words", { query: x.query, words });
    if (number !== asked) return; // a later place has overtaken this one
    const order = found.how === "cosine" ? "the nearest by cosine; a plain CLIP has no root" : "the nearest that entail each point of the geodesic";
    const texts = found.words.filter((word) => !word.root).length;
    const said = texts ? `${texts} of ${count(found.pool)} · ${order}` : `none of ${count(found.pool)} words holds it in its cone`;
    heading.replaceChildren("Words to the root ", el("span", "", said));
    const arrow = () => (found.how === "cosine" ? [] : [el("span", "hv-arrow", "→")]);
    chips.replaceChildren(...found.words.flatMap((word, at) => [...(at ? arrow() : []), chip(word)]));
  }

  function chip(word) {
    if (word.root) return el("span", "hv-chip hv-chip-root", "root");
    const node = action(word.text, () => x.walk({ text: word.text }), x.complain, "hv-chip");
    node.title = word.start === undefined ? `angle ${word.angle.toFixed(2)} rad` : `from ${word.start.toFixed(3)} to ${word.stop.toFixed(3)} of the way`;
    return node;
  }

  /** Where nothing lies in the cone, offer the one that reaches the closest item. */
  function offerWider() {
    const none = x.find(".hv-children .hv-none");
    const { closest, how: found } = x.answer;
    if (none && x.coneSetting().kind !== "angle") none.textContent = "No item lies inside this cone.";
    if (!none || !closest || found === "cosine" || x.coneSetting().kind !== "angle") return;
    const omega = Math.min(3.14, closest + WIDER);
    none.append(" ", action(`The closest is at ${closest.toFixed(2)} rad: widen to it.`, () => x.cone.widen(omega), x.complain, "hv-link"));
  }

  return {
    shown() {
      input.value = x.query.text ?? "";
      offerWider();
      way().catch(x.complain);
    },
    focus: () => input.focus(),
    opened() {
      asked += 1;
      const knows = Boolean(x.view.words);
      for (const node of [form, list]) node.hidden = !knows; // a model of pictures alone has nothing to type
      how.textContent = HOW[x.view.words] ?? "";
      own.value = "";
      chips.replaceChildren();
    },
  };
}
