/**
 * How much of a list belongs where it is listed, in words, beside chance; what the figures mean is in hypviz/explore/belonging.py.
 *
 * @typedef {{share: number, chance: number, of: number, verdict: "better"|"hardly"|"none"|"few"|"empty"}} Belonging
 */
import { shareOf } from "./format.js";

const FEW = 10; // items of which no share is told: two of three say less than 67 %
const BESIDE_CHANCE = { better: "chance", hardly: "hardly better than chance:", none: "no better than chance:", few: "too few to tell from chance:" };

/**
 * How many of what is listed belong there, beside chance: "59 % of them … (chance 33 %)".
 * @param {Belonging} belong @param {string} whom "of them" @param {string} where they belong
 * @param {string} [nothing] what is said where no class belongs
 */
export function belonging({ share, chance, of, verdict }, whom, where, nothing = "") {
  if (verdict === "empty") return nothing;
  const found = of < FEW ? `${Math.round(share * of)} of ${of}` : [shareOf(share, 1), whom].filter(Boolean).join(" ");
  return `${found} ${where} (${BESIDE_CHANCE[verdict]} ${shareOf(chance, 1)})`;
}
