/** Which radius scale the disk is drawn with, and a warning where the stretched one makes much of little. */
import { button, el } from "../shared/dom.js";

/**
 * Draw with another radius scale; a layout around the selection is asked for anew.
 * @param {import("./disk.js").Disk} disk @param {"stretched"|"linear"} name
 */
export async function setScale(disk, name) {
  const { paint, focus } = disk;
  if (!paint.n || paint.scaleName === name) return;
  paint.scaleName = name;
  paint.stretch();
  paint.turn(paint.angle);
  disk.writeCaption();
  await (paint.focus && focus.selection ? (focus.busy = focus.enter(focus.selection)) : paint.rebuild());
}

/**
 * What to say about the scale: nothing while it is the usual one and the radii differ enough.
 * @param {import("./disk.js").Disk} disk @returns {Node[]}
 */
export function scaleNote(disk) {
  const { header, scaleName } = disk.paint;
  const linear = scaleName === "linear";
  if (typeof header.narrow !== "number" && !linear) return [];
  const share = `${Number((100 * (header.narrow ?? 0)).toPrecision(2))} %`;
  const words = linear
    ? "radius drawn in proportion to the true distance "
    : `nearly all distances to the root lie within ${share} of each other: the scale stretches a small difference `;
  const other = button(linear ? "Stretched scale" : "Linear scale", () => setScale(disk, linear ? "stretched" : "linear"), "hd-scale");
  return [el("span", "hd-scale-note", words, other)];
}

