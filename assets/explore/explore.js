/**
 * The Explore tab: the disk on the left; picture, children, parents and path on the right.
 *
 *   const explorer = mountExplorer(element);
 *   await explorer.open(view);   // view: what `View.describe()` sends, see hypviz/explore/view.py
 *
 * A place in the hierarchy is a query: {row} an item, {image, box} a box drawn on one of the data set's pictures,
 * {upload, box?} an own picture, {text} typed words. Every answer of the server says all there is to show; this file only shows it. The
 * menus and panels around it are parts (explore/*.js): each is given `x`, what they share, and keeps its own state.
 */
import { createDisk } from "../disk/disk.js";
import { Bits } from "../shared/bitset.js";
import { openTab, painted } from "../shared/dom.js";
import { distance } from "../shared/format.js";
import { Api } from "../shared/http.js";
import { createPicture } from "../shared/picture.js";
import { conePart } from "./cone.js";
import { correctionsPart } from "./corrections.js";
import { findPart } from "./find.js";
import { EXPLORE_FRAME } from "./frame.js";
import { galleryPart } from "./gallery.js";
import { histPart } from "./hist.js";
import { keysPart } from "./keys.js";
import { layoutsPart } from "./layouts.js";
import { linkPart, readLink } from "./link.js";
import { marksPart } from "./marks.js";
import { noticePart } from "./notice.js";
import { pinsPart } from "./pins.js";
import { pointsPart } from "./points.js";
import { rowsPart } from "./rows.js";
import { savePart } from "./save.js";
import { selectPart } from "./select.js";
import { setPart } from "./set.js";
import { sheetPart } from "./sheet.js";
import { showPart } from "./show.js";
import { uploadPart } from "./upload.js";
import { viewsPart } from "./views.js";
import { wordsPart } from "./words.js";

const LINK_AFTER_MS = 250;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Explorer {
  /** @param {HTMLElement} root */
  constructor(root) {
    root.innerHTML = EXPLORE_FRAME;
    this.root = root;
    /** @type {any} what `View.describe()` sent */
    this.view = null;
    this.disk = null;
    this.second = null;
    /** @type {any} the present place */
    this.query = null;
    /** @type {any} the server's answer about it */
    this.answer = null;
    this.drawn = null;
    /** @type {any} an Api, once a view is open */
    this.api = null;
    this.trail = [];
    this.asked = 0; // number of the newest question: late answers to older ones are not shown
    this.wanted = null; // the place asked for last: `query`, or the one still on its way
    this.places = 0; // how many places were asked for
    this.find = (name) => root.querySelector(name);
    this.picture = createPicture(this.find(".hv-now"), {
      caption: this.find(".hv-caption"),
      onPick: (query) => this.walk(query),
      onDraw: (box) => this.walk({ ...this.answer.picture.place, box }),
    });
    this.changed = Object.assign(() => this.changeSoon(), { now: () => this.link.write() });
    for (const name of ["walk", "complain", "announce", "thumbUrl", "select"]) this[name] = this[name].bind(this);
    this.buildParts();
    this.listen();
  }

  buildParts() {
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
    const keys = keysPart(this);
    /** @type {any[]} */
    this.parts = [this.layouts, this.shows, this.selects, this.gallery, this.hist, this.corrections, savePart(this), uploadPart(this), this.notice, this.sheet];
    const [[layout, scores], ...others] = this.parts.map((part) => part.nodes);
    this.find(".hv-bar").prepend(layout, ...others.flat());
    this.find(".hv-bar").append(...keys.nodes);
    this.find(".hv-left").append(scores);
    this.find(".hv-cone").append(...this.pins.nodes);
  }

  /* ------------------------------------------------------------ what the parts share */

  thumbUrl(row) {
    return this.api.url(`thumb/${row}`);
  }

  /** The disks that are open, the first one first. */
  disks() {
    return [this.disk, this.second].filter(Boolean);
  }

  layout(disk) {
    return this.layouts.layout(disk);
  }

  /** The cone as set: a half-angle in radians, or null for the calibrated one. @returns {{omega: number|null, kind: "angle"|"aperture"}} */
  coneSetting() {
    return { omega: this.cone.omega(), kind: /** @type {"angle"|"aperture"} */ (this.shows.cone()) };
  }

  complain(error) {
    const box = this.find(".hv-error");
    box.querySelector("span").textContent = error.message;
    box.hidden = false;
  }

  announce(text) {
    this.find(".hv-sr").textContent = text;
  }

  /** Take rows as the selected set. @param {Bits} found @param {string} how in a word @param {"replace"|"add"|"subtract"} [mode] */
  select(found, how, mode = "replace") {
    return this.set.combine(found, mode, how);
  }

  shared() {
    return this.pins.shared();
  }

  changeSoon() {
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(() => this.link.write(), LINK_AFTER_MS);
  }

  back() {
    if (this.trail.length) this.walk(this.trail.pop(), { remember: false });
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
   */
  async walk(next, { remember = true, raise = remember, quiet = false } = {}) {
    if (!this.view) return;
    const number = ++this.asked;
    if (!same(next, this.wanted)) this.places++;
    this.wanted = next;
    const { omega, kind } = this.coneSetting();
    try {
      const asked = kind === "angle" ? omega : (await this.api.ask("cone", { query: next, omega, kind })).omega;
      const result = await this.api.ask("select", { query: next, omega: asked, by: this.rows.by() });
      if (number !== this.asked) return;
      if (remember && this.query && !same(this.query, next)) this.trail.push(this.query);
      this.query = next;
      this.answer = result;
      this.wide = result.omega;
      this.quiet = quiet;
      this.byHand = this.byHand || remember;
      this.find(".hv-error").hidden = true;
      this.show();
      if (raise) this.sheet.raise();
      await painted(); // the children are on the screen before the disk is drawn anew
      await this.points.fetchNamed();
      if (number === this.asked) await this.showOnDisks();
    } catch (error) {
      if (number !== this.asked) return;
      this.wanted = this.query;
      this.complain(error);
    }
  }

  /** Select a place and bring the Explore tab to the front: other tabs lead here. @param {{row: number}} next */
  async goTo(next) {
    openTab("Explore");
    await this.walk(next);
  }

  /* ------------------------------------------------------------ showing */

  show() {
    const { answer } = this;
    this.picture.show({ ...answer.picture, url: this.api.url(answer.picture.url) });
    this.rows.show();
    this.find(".hv-back").disabled = this.trail.length === 0;
    for (const part of [this.cone, this.pins, this.gallery, this.marks, this.words, this.corrections, this.sheet]) part.shown();
    this.hist.changed();
    this.link.write();
  }

  /** Address of the small picture of what is selected. */
  thumbOfAnswer() {
    const { thumb } = this.answer;
    return thumb.startsWith("data:") ? thumb : this.api.url(thumb);
  }

  /** Resolves when the disks have come to rest. */
  showOnDisks() {
    const { answer } = this;
    const drawn = this.disks().map((disk) => this.showOn(disk));
    this.drawn = answer;
    const { picture, radius, how, members_total: inside, parents_total: above } = answer;
    const around = how === "cosine" ? `${inside} most similar` : `${inside} in its cone, ${above} parents`;
    this.announce(`${picture.title}, ${distance(radius)} from the root, ${around}.`);
    return Promise.all(drawn);
  }

  /** The present answer on one disk. */
  showOn(disk) {
    const { answer } = this;
    if (!answer || !disk.paint.n) return;
    const own = answer.row === null;
    const polar = { angle: answer.angles[this.layout(disk)] ?? answer.angle, radius: answer.radius };
    const thumb = this.thumbOfAnswer();
    const rows = (cards) => cards.map((item) => item.row);
    disk.setExtra(own ? [{ ...polar, label: answer.picture.title, thumb }] : []);
    disk.setOmega(answer.how === "cosine" ? null : this.wide);
    this.shows.drawEdges(disk);
    this.pins.draw(disk);
    this.set.draw(disk);
    return disk.setSelection({
      query: answer.how === "cosine" ? null : this.query,
      row: answer.row,
      polar: own ? polar : null,
      members: answer.how === "cosine" ? [] : Bits.decode(answer.members, this.view.count),
      children: this.quiet ? [] : this.rows.ringed(),
      parents: this.quiet ? [] : rows(answer.parents),
      path: rows(answer.path),
    });
  }

  /* ------------------------------------------------------------ what a person does */

  coneChanged() {
    if (this.wanted) this.walk(this.wanted, { raise: false });
  }

  /** Arrow keys on the disk: the best parent or child, and the other boxes of the same picture. */
  step(direction) {
    if (!this.answer) return;
    const nearest = (cards) => cards.reduce((best, c) => (!best || c.angle < best.angle ? c : best), null);
    const { parents, children } = this.answer;
    const target = direction === "parent" ? nearest(parents) : direction === "child" ? nearest(children) : this.sibling(direction);
    if (target) this.walk(target.query || { row: target.row });
    else this.announce(`No ${direction === "parent" || direction === "child" ? direction : "other box"} here.`);
  }

  sibling(direction) {
    const { picture: { boxes }, row } = this.answer; // prettier-ignore
    if (!boxes.length) return null;
    const here = boxes.findIndex((box) => box.row === row);
    return boxes[(here + (direction === "sibling+" ? 1 : boxes.length - 1) + boxes.length) % boxes.length];
  }

  listen() {
    const { find } = this;
    find(".hv-back").addEventListener("click", () => this.back());
    find(".hv-error button").addEventListener("click", () => (find(".hv-error").hidden = true));
    window.addEventListener("hashchange", () => location.reload()); // a link pasted into this very page
  }

  /* ------------------------------------------------------------ opening data and checkpoint */

  /** @param {HTMLElement} holder @param {Object|null} plotly null for the second disk */
  makeDisk(holder, plotly) {
    const disk = createDisk(holder, {
      plotly,
      onPick: (row) => this.walk({ row }),
      onToggle: (row) => this.set.turn(row),
      onLasso: (rows, drawn) => this.points.surround(disk, rows, drawn),
      onPickExtra: () => this.query && this.walk(this.query, { remember: false, raise: true }),
      onStep: (direction) => this.step(direction),
      onView: (view) => {
        this.changed();
        this.points.fetchMore(disk, view);
      },
      announce: this.announce,
      thumbUrl: this.thumbUrl,
      focus: holder.matches(".hv-second") ? null : async (body) => (await this.api.post("focus", body)).arrayBuffer(),
    });
    return disk;
  }

  async open(view) {
    const first = !this.view;
    const link = first ? readLink() : {};
    this.view = view;
    this.api = new Api(view.key);
    this.query = null;
    this.wanted = null;
    this.answer = null;
    this.drawn = null;
    this.byHand = false;
    this.trail = [];
    const number = ++this.asked;
    this.places++;
    this.find(".hv-error").hidden = true;
    this.cone.start(link.omega);
    this.disk ||= this.makeDisk(this.find(".hv-disk"), window.Plotly);
    try {
      await this.disk.load(this.api.url("points"));
      for (const part of [this.pins, this.set, this.words, this.marks, ...this.parts]) await part.opened?.();
      if (number !== this.asked) return; // another view was opened meanwhile
      await this.link.restore(link);
    } catch (error) {
      this.complain(error);
    }
    this.root.dataset.ready = view.key;
    this.layouts.scored();
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
    open: (view) => explorer.open(view),
    walk: (query, options) => explorer.walk(query, options),
    goTo: (query) => explorer.goTo(query),
    disk: () => explorer.disk,
    second: () => explorer.second,
    answer: () => explorer.answer,
    link: () => explorer.link.write(),
    state: () => explorer.state(),
  };
}
