/** Strips of thumbnails: children, parents, the path to the root, and what several cones have in common. */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { element, button, painted } = hypviz;

  const EMPTY = {
    children: "No item lies inside this cone; widen ω to look further.",
    parents: "No item has this one in its cone.",
    path: "The path is empty.",
    common: "No item lies inside all of these cones.",
  };

  /** A thumbnail with label and distance, as the server describes it. @param {Object} item see `View._card` */
  function card(item, thumbUrl, onPick) {
    const image = Object.assign(element("img"), { loading: "lazy", src: thumbUrl(item.row), alt: "" });
    const node = button("hv-card", image, () => onPick(item.row));
    node.append(element("span", "hv-label", item.label), element("span", "hv-radius", item.radius.toFixed(3)));
    node.dataset.row = item.row;
    node.dataset.radius = item.radius;
    node.style.setProperty("--hv-colour", item.colour);
    const angle = typeof item.angle === "number" ? `, angle ${item.angle.toFixed(2)} rad` : "";
    node.title = `${item.label} (${item.depth_name}) in ${item.file}\n${item.radius.toFixed(3)} from the root${angle}`;
    node.setAttribute("aria-label", `${item.label}, ${item.radius.toFixed(3)} from the root${angle}`);
    return node;
  }

  const AT_ONCE = 16; // cards made before the next frame: what a wide window shows; the others follow it

  /**
   * Fill a strip, `<div><h3></h3><div class="hv-strip"></div></div>`: what is in sight at once, the rest after the next frame.
   * @param {HTMLElement} box @param {"children"|"parents"|"path"|"common"} kind
   * @param {{title: string, cards: Object[], total: number, order: string}} content
   */
  function fillStrip(box, kind, { title, cards, total, order }, thumbUrl, onPick) {
    const count = cards.length < total ? `${cards.length} of ${hypviz.count(total)}` : String(total);
    box.querySelector("h3").replaceChildren(`${title} `, element("span", "", `${count} · ${order}`));
    const strip = box.querySelector(".hv-strip");
    const held = strip.contains(document.activeElement); // whoever walks by keyboard goes on from the new cards
    const make = (some) => some.map((item) => card(item, thumbUrl, onPick));
    strip.replaceChildren(...make(cards.slice(0, AT_ONCE)));
    if (!cards.length) strip.append(element("p", "hv-none", EMPTY[kind]));
    requestAnimationFrame(() => (strip.scrollLeft = 0)); // here it would lay the page out once for every strip
    const first = strip.firstChild;
    if (held) strip.querySelector("button")?.focus({ preventScroll: true });
    if (cards.length > AT_ONCE) painted().then(() => strip.firstChild === first && strip.append(...make(cards.slice(AT_ONCE))));
  }

  hypviz.fillStrip = fillStrip;
})();
