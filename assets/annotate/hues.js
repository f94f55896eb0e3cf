/** A colour for each label. */

/* Okabe and Ito's colours, all of them visible on photographs with a dark rim. */
const HUES = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#3b8fd4", "#ff7d26", "#ef8fc0", "#b9c4d3"];

/** The label's colour, the same in every picture. @param {string} label @returns {string} */
export function colourOf(label) {
  let hash = 7;
  for (const character of label) hash = (hash * 31 + Number(character.codePointAt(0))) >>> 0;
  return HUES[hash % HUES.length];
}
