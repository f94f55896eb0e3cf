/**
 * What the Explore tab and its server say to each other; no code. See hypviz/explore/view.py.
 *
 * @typedef {import("../shared/picture.js").Query} Query   a place in the hierarchy
 * @typedef {import("./lists.js").Item} Item
 * @typedef {Item & {count: number}} Counted               the best of several
 * @typedef {Counted & {class: number}} OfClass
 * @typedef {Item & {count: number, inside: Counted[]}} Nested   a box, and the classes of what lies in it
 * @typedef {Item & {holds: boolean}} Holder               on the way to the root; whether it has the place in its cone
 * @typedef {import("../shared/belonging.js").Belonging} Belonging
 * @typedef {"entailment"|"nearest"|"cosine"} Way          how the rest of the data is searched
 * @typedef {"exact"|"certified"|"approximate"} Proof      of a list: all items were read, the others are proven to be no better, they may be
 * @typedef {{band: number, name: string, low: number|null, high: number|null, total: number, level: string|null, of_level: number|null, levels?: boolean, items?: Item[], classes: OfClass[]}} Band
 * @typedef {{by: Way, total: number, among: number, belong: Belonging|null, bands: Band[]}} Elsewhere
 * @typedef {import("../shared/picture.js").Shown & {place: Query}} PlacePicture
 *
 * @typedef {Object} Answer         everything about one place
 * @property {number|null} row      null for a place that is no item
 * @property {string|null} id
 * @property {number} radius        true distance to the root
 * @property {number} omega         half-angle of the cone, radians
 * @property {"entailment"|"cosine"} how
 * @property {number|null} closest  the angle of the item closest to the axis, radians; of those that a cone of this place may hold
 * @property {number} angle         on the first layout
 * @property {Record<string, number>} angles   by layout
 * @property {string} thumb
 * @property {PlacePicture} picture
 * @property {Nested[]} here
 * @property {number} here_total   boxes inside at any depth
 * @property {Elsewhere} elsewhere
 * @property {Proof} elsewhere_proof
 * @property {number[]} listed      rows of the cards
 * @property {Item[]} children
 * @property {number} children_total
 * @property {Proof} children_proof
 * @property {boolean} children_counted   whether the total is exact; false where there are at least so many
 * @property {Item[]} parents
 * @property {number} parents_total
 * @property {Proof} parents_proof
 * @property {boolean} parents_counted
 * @property {Belonging|null} parents_belong
 * @property {Holder[]} path
 * @property {number[][]} edges
 * @property {string} members       as `Bits.encode` writes it
 * @property {number} members_total
 *
 * @typedef {Object} View           a workspace seen through a checkpoint
 * @property {string} key
 * @property {number} count         of items
 * @property {number} classes
 * @property {number} omega         calibrated, radians
 * @property {"boxes"|"checkpoint"} calibrated   by what
 * @property {number} start         row of the first item shown
 * @property {string} name
 * @property {boolean} own_vectors
 * @property {string} checkpoint
 * @property {{text: string, action?: {label: string, href?: string, tab?: string, checkpoint?: string}|null, kind?: "learned", few?: boolean, propose?: boolean}|null} notice
 * @property {""|"entailment"|"cosine"|null} words   what typed words are answered by
 * @property {string} no_words
 * @property {{version: string, level: number, levels: {level: number, classes: number, examples: string[]}[],
 *   nodes: import("./tree_facet.js").TreeNode[], problem: string}|null} tree   the class tree, and the level that classes are shown at
 * @property {string[]} [choice]    names of the data and the checkpoint
 *
 * @typedef {{id: string, title: string, share: number, what: string, error: string, seconds_left: number|null, cancelling: boolean}} ProposalJob
 * @typedef {{state: "ready"|"running"|"busy"|"failed"|"cancelled"|"absent"|"read-only", set: string|null, job: ProposalJob|null,
 *   about: string, done: number, pictures: number}} Proposals   of boxes, see hypviz/explore/proposing.py
 * @typedef {{omega: number|null, kind: "angle"|"aperture"}} ConeSetting   radians, or null for the calibrated width
 * @typedef {{omega: number, label: string, row: number|null, radius: number, angles: Record<string, number>}} ConeAnswer
 * @typedef {Record<string, unknown>} Filter   see hypviz/explore/selection.py
 * @typedef {Record<string, string>} Link      words of an address
 * @typedef {{items: Item[], total: number}} Page
 * @typedef {{nodes: Node[], opened?: () => unknown}} Part   of the tab; `opened` is called for every view that is opened
 */
