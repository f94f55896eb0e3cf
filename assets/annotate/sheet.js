/**
 * The boxes of all pictures that were looked at, with one history over all of them, and their way to the server.
 *
 *   const sheet = new Sheet({ask, onShow, onSaved});
 *   await sheet.open(data);  await sheet.turn(image);  sheet.change(boxes, key);  sheet.undo();
 *
 * Every change is sent at once, in a request that outlives the page; the newest boxes of a picture overtake older ones.
 *
 * @typedef {{key: string, xyxy: import("../shared/boxes.js").Xyxy, label: string, source?: string}} Box
 * @typedef {{image: number, name: string, width: number, height: number, version: number, scene: string, boxes: Box[]}} Picture
 * @typedef {{image: number, before: Box[], after: Box[], was: string|null, key: string|null}} Step   of the history
 * @typedef {(path: string, options?: RequestInit) => Promise<any>} Ask
 * @typedef {Object} DataSet       what the server says of some data
 * @property {string} data         the name of it
 * @property {string} title
 * @property {string[]} names      of the pictures
 * @property {number[]} counts     boxes of each
 * @property {{name: string, count: number}[]} classes   the most frequent first
 * @property {number} pending      changes that are not used yet
 * @property {string|null} [copy]  the name of the copy that changes go into
 * @property {string|null} [copied]   the name of what this is a copy of
 */

const AGAIN_MS = 2000; // until a server that did not answer is asked again
const KEEPALIVE_BYTES = 60_000; // browsers let no more outlive the page
const HISTORY = 500;

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Sheet {
  /**
   * onShow: the picture, its boxes or the selection changed.  onState: how saving goes.
   * @param {{ask: Ask, onShow: () => void, onState: (state: {saved: boolean, error?: unknown}) => void}} options
   */
  constructor({ ask, onShow, onState }) {
    this.ask = ask;
    this.onShow = onShow;
    this.onState = onState;
    this.data = "";
    this.set = /** @type {DataSet} */ (/** @type {unknown} */ (null)); // there once data are open
    this.image = -1;
    /** @type {string|null} of the selected box */
    this.key = null;
    /** @type {Map<number, {picture: Picture, boxes: Box[]}>} by image */
    this.pages = new Map();
    /** @type {Step[]} */
    this.past = [];
    /** @type {Step[]} */
    this.future = [];
    /** @type {Map<number, Box[]>} boxes to send, by image */
    this.waiting = new Map();
    /** @type {unknown} an Error */
    this.problem = null; // what was refused in this round of sending
    this.sending = false;
    this.turns = 0;
    addEventListener("beforeunload", (event) => this.busy && event.preventDefault());
  }

  /** @param {string} name */
  path(name) {
    return `annotate/${name}?data=${encodeURIComponent(this.data)}`;
  }

  get busy() {
    return this.sending || this.waiting.size > 0;
  }

  /** A picture that was looked at. @param {number} image */
  pageOf(image) {
    return /** @type {{picture: Picture, boxes: Box[]}} */ (this.pages.get(image));
  }

  get boxes() {
    return this.pages.get(this.image)?.boxes || [];
  }

  get picture() {
    return this.pages.get(this.image)?.picture || null;
  }

  get selected() {
    return this.boxes.find((box) => box.key === this.key) || null;
  }

  /** Start on some data; returns what the server says of it. @param {string} data @returns {Promise<DataSet|null>} null when later data have overtaken it */
  async open(data) {
    await this.settled();
    const number = ++this.turns;
    /** @type {DataSet} */
    const set = await this.ask(`annotate/set?data=${encodeURIComponent(data)}`);
    if (number !== this.turns) return null;
    this.data = set.data;
    this.set = set;
    this.image = -1;
    this.key = null;
    this.past = [];
    this.future = [];
    this.pages.clear();
    return set;
  }

  /** Go to another picture. @param {number} image @param {string|null} [key] selected there */
  async turn(image, key = null) {
    const number = ++this.turns;
    if (!this.pages.has(image)) {
      /** @type {Picture} */
      const picture = await this.ask(this.path(`picture/${image}`));
      if (number !== this.turns) return;
      this.pages.set(image, { picture, boxes: picture.boxes });
    }
    this.image = image;
    this.key = key;
    this.onShow();
  }

  /** @param {string|null} key */
  select(key) {
    this.key = key;
    this.onShow();
  }

  /** Other boxes on the present picture; one step of the history. @param {Box[]} boxes @param {string|null} [key] selected afterwards */
  change(boxes, key = this.key) {
    const before = this.boxes;
    if (same(before, boxes)) return this.select(key);
    this.past.push({ image: this.image, before, after: boxes, was: this.key, key });
    if (this.past.length > HISTORY) this.past.shift();
    this.future = [];
    this.put(this.image, boxes, key);
  }

  /** @param {number} image @param {Box[]} boxes @param {string|null} key */
  put(image, boxes, key) {
    this.pageOf(image).boxes = boxes;
    this.key = key;
    this.set.counts[image] = boxes.length;
    this.waiting.set(image, boxes);
    this.onShow();
    this.send();
  }

  async undo() {
    const step = this.past.pop();
    if (!step) return;
    this.future.push(step);
    await this.turn(step.image);
    this.put(step.image, step.before, step.was);
  }

  async redo() {
    const step = this.future.pop();
    if (!step) return;
    this.past.push(step);
    await this.turn(step.image);
    this.put(step.image, step.after, step.key);
  }

  /** Send what waits, one picture after the other. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    this.problem = null; // what was refused in this round
    this.onState({ saved: false });
    while (this.waiting.size) {
      const [[image, boxes]] = this.waiting;
      this.waiting.delete(image);
      try {
        await this.sendOne(image, boxes);
      } catch (error) {
        if (!(/** @type {{answered?: boolean}} */ (error).answered)) {
          if (!this.waiting.has(image)) this.waiting.set(image, boxes);
          this.onState({ saved: false, error: new Error("Not saved yet: the hypviz server does not answer. It is tried again.") });
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        } else await this.refused(image, boxes, error);
      }
    }
    this.sending = false;
    this.onState({ saved: true, error: this.problem });
  }

  /** @param {number} image @param {Box[]} boxes */
  async sendOne(image, boxes) {
    const page = this.pageOf(image);
    const body = JSON.stringify({ version: page.picture.version, boxes });
    const headers = { "Content-Type": "application/json" };
    const answer = await this.ask(this.path(`picture/${image}`), { method: "PUT", headers, body, keepalive: body.length < KEEPALIVE_BYTES });
    page.picture = answer.picture;
    Object.assign(this.set, { classes: answer.classes, pending: answer.pending });
    if (answer.data === this.data) return;
    this.set.copied = this.data; // what is shipped is changed in a copy
    this.set.copy = null;
    this.data = this.set.data = answer.data;
  }

  /** The server's boxes instead of those it refused; undo brings those back. @param {number} image @param {Box[]} boxes @param {unknown} error */
  async refused(image, boxes, error) {
    this.waiting.delete(image);
    /** @type {Picture} */
    const picture = await this.ask(this.path(`picture/${image}`));
    this.pages.set(image, { picture, boxes: picture.boxes });
    this.past.push({ image, before: boxes, after: picture.boxes, was: null, key: null });
    this.problem = error;
    this.onShow();
  }

  /** Resolves when all is saved. */
  async settled() {
    while (this.busy) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

