/**
 * Points through plotly's scattergl: the one WebGL figure of the page. See disk/points.js for what a group is.
 *
 * @typedef {import("./points.js").PointGroup} PointGroup
 * @typedef {Object} Plotly   what is used of plotly.js
 * @property {(node: HTMLElement, traces: object[], layout: object, options: object) => Promise<unknown>} react
 * @property {(node: HTMLElement, changes: object) => unknown} restyle
 * @property {(node: HTMLElement) => void} purge
 * @property {(figure: object, options: object) => Promise<string>} toImage   its address
 *
 * @typedef {{scatter2d?: {update?: (options: object[]) => void}, count: number, draw: () => void}} Scene
 * @typedef {{regl?: {clear: (what: object) => void}}} GlCanvas
 * @typedef {{on: (event: string, run: (event: any) => void) => void, _fullLayout?: {_plots?: {xy?: {_scene?: Scene}},
 *   _glcanvas?: {each: (run: (canvas: GlCanvas) => void) => void}}}} Plotted   what plotly adds to a node, and what it keeps to itself
 */
import { el } from "../shared/dom.js";

const SOFTWARE_LIMIT = 10000; // points that a processor draws quickly at double density

export class PlotlyPoints {
  /** @param {HTMLElement} element plotly makes a figure of it @param {Plotly} plotly @param {() => void} onLost after the WebGL context was lost */
  constructor(element, plotly, onLost) {
    this.element = /** @type {HTMLElement & Plotted} */ (element);
    this.plotly = plotly;
    this.onLost = onLost;
    this.fresh = true;
    this.inSoftware = isInSoftware();
  }

  /**
   * New traces: after a load, a selection, a resize, a change of colours. Not while dragging.
   * @param {PointGroup[]} groups @param {import("./points.js").PointLook} look
   */
  async draw(groups, { size, reach, face, tint, opacity }) {
    const axis = () => ({ range: [-reach, reach], visible: false, fixedrange: true });
    const layout = {
      width: size,
      height: size,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      xaxis: axis(),
      yaxis: axis(),
      showlegend: false,
      hovermode: false,
      dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
    };
    const traces = groups.map((group) => ({
      type: "scattergl",
      mode: "markers",
      x: group.x,
      y: group.y,
      opacity: opacity(group),
      marker: { size: group.size, color: group.colour, opacity: 1, line: { width: group.member ? 1 : group.lit ? 0.7 : 0, color: group.member ? tint : face } },
      hoverinfo: "skip",
    }));
    const count = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    const ratio = devicePixelRatio || 1; // points look better drawn larger and shrunk
    const plotGlPixelRatio = this.inSoftware && count > SOFTWARE_LIMIT ? ratio : Math.max(2, ratio);
    await this.plotly.react(this.element, traces, layout, { staticPlot: true, displayModeBar: false, plotGlPixelRatio });
    if (this.fresh) this.element.on("plotly_webglcontextlost", () => this.recover());
    this.fresh = false;
  }

  /**
   * New positions. `restyle` computes every trace anew (40 ms for 5,000 points); the scatter object that it ends in
   * takes 1 ms, so it is called directly where this plotly has it, and `restyle` is the way otherwise.
   * @param {PointGroup[]} groups
   */
  push(groups) {
    if (this.update(groups.map(({ flat }) => ({ positions: flat })))) return;
    this.plotly.restyle(this.element, { x: groups.map((group) => group.x), y: groups.map((group) => group.y) });
  }

  /** @param {PointGroup[]} groups @param {(group: PointGroup) => number} of @returns {boolean} whether it could be done without drawing anew */
  opacity(groups, of) {
    return this.update(groups.map((group) => ({ opacity: of(group) })));
  }

  /** Change options of plotly's scatter object, one per trace, and draw; false where there is none. @param {object[]} options @returns {boolean} */
  update(options) {
    const full = this.element._fullLayout;
    const scene = full?._plots?.xy?._scene;
    if (!scene?.scatter2d?.update || !full?._glcanvas || scene.count !== options.length) return false;
    scene.scatter2d.update(options);
    full._glcanvas.each((canvas) => canvas.regl?.clear({ color: true, depth: true }));
    scene.draw();
    return true;
  }

  /** The browser took the WebGL context away (sleep, too many pages): start plotly anew. */
  recover() {
    this.destroy();
    return this.onLost();
  }

  destroy() {
    this.plotly.purge(this.element);
    this.fresh = true;
  }
}

/** What a look at a new WebGL context finds, null where there is none. @template T @param {(context: WebGLRenderingContext) => T} look */
function probe(look) {
  const context = el("canvas").getContext("webgl");
  const found = context && look(context);
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts: give this one back
  return found;
}

/** Whether this browser can draw with WebGL now. @returns {boolean} */
export const hasWebGL = () => Boolean(probe(() => true));

/** Whether the processor draws in place of a graphics card: a virtual machine, a remote desktop. */
const isInSoftware = () =>
  Boolean(
    probe((context) => {
      const names = context.getExtension("WEBGL_debug_renderer_info");
      return names && /swiftshader|llvmpipe|softpipe|basic render/i.test(context.getParameter(names.UNMASKED_RENDERER_WEBGL));
    }),
  );

