/** What a disk shows, in numbers: for tests and for saved views. */
import { PlotlyPoints } from "./plotly.js";

/** @param {import("./disk.js").Disk} disk */
export function stateOf(disk) {
  const { paint, look } = disk;
  /** @param {boolean} lit */
  const sum = (lit) => paint.points.groups.reduce((total, g) => total + (g.lit === lit ? g.rows.length : 0), 0);
  const { cone } = paint.lines;
  return {
    n: paint.n,
    drawn: sum(true) + sum(false),
    lit: sum(true),
    dimmed: sum(false),
    size: paint.size,
    webgl: paint.points.renderer instanceof PlotlyPoints,
    view: { centre: [...paint.view.centre], zoom: paint.view.zoom },
    colourBy: paint.n ? paint.points.colours().by : look.colourBy,
    theme: look.theme,
    highlight: look.highlight,
    hovered: look.hovered?.row ?? -1,
    omega: look.omega,
    selected: look.selection?.row ?? null,
    apex: paint.n ? paint.lines.apex() : null,
    cone: cone && { left: cone.far.left, right: cone.far.right },
    rings: paint.lines.rings,
    focus: paint.focus && { at: paint.focus.at, omega: paint.focus.omega, rings: paint.focus.rings, ticks: paint.focus.ticks },
    extra: look.extra.length,
    pins: look.pins.length,
    edges: paint.edges.count,
    pictures: [...paint.thumbs.images].filter(([, image]) => !image.hidden).map(([i]) => paint.rowAt(i)),
    tool: disk.gestures.tool,
  };
}
