/** Steps from the selected place: to the best parent or child, and to the other boxes of the same picture. */

/** @typedef {"parent"|"child"|"sibling+"|"sibling-"} Step */

/** The card at the smallest angle. @param {import("./types.js").Item[]} cards */
const nearest = (cards) =>
  cards.reduce((/** @type {import("./types.js").Item|null} */ best, c) => (!best || Number(c.angle) < Number(best.angle) ? c : best), null);

/** The next box of the picture, or the one before. @param {import("./types.js").Answer} answer @param {Step} direction */
function sibling({ picture: { boxes }, row }, direction) {
  if (!boxes.length) return null;
  const here = boxes.findIndex((box) => box.row === row);
  return boxes[(here + (direction === "sibling+" ? 1 : boxes.length - 1) + boxes.length) % boxes.length];
}

/**
 * Where a step leads; null where there is nothing.
 * @param {import("./types.js").Answer} answer @param {Step} direction @returns {import("./types.js").Query|null}
 */
export function stepFrom(answer, direction) {
  if (direction === "parent" || direction === "child") {
    const card = nearest(direction === "parent" ? answer.parents : answer.children);
    return card && { row: card.row };
  }
  const box = sibling(answer, direction);
  return box && (box.query || { row: box.row });
}
