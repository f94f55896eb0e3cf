/**
 * The disk while it learns: epoch by epoch, angles held fixed, so that what moves is the true distance to the root. Arrows lead from
 * before to now; a slider and a play button go back and forth.
 */
import { createDisk } from "../disk/disk.js";
import { Ghosts } from "../disk/ghosts.js";
import * as M from "../disk/math.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { address } from "../shared/http.js";
import { complaint } from "../shared/pieces.js";

const PLAY_MS = 650; // an epoch's share of the film; the glide itself takes 300 ms

export function createFilm() {
  const holder = el("div", { class: "ht-disk" });
  const words = el("p", { class: "he-note ht-moved", "aria-live": "off" });
  const slider = el("input", { type: "range", min: "0", max: "0", step: "1", value: "0", "aria-label": "Epoch shown on the disk", oninput: () => (stop(), go(Number(slider.value))) });
  const label = el("output", { class: "ht-epoch" });
  const playButton = button("Play", () => (playing ? stop() : play()), { class: "he-small", "aria-label": "Play all epochs" });
  const arrows = el("input", { type: "checkbox", onchange: () => ghosts?.show(arrows.checked) });
  arrows.checked = true;
  const bar = el("div", { class: "ht-film" }, playButton, slider, label, el("label", {}, arrows, el("span", { text: "arrows from before to now" })));
  const node = el("figure", { class: "ht-figure ht-disk-figure" }, el("figcaption", { text: "The disk, epoch by epoch" }), holder, bar, words);
  let disk = null;
  let ghosts = null;
  let first = null; // the frame before training
  let shown = { id: null, epoch: -1, wanted: 0 };
  let frames = 0;
  let playing = 0; // number of the film that runs, 0 for none
  let films = 0;
  let turn = Promise.resolve();

  async function binary(path) {
    const answer = await fetch(address(`tune/${path}`)).catch(() => null);
    if (!answer?.ok) throw new Error("The disk of this epoch cannot be read from the server.");
    return answer.arrayBuffer();
  }

  /** Show a training; `follow` keeps to its newest epoch while it runs. */
  async function show(job) {
    const follow = shown.id !== job.id || shown.wanted === frames - 1;
    if (shown.id !== job.id) await begin(job);
    frames = job.disk_epochs;
    node.hidden = !frames;
    slider.max = String(Math.max(0, frames - 1));
    if (frames && follow && !playing) await go(frames - 1);
    else write();
  }

  async function begin(job) {
    stop();
    shown = { id: job.id, epoch: -1, wanted: 0 };
    first = null;
    slider.value = "0";
  }

  /** Go to an epoch; a later wish overtakes. */
  function go(epoch) {
    shown.wanted = epoch;
    slider.value = String(epoch);
    write();
    const { id } = shown;
    turn = turn.then(() => (id === shown.id && epoch === shown.wanted ? draw(id, epoch) : undefined)).catch((error) => words.replaceChildren(complaint(error)));
    return turn;
  }

  async function draw(id, epoch) {
    if (epoch === shown.epoch) return;
    if (!first) {
      const buffer = await binary(`jobs/${id}/disk`);
      if (id !== shown.id) return;
      first = M.decode(buffer.slice(0)); // a copy: the disk's own arrays will move
      ghosts?.destroy();
      disk ||= createDisk(holder, { plotly: null }); // on a canvas: the page's one WebGL figure is the Explore tab's
      await disk.setPoints(buffer);
      ghosts = new Ghosts(disk);
      ghosts.show(arrows.checked);
    }
    const frame = epoch ? M.decode(await binary(`jobs/${id}/disk/${epoch}`)).arrays : { ...first.arrays, turn: null };
    if (id !== shown.id || !frame) return;
    await ghosts.move(frame);
    shown.epoch = epoch;
    tell(frame);
  }

  /** What moved, in words. */
  function tell({ radius, turn: turned }) {
    const before = first.arrays.radius;
    if (!turned) {
      words.textContent = "Before training. Angles stay as they are here; only the true distance to the root moves.";
      return;
    }
    const change = Float64Array.from(radius, (value, i) => value - before[i]).sort();
    const out = change.reduce((sum, value) => sum + (value > 0), 0);
    const angle = turned.reduce((sum, value) => sum + value, 0) / turned.length;
    const middle = change[change.length >> 1];
    words.textContent =
      `${count(out)} of ${count(change.length)} items moved away from the root, the median by ${middle.toFixed(2).replace("-", "−")}. ` +
      `In all dimensions they turned by ${((angle * 180) / Math.PI).toFixed(0)}° on average, which the disk does not show: its angles are held.`;
  }

  function write() {
    label.textContent = shown.wanted ? `epoch ${shown.wanted} of ${frames - 1}` : "before";
    node.dataset.epoch = String(shown.epoch);
  }

  async function play() {
    const mine = (playing = ++films);
    playButton.textContent = "Pause";
    for (let epoch = shown.wanted >= frames - 1 ? 0 : shown.wanted; epoch < frames && mine === playing; epoch++) {
      await go(epoch);
      await new Promise((resolve) => setTimeout(resolve, PLAY_MS));
    }
    if (mine === playing) stop();
  }

  function stop() {
    playing = 0;
    playButton.textContent = "Play";
  }

  return { node, show, state: () => ({ ...shown, frames, disk: disk?.state() ?? null, moved: ghosts?.moved() ?? 0 }) };
}
