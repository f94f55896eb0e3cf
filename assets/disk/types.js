/**
 * What the parts of the disk hand each other; no code.
 *
 * @typedef {import("./disk.js").Extra} Extra
 * @typedef {import("../shared/bitset.js").Bits} Bits
 * @typedef {"light"|"dark"} Theme
 * @typedef {{angle: number, drawn: number}} Drawn   a place of the disk frame, by its drawn radius
 * @typedef {{extra: Extra, at: number, index?: undefined, row?: undefined}|{extra?: undefined, at?: undefined, index: number, row: number}} Spot
 *   what lies at a stage position: an own mark, or an item
 * @typedef {{selection: import("./disk.js").Selection|null, set: Bits|null, common: Bits|null, pins: import("./disk.js").Pin[], extra: Extra[],
 *   edges: number[][], omega: number|null, colourBy: string, highlight: number|null, hovered: Spot|null, pictures: boolean, theme: Theme}} Look
 *   what is asked to be seen: everything of a look that is not the points' places
 * @typedef {{at: number, radius: number, name: string, query: import("./disk.js").Selection["query"], omega: number, scale: (theta: number) => number,
 *   ticks: number[], rings: number[], edge: number, least: number, outline: Drawn[], circles?: import("./around.js").Circle[]}} FocusLayout
 *   the places around a selection, see `Painter.gather`
 */
