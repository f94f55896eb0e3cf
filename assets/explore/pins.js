/**
 * Cones that stay: pinned one by one, and what lies inside all of them ("what do these have in common?"). The present
 * cone counts as one more while something is pinned. All cones follow the ω slider, or each its own aperture.
 */
import { Bits, isRow } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { fillStrip } from "./lists.js";

const MOST = 4; // as many as cones can be told apart by colour

/** @param {import("./types.js").Query|null} query */
const key = (query) => JSON.stringify(query);

/** @typedef {import("./types.js").ConeAnswer} ConeAnswer */
/** @typedef {{query: import("./types.js").Query, id: string|null, cone?: ConeAnswer}} Pinned   a place, its item id, and what the server said of its cone */

class PinsPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    /** @type {Pinned[]} */
    this.pins = [];
    this.asked = 0;
    /** @type {Bits|null} rows inside all cones */
    this.common = null;
    this.bar = x.find(".hv-pins");
    this.strip = x.find(".hv-common");
    this.pinButton = button("Pin cone", () => this.turn(), "hv-pin");
    this.pinButton.title = "Keep this cone while you go on, and see what several have in common (C)";
    this.nodes = [this.pinButton];
  }

  here() {
    return this.pins.findIndex((pin) => this.x.query && key(pin.query) === key(this.x.query));
  }

  queries() {
    return [...this.pins.map((pin) => pin.query), ...(this.pins.length && this.x.query && this.here() < 0 ? [this.x.query] : [])];
  }

  /** Pin the present cone, or let it go. */
  async turn() {
    if (!this.x.answer || !this.x.query) return;
    if (this.here() >= 0) return this.remove(this.here());
    if (this.x.present.how === "cosine") return this.x.announce("There is no cone here to pin: items are listed by similarity.");
    if (this.pins.length === MOST) return this.x.complain(new Error(`At most ${MOST} cones can be pinned; remove one first.`));
    this.pins.push({ query: this.x.query, id: this.x.present.id });
    this.x.announce(`Cone of ${this.x.present.picture.title} pinned, ${this.pins.length} in all.`);
    await this.refresh();
  }

  /** @param {number} at */
  async remove(at) {
    this.pins.splice(at, 1);
    await this.refresh();
  }

  /** Ask for every cone at the present half-angle, and for what they share; then show it. */
  async refresh() {
    const number = ++this.asked;
    const { omega, kind } = this.x.coneSetting();
    try {
      const all = this.queries();
      /** @type {ConeAnswer[]} */
      const cones = await Promise.all(this.pins.map(({ query }) => this.x.api.ask("cone", { query, omega, kind })));
      /** @type {(import("./types.js").Page & {members: string})|null} */
      const found = all.length > 1 ? await this.x.api.ask("common", { queries: all, omega, kind }) : null;
      if (number !== this.asked) return; // a later question has overtaken this one
      this.pins.forEach((pin, i) => (pin.cone = cones[i]));
      this.common = found && Bits.decode(found.members, this.x.view.count);
      this.write();
      this.writeCommon(found, all.length);
      for (const disk of this.x.disks()) this.draw(disk);
    } catch (error) {
      if (number === this.asked) this.x.complain(error);
    }
    this.x.changed();
  }

  /** What `save` wrote. @param {string} name @returns {Promise<Pinned>} */
  async pinOf(name) {
    if (name.startsWith("~")) return { id: null, query: { text: decodeURIComponent(name.slice(1)) } };
    return { id: name, query: await this.x.api.get(`row/${encodeURIComponent(name)}`) };
  }

  /** @param {import("../disk/disk.js").Disk} disk */
  draw(disk) {
    const placed = this.pins.flatMap(({ cone }) => {
      if (!cone) return [];
      const place = cone.row === null ? { polar: { angle: cone.angles[this.x.layout(disk)], radius: cone.radius } } : { row: cone.row };
      return [{ ...place, omega: cone.omega }];
    });
    return disk.setPins(placed, this.common);
  }

  write() {
    this.pinButton.textContent = this.here() >= 0 ? "Unpin cone" : "Pin cone";
    this.pinButton.disabled = !this.x.answer || (this.x.present.how === "cosine" && this.here() < 0); // a cone is there to be pinned
    this.bar.hidden = !this.pins.length;
    this.bar.replaceChildren(
      ...this.pins.map(({ query, cone }, i) => {
        const chip = el("span", `hv-chip hv-chip-${i}`, el("b", "", String(i + 1)));
        chip.append(button(cone?.label || "…", () => this.x.walk(query), ""));
        const close = button("×", () => this.remove(i), "");
        close.setAttribute("aria-label", `Remove the cone of ${cone?.label}`);
        chip.append(close);
        return chip;
      }),
    );
  }

  /** @param {import("./types.js").Page|null} found @param {number} cones how many */
  writeCommon(found, cones) {
    this.strip.hidden = !found;
    if (!found) return;
    this.bar.append(el("span", "hv-common-count", `${count(found.total)} ${found.total === 1 ? "item lies" : "items lie"} inside all ${cones} cones`));
    const content = { title: "In common", cards: found.items, total: found.total, order: `inside all ${cones} cones, closest to their axes first` };
    fillStrip(this.strip, "common", content, this.x.thumbUrl, (row) => this.x.walk({ row }));
  }

  /** After a new answer: the present cone may be one more, or another one. */
  async shown() {
    this.write();
    if (this.pins.length) await this.refresh();
  }

  shared() {
    return this.common;
  }

  rows() {
    return this.pins.map(({ query }) => query.row).filter(isRow);
  }

  opened() {
    this.pins = [];
    this.common = null;
    this.asked++;
    this.strip.hidden = true;
    this.write();
  }

  /** Items by their id, words after a "~"; an own picture is not part of a link. */
  save() {
    return { pins: this.pins.map(({ id, query }) => id || (query.text && `~${encodeURIComponent(query.text)}`)).filter(Boolean).join(",") || null };
  }

  /** @param {import("./types.js").Link} link */
  async restore({ pins: saved }) {
    const names = (saved || "").split(",").filter(Boolean).slice(0, MOST);
    const found = await Promise.allSettled(names.map((name) => this.pinOf(name)));
    this.pins = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    if (this.pins.length) await this.refresh();
    const failed = found.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason; // the others are there all the same
  }
}

/** Pinned cones and what they have in common. @param {import("./explore.js").Explorer} x what the parts share */
export const pinsPart = (x) => new PinsPart(x);
