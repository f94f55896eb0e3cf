/** What the disk shows beside points: the Colour and Show menus (pictures, edges, kind of cone). */
import { colourModes } from "../disk/colours.js";
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
  { value: "angle", title: "One width for all", hint: "The cone that retrieval uses: the same half-angle ω everywhere, set by the slider." },
  { value: "aperture", title: "Narrower farther out", hint: "Ganea's aperture, asin(2K / sinh √c·r) with K = 0.1: it follows from the distance to the root." },
];

export function showPart(x) {
  const colour = menu("Colour");
  const show = menu("Show");
  let edges = "image";
  let cone = "angle";
  let every = null; // edges of the whole data set, once asked for

  const pictures = toggle("Pictures on the disk (P)", "The most telling items as thumbnails, swapped as you navigate.", (on) => showPictures(on));
  const edgeChoice = choices("Edges, parent → child", EDGES, edges, (value) => chooseEdges(value));
  const coneChoice = choices("Cone", CONES, cone, (value) => chooseCone(value));
  show.body.append(pictures, edgeChoice, coneChoice, el("p", "hv-note"));

  function showPictures(on) {
    pictures.input.checked = on;
    for (const disk of x.disks()) disk.setPictures(on);
    x.changed();
  }

  async function chooseColour(by) {
    for (const disk of x.disks()) await disk.setColour(by);
    writeColour();
    x.changed();
  }

  function writeColour() {
    const modes = colourModes(x.disk.paint);
    const { by, title } = x.disk.paint.points.colours();
    colour.rename("Colour: ", el("b", "", title));
    colour.body.replaceChildren(choices("Colour by", modes.map((m) => ({ value: m.by, title: m.title })), by, chooseColour));
  }

  async function chooseEdges(value) {
    edges = value;
    edgeChoice.choose(value);
    try {
      if (value === "all") every ||= await x.api.get("edges");
      for (const disk of x.disks()) drawEdges(disk);
      show.body.querySelector(".hv-note").textContent =
        value === "all" ? `Showing ${count(x.disk.state().edges)} of ${count(every.total)} edges: ${every.how}.` : "";
    } catch (error) {
      x.complain(error);
    }
    x.changed();
  }

  /** The pairs of the present choice, to one disk. */
  function drawEdges(disk) {
    const own = x.answer?.edges || [];
    const row = x.answer?.row;
    const pairs = {
      none: () => [],
      selection: () => own.filter((pair) => pair.includes(row)),
      image: () => own,
      all: () => every?.pairs || [],
    };
    disk.setEdges(pairs[edges]());
  }

  function chooseCone(value) {
    cone = value;
    coneChoice.choose(value);
    x.root.classList.toggle("hv-aperture", value === "aperture");
    x.coneChanged();
    x.changed();
  }

  return {
    nodes: [colour, show],
    drawEdges,
    cone: () => cone,
    togglePictures: () => showPictures(!pictures.input.checked),
    opened() {
      every = null;
      writeColour();
      coneChoice.querySelector("[value=aperture]").disabled = x.disk.paint.space.geometry === "cosine";
      if (edges === "all") return chooseEdges("image");
    },
    save: () => ({
      colour: x.disk.state().colourBy === "branch" ? null : x.disk.state().colourBy,
      pictures: pictures.input.checked ? "1" : null,
      edges: edges === "image" ? null : edges,
      cone: cone === "angle" ? null : cone,
    }),
    async restore(saved) {
      if (saved.colour) await chooseColour(saved.colour);
      if (saved.pictures) showPictures(true);
      if (EDGES.some(({ value }) => value === saved.edges)) await chooseEdges(saved.edges);
      if (saved.cone === "aperture") chooseCone("aperture");
    },
  };
}
