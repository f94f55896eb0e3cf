/** What the disk shows beside points: the Colour and Show menus (pictures, edges, kind of cone). */
import { colourModes, firstMode } from "../disk/colours.js";
import { isRow } from "../shared/bitset.js";
import { el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { choices, menu, toggle } from "./parts.js";

const EDGES = [
  { value: "none", title: "None" },
  { value: "selection", title: "Of the selected item" },
  { value: "image", title: "Of its picture" },
  { value: "all", title: "All that can be drawn" },
];
const CONES = [
  { value: "angle", title: "As retrieval uses it", hint: "Calibrated by levels of the distance to the root, or one half-angle ω for all, set by the slider." },
  { value: "aperture", title: "Narrower farther out", hint: "Ganea's aperture, asin(2K / sinh √c·r) with K = 0.1: it follows from the distance to the root." },
];

/** @typedef {"none"|"selection"|"image"|"all"} EdgeChoice */

class ShowPart {
  /** @param {import("./explore.js").Explorer} x what the parts share */
  constructor(x) {
    this.x = x;
    this.colour = menu("Colour");
    this.show = menu("Show");
    /** @type {EdgeChoice} */
    this.edges = "image";
    /** @type {"angle"|"aperture"} */
    this.kind = "angle";
    /** @type {{pairs: number[][], total: number, how: string}|null} edges of the whole data set, once asked for */
    this.every = null;

    this.pictures = toggle("Pictures on the disk (P)", "The most telling items as thumbnails, swapped as you navigate.", (on) => this.showPictures(on));
    this.edgeChoice = choices("Edges, parent → child", EDGES, this.edges, (value) => this.chooseEdges(value));
    this.coneChoice = choices("Cone", CONES, this.kind, (value) => this.chooseCone(value));
    this.note = el("p", "hv-note");
    this.show.body.append(this.pictures, this.edgeChoice, this.coneChoice, this.note);
    this.nodes = [this.colour, this.show];
  }

  /** @param {boolean} on */
  showPictures(on) {
    this.pictures.input.checked = on;
    for (const disk of this.x.disks()) disk.setPictures(on);
    this.x.changed();
  }

  /** @param {string} by */
  async chooseColour(by) {
    for (const disk of this.x.disks()) await disk.setColour(by);
    this.writeColour();
    this.x.changed();
  }

  writeColour() {
    const modes = colourModes(this.x.disk.paint);
    const { by, title } = this.x.disk.paint.points.colours();
    this.colour.rename("Colour: ", el("b", "", title));
    this.colour.body.replaceChildren(choices("Colour by", modes.map((m) => ({ value: m.by, title: m.title })), by, (by) => this.chooseColour(by)));
  }

  /** @param {string} value */
  async chooseEdges(value) {
    this.edges = /** @type {EdgeChoice} */ (value);
    this.edgeChoice.choose(value);
    try {
      if (value === "all") this.every ||= await this.x.api.get("edges");
      for (const disk of this.x.disks()) this.drawEdges(disk);
      this.note.textContent =
        value === "all" && this.every ? `Showing ${count(this.x.disk.state().edges)} of ${count(this.every.total)} edges: ${this.every.how}.` : "";
    } catch (error) {
      this.x.complain(error);
    }
    this.x.changed();
  }

  /** The pairs of the present choice, to one disk. @param {import("../disk/disk.js").Disk} disk */
  drawEdges(disk) {
    const own = this.x.answer?.edges || [];
    const row = this.x.answer?.row;
    const pairs = {
      none: () => [],
      selection: () => own.filter((pair) => isRow(row) && pair.includes(row)),
      image: () => own,
      all: () => this.every?.pairs || [],
    };
    disk.setEdges(pairs[this.edges]());
  }

  /** @param {string} value */
  chooseCone(value) {
    this.kind = /** @type {"angle"|"aperture"} */ (value);
    this.coneChoice.choose(value);
    this.x.root.classList.toggle("hv-aperture", value === "aperture");
    this.x.coneChanged();
    this.x.changed();
  }

  cone() {
    return this.kind;
  }

  togglePictures() {
    return this.showPictures(!this.pictures.input.checked);
  }

  opened() {
    this.every = null;
    this.writeColour();
    /** @type {HTMLInputElement} */ (this.coneChoice.querySelector("[value=aperture]")).disabled = this.x.disk.paint.space.geometry === "cosine";
    if (this.edges === "all") return this.chooseEdges("image");
  }

  save() {
    return {
      colour: this.x.disk.state().colourBy === firstMode(this.x.disk.paint) ? null : this.x.disk.state().colourBy,
      pictures: this.pictures.input.checked ? "1" : null,
      edges: this.edges === "image" ? null : this.edges,
      cone: this.kind === "angle" ? null : this.kind,
    };
  }

  /** @param {import("./types.js").Link} saved */
  async restore(saved) {
    if (saved.colour) await this.chooseColour(saved.colour);
    if (saved.pictures) this.showPictures(true);
    if (EDGES.some(({ value }) => value === saved.edges)) await this.chooseEdges(saved.edges);
    if (saved.cone === "aperture") this.chooseCone("aperture");
  }
}

/** The Colour and Show menus. @param {import("./explore.js").Explorer} x what the parts share */
export const showPart = (x) => new ShowPart(x);
