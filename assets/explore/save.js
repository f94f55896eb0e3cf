/** Take it away: a link, pictures of the disk as SVG, PDF and PNG, and one file that works without a server. */
import { toFullSVG, toPNG } from "../disk/export.js";
import { fullFigure } from "../disk/figure.js";
import { toPrinter } from "../disk/print.js";
import { el, save } from "../shared/dom.js";
import { action, menu } from "./parts.js";

/** The Save menu. @param {import("./explore.js").Explorer} x what the parts share */
export function savePart(x) {
  const picker = menu("Save");
  const note = el("p", "hv-note");
  /** @param {string} ending */
  const name = (ending) => `${x.view.name} disk.${ending}`.replace(/[^\w .-]+/g, "_");
  const paint = () => x.disk.paint;
  const scale = Object.assign(el("input"), { type: "number", min: "1", max: "16", step: "1", value: "3" });
  scale.setAttribute("aria-label", "PNG pixels per screen pixel");

  const svg = async () => save(new Blob([await toFullSVG(paint())], { type: "image/svg+xml" }), name("svg"));
  const png = async () => save(await toPNG(paint(), Math.min(16, Math.max(1, Number(scale.value) || 1))), name("png"));
  const offline = async () => save(await (await x.api.post("offline.html", x.offlineState())).blob(), name("html"));
  const copy = async () => {
    x.changed.now();
    await navigator.clipboard.writeText(location.href);
    note.textContent = x.answer?.row === null ? "Copied; an own picture is not part of a link." : "Copied.";
  };
  const width = Object.assign(el("input"), { type: "number", min: "20", max: "1000", step: "1", value: "85" });
  width.setAttribute("aria-label", "Width of the figure in millimetres");
  const about = () => ({ width: Number(width.value), facts: [`data: ${x.view.name}`, `checkpoint: ${x.view.checkpoint}`] });
  const figure = async () => {
    const made = await fullFigure(paint(), about());
    note.textContent = made.note;
    return made.svg;
  };
  const toPDF = async () => {
    const svg = await figure();
    const [, wide, high] = /** @type {RegExpMatchArray} */ (svg.match(/width="([\d.]+mm)" height="([\d.]+mm)"/));
    await toPrinter(svg, `${wide} ${high}`);
  };
  /** @param {string} title @param {string} hint @param {() => unknown} run @param {...Node} more */
  const row = (title, hint, run, ...more) =>
    el("div", "hv-save", action(title, run, x.complain, "hv-row"), ...more, el("small", "", hint));

  picker.body.append(
    x.views.node,
    row("Copy link", "Brings back data, checkpoint, view, pins and selection.", copy),
    row("SVG", "Vectors with ring labels, for papers.", svg),
    row("Figure", "mm wide: SVG for a paper, light on white, with legend, ω, data and checkpoint.", async () => save(new Blob([await figure()], { type: "image/svg+xml" }), name("figure.svg")), width),
    row("PDF", "The same figure; the print dialogue opens: choose “Save as PDF”.", toPDF),
    row("PNG", "times the screen's pixels", png, scale),
    row("Offline page", "One HTML file: pan, zoom, cones and pictures without a server.", offline),
    note,
  );
  picker.addEventListener("toggle", () => (note.textContent = ""));
  return { nodes: [picker] };
}
