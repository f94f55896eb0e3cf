/**
 * What the server says about an evaluation; no code.
 *
 * @typedef {import("../shared/boxes.js").Xyxy} Xyxy
 * @typedef {import("../explore/types.js").View} View
 * @typedef {{source: string, task: string, reading: string, score: string, metric: string, label?: number|null}} Key
 *   a number: enough to ask for its examples
 * @typedef {(key: Key) => unknown} OnPick
 * @typedef {(name: string, values?: Record<string, unknown>) => string} Path   of a route, with the present choice and further values
 * @typedef {{mean: number|null, low: number|null, high: number|null, count: number, chance: number|null}} Estimate
 * @typedef {{name: string, created: string, geometry: string, dimension: number, curv: number, seconds: number}} Source
 * @typedef {"higher"|"lower"} Better
 * @typedef {{name: string, better: Better}} Column
 * @typedef {{value: number|null, text: string, low: number|null, high: number|null, best: boolean, pictures: boolean,
 *   task: string, reading: string, score: string, metric: string}} Cell
 * @typedef {{source: string, score: string, chance: boolean, cells: Cell[]}} TableRow
 * @typedef {{title: string, note: string, columns: Column[], rows: TableRow[]}} Table
 * @typedef {{task: string, reading: string, score: string, metric: string, lower_is_better: boolean, first: Estimate, second: Estimate,
 *   change: Estimate, chance: number|null, better: number, overlap: boolean|null}} Difference   second − first; better: its sign, 0 while open
 * @typedef {{source: string, task: string, reading: string, score: string, metric: string, threshold: number[], precision: (number|null)[],
 *   recall: number[], base_rate: number, best: [number, number]|null}} Curve   best: the threshold of the largest F1, and that
 * @typedef {{name: string, depth: number, count: number, quantiles: number[], mean: number}} Level
 * @typedef {{source: string, levels: Level[], pairs: number}} Radii
 * @typedef {{name: string, label: number, count: number, under: number}} ClassInfo   under: classes below it
 * @typedef {{task: string, reading: string, scores: string[], metrics: string[]}} Task
 * @typedef {{scope: string}} Scope
 *
 * @typedef {Object} Report
 * @property {Source[]} sources
 * @property {Table[]} tables
 * @property {Difference[]} differences
 * @property {Curve[]} curves
 * @property {Radii[]} radii
 * @property {ClassInfo[]} classes
 * @property {Task[]} tasks
 * @property {string[]} notes
 * @property {Scope} options
 * @property {{max_queries: number}} settings
 *
 * @typedef {{id: string, title: string, what: string, share: number, seconds: number, seconds_left: number|null, cancelling: boolean, error: string}} Job
 * @typedef {{state: "absent"|"running"|"busy"|"ready"|"failed"|"cancelled", job: Job, stale: string, available: string[]}} Status
 * @typedef {{row: number, label: string, radius: number, depth_name: string, file: string, relevant?: boolean}} Card
 * @typedef {{image: number, region: Xyxy, boxes: Xyxy[], cards: Card[]}} Scene   a part of a picture
 * @typedef {{query: Scene, retrieved: Card[], value: number, relevant_total: number}} Example
 * @typedef {Scene & {radii: number[], value: number}} Pair
 * @typedef {{key: string, title: string, meaning: string, severity: "error"|"warning"|"info", count: number, of: number, unit: string, details: string[]}} Check
 * @typedef {{score: string, items: Card[], chance: number, own: number}} OrderedRow   chance: share of all others that is right; own: how many are in its picture
 * @typedef {{query: Card, rows: OrderedRow[], omega: number|null, data: string}} OrderedAnswer
 * @typedef {{curve: string, task: string, score: string, metric: string, row: number|null, source: string, limit: number, word: string, width?: string}} Kept
 *   what sections remember while another one is looked at, each its part
 */
