/**
 * The disk while it learns: epoch by epoch, angles held fixed, so that what moves is the true distance to the root. Arrows lead from
 * before to now; a slider and a play button go back and forth.
 *
 * @typedef {import("./types.js").Job} Job
 * @typedef {{radius: Float32Array, drawn: Float32Array, turn: Float32Array|null}} Frame   one value a point; turn: radians, null before training
 */
import { createDisk } from "../disk/disk.js";
import { Ghosts } from "../disk/ghosts.js";
import * as M from "../disk/math.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { address } from "../shared/http.js";
import { complaint } from "../shared/pieces.js";

const TRIES = 3; // of a request before a person is told
const PLAY_MS = 650; // an epoch's share of the film; the glide itself takes 300 ms

/** @param {string} path below "hypviz/tune/" */
async function binary(path) {
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries) await new Promise((resolve) => setTimeout(resolve, PLAY_MS));
    const answer = await fetch(address(`tune/${path}`)).catch(() => null); // nobody asks again of a training that has ended
    if (answer?.ok) return answer.arrayBuffer();
  }
  throw new Error("The disk of this epoch cannot be read from the server.");
}

/** The disk after an epoch. @param {string|null} id of the training @param {number} epoch @returns {Promise<Frame>} */
async function frameOf(id, epoch) {
  /** @type {{header: object, arrays: Frame}} */
  const { arrays } = M.decode(await binary(`jobs/${id}/disk/${epoch}`));
  return arrays;
}

class Film {
  constructor() {
    this.holder = el("div", { class: "ht-disk" });
    this.words = el("p", { class: "he-note ht-moved", "aria-live": "off" });
    /** @type {HTMLInputElement} */
    this.slider = el("input", { type: "range", min: "0", max: "0", step: "1", value: "0", "aria-label": "Epoch shown on the disk", oninput: () => (this.stop(), this.go(Number(this.slider.value))) });
    this.label = el("output", { class: "ht-epoch" });
    this.playButton = button("Play", () => (this.playing ? this.stop() : this.play()), { class: "he-small", "aria-label": "Play all epochs" });
    /** @type {HTMLInputElement} */
    this.arrows = el("input", { type: "checkbox", onchange: () => this.ghosts?.show(this.arrows.checked) });
    this.arrows.checked = true;
    const bar = el("div", { class: "ht-film" }, this.playButton, this.slider, this.label, el("label", {}, this.arrows, el("span", { text: "arrows from before to now" })));
    this.node = el("figure", { class: "ht-figure ht-disk-figure" }, el("figcaption", { text: "The disk, epoch by epoch" }), this.holder, bar, this.words);
    /** @type {import("../disk/disk.js").Disk|null} */
    this.disk = null;
    /** @type {Ghosts|null} */
    this.ghosts = null;
    /** @type {M.Payload|null} */
    this.first = null; // the frame before training
    /** @type {{id: string|null, epoch: number, wanted: number}} */
    this.shown = { id: null, epoch: -1, wanted: 0 };
    this.frames = 0;
    /** @type {number|null} */
    this.result = null; // the epoch that is the result, once it is known
    this.playing = 0; // number of the film that runs, 0 for none
    this.films = 0;
    /** @type {Promise<void>} */
    this.turn = Promise.resolve();
  }

  /** Show a training; `follow` keeps to its newest epoch while it runs. @param {Job} job */
  async show(job) {
    const follow = this.shown.id !== job.id || !this.frames || this.shown.wanted === this.frames - 1; // where there was none, too
    if (this.shown.id !== job.id) await this.begin(job);
    this.frames = job.disk_epochs;
    this.result = job.state === "done" ? (job.best_epoch ?? 0) : null;
    this.node.hidden = !this.frames;
    this.slider.max = String(Math.max(0, this.frames - 1));
    if (this.frames && follow && !this.playing) await this.go(this.frames - 1);
    else this.write();
  }

  /** @param {Job} job */
  async begin(job) {
    this.stop();
    this.shown = { id: job.id, epoch: -1, wanted: 0 };
    this.first = null;
    this.slider.value = "0";
  }

  /** Go to an epoch; a later wish overtakes. @param {number} epoch */
  go(epoch) {
    this.shown.wanted = epoch;
    this.slider.value = String(epoch);
    this.write();
    const { id } = this.shown;
    this.turn = this.turn.then(() => (id === this.shown.id && epoch === this.shown.wanted ? this.draw(id, epoch) : undefined)).catch((error) => this.words.replaceChildren(complaint(error)));
    return this.turn;
  }

  /** @param {string|null} id @param {number} epoch */
  async draw(id, epoch) {
    if (epoch === this.shown.epoch) return;
    if (!this.first) {
      const buffer = await binary(`jobs/${id}/disk`);
      if (id !== this.shown.id) return;
      this.first = M.decode(buffer.slice(0)); // a copy: the disk's own arrays will move
      this.ghosts?.destroy();
      this.disk ||= createDisk(this.holder, { plotly: null }); // on a canvas: the page's one WebGL figure is the Explore tab's
      await this.disk.setPoints(buffer);
      this.ghosts = new Ghosts(this.disk);
      this.ghosts.show(this.arrows.checked);
    }
    const frame = epoch ? await frameOf(id, epoch) : { ...this.first.arrays, turn: null };
    if (id !== this.shown.id || !frame) return;
    await this.ghosts?.move(frame);
    this.shown.epoch = epoch;
    this.tell(frame);
  }

  /** What moved, in words. @param {Frame} frame */
  tell({ radius, turn: turned }) {
    const before = this.first?.arrays.radius;
    if (!turned || !before) {
      this.words.textContent = "Before training. Angles stay as they are here; only the true distance to the root moves.";
      return;
    }
    const change = Float64Array.from(radius, (value, i) => value - before[i]);
    const [out, back] = [1, -1].map((side) => change.reduce((sum, value) => sum + Number(value * side > 0), 0));
    const far = change.map(Math.abs).sort();
    const angle = turned.reduce((sum, value) => sum + value, 0) / turned.length;
    this.words.textContent =
      `${count(out)} of ${count(change.length)} items moved away from the root, ${count(back)} towards it, half of all by ${far[far.length >> 1].toFixed(2)} or more. ` +
      `In all dimensions they turned by ${((angle * 180) / Math.PI).toFixed(0)}° on average, which the disk does not show: its angles are held.`;
  }

  write() {
    const { wanted } = this.shown;
    const result = this.result ? `epoch ${this.result}` : "the start";
    const kept = this.result === null ? "" : wanted === this.result ? ", the result" : `; the result is ${result}`;
    this.label.textContent = (wanted ? `epoch ${wanted} of ${this.frames - 1}` : "before") + kept;
    this.node.dataset.epoch = String(this.shown.epoch);
  }

  async play() {
    const mine = (this.playing = ++this.films);
    this.playButton.textContent = "Pause";
    for (let epoch = this.shown.wanted >= this.frames - 1 ? 0 : this.shown.wanted; epoch < this.frames && mine === this.playing; epoch++) {
      await this.go(epoch);
      await new Promise((resolve) => setTimeout(resolve, PLAY_MS));
    }
    if (mine === this.playing) this.stop();
  }

  stop() {
    this.playing = 0;
    this.playButton.textContent = "Play";
  }

  state() {
    return { ...this.shown, frames: this.frames, disk: this.disk?.state() ?? null, moved: this.ghosts?.moved() ?? 0 };
  }
}

/** The disk of one training, with its film of epochs. */
export const createFilm = () => new Film();
