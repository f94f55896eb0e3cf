/**
 * What the colours of the points mean: one way to group the points for each question a person may ask of them.
 *
 *   const colouring = colouring(points, "class");   // {by, title, groups: [{name, colour, dark, count}], key}
 *
 * `key[i]` is the group of point i. Named groups get ten colours that stay apart with red or green blindness, the
 * rest is grey and still found in the legend; amounts get steps of viridis or cividis, ordered by lightness alone.
 *
 * @typedef {[string, string]} Pair   a colour on light and on dark
 * @typedef {{name: string, colour: string, dark: string, count: number}} Group
 * @typedef {{groups: Group[], key: Uint16Array}} Grouping   key: the group of each point
 * @typedef {{header: import("./math.js").Header} & Omit<import("./math.js").Columns, "angle">} Points   a header and its columns
 */

/** [light theme, dark theme]: the same ten as BRANCH_COLOURS of hypviz/viz/disk.py. @type {Pair[]} */
export const PALETTE = [
  ["#388dbf", "#6e93f5"],
  ["#e4a416", "#fbaa0e"],
  ["#007a48", "#47dfa1"],
  ["#f27973", "#cc8783"],
  ["#6d5fe9", "#9652d6"],
  ["#740994", "#e35dc2"],
  ["#948c0b", "#a39401"],
  ["#803103", "#d43552"],
  ["#e682ff", "#eda2fe"],
  ["#a66586", "#d8eb57"],
];
/** @type {Pair} */
const SCENE = ["#4a566c", "#d3dbea"];
/** @type {Pair} */
const OTHER = ["#a3a9b4", "#6d7686"];
/** @type {Pair} */
const ALARM = ["#c2410c", "#ff9a4d"];
/** @type {Pair} */
const WARNING = ["#c99700", "#ffd166"];
const VIRIDIS = ["#440154", "#443a83", "#31688e", "#21908c", "#35b779", "#8fd744", "#fde725"];
const CIVIDIS = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];

/** @param {Pair} both */
const pair = ([colour, dark]) => ({ colour, dark });
/**
 * Light paper hides a ramp's light end, dark paper its dark end: each theme leaves out its own.
 * @type {(colours: string[]) => Pair[]}
 */
const ramp = (colours) => colours.slice(0, -1).map((_, i) => [colours[i], colours[i + 1]]);

/**
 * Groups named by a column of small numbers; rarer ones beyond the palette are grey. −1 is the extra group.
 * @param {ArrayLike<number>} column @param {string[]} names @param {string} extra @returns {Grouping}
 */
function named(column, names, extra) {
  const counts = new Uint32Array(names.length + 1);
  const key = Uint16Array.from(column, (value) => (value < 0 || value >= names.length ? names.length : value));
  for (const group of key) counts[group]++;
  const order = [...names.keys()].filter((i) => counts[i]).sort((a, b) => counts[b] - counts[a] || a - b);
  const place = new Uint16Array(names.length + 1);
  const groups = order.map((i, at) => {
    place[i] = at;
    return { name: names[i], ...pair(PALETTE[at] || OTHER), count: counts[i] };
  });
  place[names.length] = groups.length;
  if (counts[names.length]) groups.push({ name: extra, ...pair(SCENE), count: counts[names.length] });
  return { groups, key: key.map((group) => place[group]) };
}

/**
 * Equal steps between the 1st and the 99th percentile; the ends take what lies beyond.
 * @param {ArrayLike<number>} column @param {string[]} colours @param {{digits: number, low?: number|null, high?: number|null}} how @returns {Grouping}
 */
function stepped(column, colours, { digits, low = null, high = null }) {
  const sorted = Float64Array.from(column).sort();
  const from = low ?? sorted[Math.floor(0.01 * (sorted.length - 1))];
  const to = high ?? sorted[Math.ceil(0.99 * (sorted.length - 1))];
  const steps = ramp(colours);
  const width = (to - from) / steps.length || 1;
  const key = Uint16Array.from(column, (value) => Math.min(steps.length - 1, Math.max(0, Math.floor((value - from) / width))));
  /** @param {number} i */
  const edge = (i) => (from + i * width).toFixed(digits);
  const groups = steps.map((colour, i) => {
    const name = i === 0 ? `below ${edge(1)}` : i === steps.length - 1 ? `${edge(i)} and more` : `${edge(i)} – ${edge(i + 1)}`;
    return { name, ...pair(colour), count: 0 };
  });
  for (const group of key) groups[group].count++;
  return { groups, key };
}

/**
 * The bit of a flag by its name, as the payload's header lists them; 0 when it has none of that name.
 * @param {{header: {flags?: {name: string, bit: number}[]}}} points @param {string} name
 */
export const flagBit = ({ header }, name) => {
  const flag = (header.flags || []).find((one) => one.name === name);
  return flag ? 1 << flag.bit : 0;
};

/** Order violations: the graver one first, the rest is in order. @param {Points} points @returns {Grouping} */
function violations(points) {
  const [inverted, outside] = ["inverted", "outside_cone"].map((name) => flagBit(points, name));
  const key = Uint16Array.from(points.flags, (flags) => (flags & inverted ? 0 : flags & outside ? 1 : 2));
  const groups = [
    { name: "not farther out than a parent", ...pair(ALARM), count: 0 },
    { name: "outside a parent's cone", ...pair(WARNING), count: 0 },
    { name: "in order", ...pair(OTHER), count: 0 },
  ];
  for (const group of key) groups[group].count++;
  return { groups, key };
}

/** @type {(groups: Group[], column: ArrayLike<number>) => Grouping} */
const given = (groups, column) => ({ groups, key: Uint16Array.from(column) });

/** How many groups have a point. @param {Group[]|undefined} groups */
const inUse = (groups) => (groups ?? []).filter((group) => group.count).length;

/** Branches, whole pictures aside: with a single one, the levels say all that this colour would. @param {Points} points */
const branches = ({ header }) => inUse(header.branches.filter((group, i) => i || group.name !== "scene"));

/**
 * One entry per question, in the order of the menu; `fits` says whether the points differ in their answers to it.
 * @type {{by: string, title: string, fits: (points: Points) => unknown, make: (points: Points) => Grouping}[]}
 */
const MODES = [
  { by: "branch", title: "Branch", fits: (p) => branches(p) > 1, make: (p) => given(p.header.branches, p.branch) },
  { by: "depth", title: "Level", fits: (p) => inUse(p.header.depths) > 1, make: (p) => given(p.header.depths, p.depth) },
  { by: "class", title: "Class", fits: (p) => p.header.classes.length > 1, make: (p) => named(p.label, p.header.classes, "scene") },
  { by: "radius", title: "Distance to the root", fits: () => true, make: (p) => stepped(p.radius, VIRIDIS, { digits: 2 }) },
  {
    by: "violation",
    title: "Order violations",
    fits: (p) => inUse(p.header.depths) > 1 && (flagBit(p, "inverted") | flagBit(p, "outside_cone")) !== 0,
    make: violations,
  },
  { by: "split", title: "Split", fits: (p) => Number(p.header.splits?.length) > 1, make: (p) => given(p.header.splits ?? [], p.split) },
  {
    by: "far",
    title: "Far from its class",
    fits: (p) => p.far && p.header.classes.length,
    make: (p) => stepped(Float32Array.from(p.far ?? [], (value) => (value - 128) / 16), CIVIDIS, { digits: 1, low: -1, high: 3.5 }),
  },
  {
    by: "distortion",
    title: "Distortion",
    fits: (p) => p.distortion,
    make: (p) => stepped(Float32Array.from(p.distortion ?? [], (value) => value / 255), CIVIDIS, { digits: 2, low: 0, high: 1 }),
  },
];

const FIRST = ["branch", "depth", "class", "distortion"]; // the distance to the root is told by the place already

/** The questions that the points can answer. @param {Points} points */
export const colourModes = (points) => MODES.filter(({ fits }) => fits(points));

/** What points are coloured by until a person chooses. @param {Points} points @returns {string} */
export function firstMode(points) {
  const modes = colourModes(points).map(({ by }) => by);
  return FIRST.find((by) => modes.includes(by)) ?? modes[0];
}

/**
 * Group the points by a mode; by the first one when the points cannot answer it.
 * @param {Points} points @param {string} by
 */
export function colouring(points, by) {
  const modes = colourModes(points);
  const [asked, first] = [by, firstMode(points)].map((name) => modes.find((one) => one.by === name));
  const mode = /** @type {typeof MODES[number]} */ (asked ?? first);
  return { by: mode.by, title: mode.title, ...mode.make(points) };
}

