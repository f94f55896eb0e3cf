/**
 * The Explore tab: the disk on the left; picture, children, parents and path on the right.
 *
 *   const explorer = mountExplorer(element);
 *   await explorer.open(view);   // view: what `View.describe()` sends, see hypviz/explore/view.py
 *
 * A place in the hierarchy is a query: {row} an item, {image, box} a box drawn on one of the data set's pictures,
 * {upload, box?} an own picture, {text} typed words. Every answer of the server says all there is to show; this file only shows it. The
 * menus and panels around it are parts (explore/*.js): each is given `x`, what they share, and keeps its own state.
 *
 * @typedef {import("../disk/disk.js").Disk} Disk
 * @typedef {import("./types.js").Answer} Answer
 * @typedef {import("./types.js").Query} Query
 * @typedef {import("./types.js").View} View
 * @typedef {{remember?: boolean, raise?: boolean, quiet?: boolean}} Walk
 */
import { openTab } from "../shared/dom.js";
import { createPicture } from "../shared/picture.js";
import { classesPart } from "./classes.js";
import { conePart } from "./cone.js";
import { correctionsPart } from "./corrections.js";
import { makeDisk, showOn, spokenOf } from "./disks.js";
import { findPart } from "./find.js";
import { EXPLORE_FRAME } from "./frame.js";
import { galleryPart } from "./gallery.js";
import { histPart } from "./hist.js";
import { keysPart } from "./keys.js";
import { layoutsPart } from "./layouts.js";
import { linkPart } from "./link.js";
import { marksPart } from "./marks.js";
import { noticePart } from "./notice.js";
import { openView } from "./open.js";
import { pinsPart } from "./pins.js";
import { pointsPart } from "./points.js";
import { rowsPart } from "./rows.js";
import { savePart } from "./save.js";
import { selectPart } from "./select.js";
import { setPart } from "./set.js";
import { sheetPart } from "./sheet.js";
import { showPart } from "./show.js";
import { stepFrom } from "./steps.js";
import { uploadPart } from "./upload.js";
import { viewsPart } from "./views.js";
import { walk } from "./walk.js";
import { wordsPart } from "./words.js";

const LINK_AFTER_MS = 250;

export class Explorer {
  /** @param {HTMLElement} root */
  constructor(root) {
    root.innerHTML = EXPLORE_FRAME;
    this.root = root;
    this.view = /** @type {View} */ (/** @type {unknown} */ (null)); // these three are there once a view is open
    this.api = /** @type {import("../shared/http.js").Api} */ (/** @type {unknown} */ (null));
    this.disk = /** @type {Disk} */ (/** @type {unknown} */ (null));
    /** @type {Disk|null} */
    this.second = null;
    /** @type {Query|null} the present place */
    this.query = null;
    /** @type {Answer|null} the server's answer about it */
    this.answer = null;
    /** @type {Answer|null} the one that the disks show */
    this.drawn = null;
    /** @type {Query[]} */
    this.trail = [];
    this.wide = 0; // half-angle of the drawn cone, radians
    this.quiet = this.byHand = false; // without the marks of children; whether a person has walked
    this.linkTimer = 0;
    this.asked = 0; // number of the newest question: late answers to older ones are not shown
    /** @type {Query|null} */
    this.wanted = null; // the place asked for last: `query`, or the one still on its way
    this.places = 0; // how many places were asked for
    /** @template {HTMLElement} [T=HTMLElement] @param {string} name @returns {T} */
    this.find = (name) => /** @type {T} */ (root.querySelector(name));
    this.picture = createPicture(this.find(".hv-now"), {
      caption: this.find(".hv-caption"),
      onPick: (query) => this.walk(query),
      onDraw: (box) => this.walk({ ...this.present.picture.place, box }),
    });
    this.changed = Object.assign(() => this.changeSoon(), { now: () => this.link.write() });
    this.walk = this.walk.bind(this);
    this.complain = this.complain.bind(this);
    this.announce = this.announce.bind(this);
    this.thumbUrl = this.thumbUrl.bind(this);
    this.select = this.select.bind(this);
    this.layouts = layoutsPart(this);
    this.shows = showPart(this);
    this.cone = conePart(this);
    this.pins = pinsPart(this);
    this.rows = rowsPart(this);
    this.sheet = sheetPart(this);
    this.notice = noticePart(this);
    this.set = setPart(this);
    this.gallery = galleryPart(this);
    this.finds = findPart(this);
    this.views = viewsPart(this);
    this.marks = marksPart(this);
    this.hist = histPart(this);
    this.selects = selectPart(this);
    this.points = pointsPart(this);
    this.link = linkPart(this);
    this.words = wordsPart(this);
    this.corrections = correctionsPart(this);
    this.classes = classesPart(this);
    this.placeParts();
    this.listen();
  }

  placeParts() {
    const keys = keysPart(this);
    /** @type {import("./types.js").Part[]} */
    this.parts = [this.layouts, this.shows, this.classes, this.selects, this.gallery, this.hist, this.corrections, savePart(this), uploadPart(this), this.notice, this.sheet];
    const [[layout, scores], ...others] = this.parts.map((part) => part.nodes);
    this.find(".hv-bar").prepend(layout, ...others.flat());
    this.find(".hv-bar").append(...keys.nodes);
    this.find(".hv-left").append(scores);
    this.find(".hv-cone").append(...this.pins.nodes);
  }

  /* ------------------------------------------------------------ what the parts share */

  /** The answer, for what is done only once there is one. @returns {Answer} */
  get present() {
    return /** @type {Answer} */ (this.answer);
  }

  /** @param {number} row @returns {string} */
  thumbUrl(row) {
    return this.api.url(`thumb/${row}`);
  }

  /** The disks that are open, the first one first. @returns {Disk[]} */
  disks() {
    return [this.disk, this.second].filter((disk) => disk !== null);
  }

  /** The name of the layout that a disk shows. @param {Disk} disk */
  layout(disk) {
    return this.layouts.layout(disk);
  }

  /** The cone as set: a half-angle in radians, or null for the calibrated one. @returns {import("./types.js").ConeSetting} */
  coneSetting() {
    return { omega: this.cone.omega(), kind: this.shows.cone() };
  }

  /** Say what went wrong. @param {unknown} error an Error */
  complain(error) {
    this.find(".hv-error span").textContent = /** @type {Error} */ (error).message;
    this.find(".hv-error").hidden = false;
  }

  /** For a screen reader. @param {string} text */
  announce(text) {
    this.find(".hv-sr").textContent = text;
  }

  /**
   * Take rows as the selected set.
   * @param {import("../shared/bitset.js").Bits} rows @param {string} how in a word @param {"replace"|"add"|"subtract"} [mode]
   */
  select(rows, how, mode = "replace") {
    return this.set.combine(rows, mode, how);
  }

  shared() {
    return this.pins.shared();
  }

  changeSoon() {
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(() => this.link.write(), LINK_AFTER_MS);
  }

  back() {
    const former = this.trail.pop();
    if (former) this.walk(former, { remember: false });
  }

  /** What the offline page is made from. */
  offlineState() {
    const { view, colourBy } = this.disk.state();
    return { layout: this.layout(this.disk), view, colour: colourBy, row: this.answer?.row ?? null, pins: this.pins.rows(), ...this.coneSetting() };
  }

  /* ------------------------------------------------------------ walking */

  /**
   * Ask for a query's neighbourhood and show it; `remember` puts the place left behind on the trail, `raise` brings it in sight,
   * `quiet` leaves out the marks of its children.
   * @param {Query} next @param {Walk} [options]
   */
  walk(next, options) {
    return walk(this, next, options);
  }

  /** Select a place and bring the Explore tab to the front: other tabs lead here. @param {{row: number}} next */
  async goTo(next) {
    openTab("Explore");
    await this.walk(next);
  }

  /* ------------------------------------------------------------ showing */

  show() {
    const answer = this.present;
    this.picture.show({ ...answer.picture, url: this.api.url(answer.picture.url) });
    this.rows.show();
    /** @type {HTMLButtonElement} */ (this.find(".hv-back")).disabled = this.trail.length === 0;
    for (const part of [this.cone, this.pins, this.gallery, this.marks, this.words, this.corrections, this.sheet]) part.shown();
    this.hist.changed();
    this.link.write();
  }

  /** Address of the small picture of what is selected. */
  thumbOfAnswer() {
    const { thumb } = this.present;
    return thumb.startsWith("data:") ? thumb : this.api.url(thumb);
  }

  /** Resolves when the disks have come to rest. */
  showOnDisks() {
    const answer = this.present;
    const drawn = this.disks().map((disk) => this.showOn(disk));
    this.drawn = answer;
    this.announce(spokenOf(answer));
    return Promise.all(drawn);
  }

  /** The present answer on one disk. @param {Disk} disk */
  showOn(disk) {
    return showOn(this, disk);
  }

  /* ------------------------------------------------------------ what a person does */

  coneChanged() {
    if (this.wanted) this.walk(this.wanted, { raise: false });
  }

  /** Arrow keys on the disk, see explore/steps.js. @param {import("./steps.js").Step} direction */
  step(direction) {
    if (!this.answer) return;
    const next = stepFrom(this.answer, direction);
    if (next) this.walk(next);
    else this.announce(`No ${direction === "parent" || direction === "child" ? direction : "other box"} here.`);
  }

  listen() {
    const { find } = this;
    find(".hv-back").addEventListener("click", () => this.back());
    find(".hv-error button").addEventListener("click", () => (find(".hv-error").hidden = true));
    window.addEventListener("hashchange", () => location.reload()); // a link pasted into this very page
  }

  /* ------------------------------------------------------------ opening data and checkpoint */

  /** @param {HTMLElement} holder @param {import("../disk/plotly.js").Plotly|null|undefined} plotly null for the second disk @returns {Disk} */
  makeDisk(holder, plotly) {
    return makeDisk(this, holder, plotly);
  }

  /** @param {View} view */
  open(view) {
    return openView(this, view);
  }

  state() {
    const { view, query, answer } = this;
    const onDisk = this.drawn === answer; // the disk follows the lists by a frame
    return { view, query, answer, onDisk, disk: this.disk && this.disk.state(), set: this.set.get()?.size ?? 0, pins: this.pins.save().pins };
  }
}

/** The Explore tab in an element: what other tabs, tests and the console may ask of it. @param {HTMLElement} root */
export function mountExplorer(root) {
  const explorer = new Explorer(root);
  return {
    open: (/** @type {View} */ view) => explorer.open(view),
    walk: (/** @type {Query} */ query, /** @type {Walk|undefined} */ options) => explorer.walk(query, options),
    goTo: (/** @type {{row: number}} */ query) => explorer.goTo(query),
    disk: () => explorer.disk,
    second: () => explorer.second,
    answer: () => explorer.answer,
    link: () => explorer.link.write(),
    state: () => explorer.state(),
  };
}
