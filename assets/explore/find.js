/** After a search: the disk moves to what was found, the first of it is shown, and the marks of the item before are gone. */
import * as M from "../disk/math.js";

const SHARE = 0.9; // of the found points that must be in sight; a few strays do not hold the view back
const MARGIN = 0.86; // of the half side of the disk
const MOST_ZOOM = 8;

/**
 * The view that holds some points. @param {import("../disk/math.js").Point[]} points of the disk frame
 * @returns {import("../disk/disk.js").View} centre in the middle of them, zoomed as far as they allow
 */
export function viewAround(points) {
  if (!points.length) return {};
  /** @param {0|1} at */
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  /** @type {import("../disk/math.js").Point} */
  const centre = [mean(0), mean(1)];
  const reach = points.map((point) => Math.hypot(...M.translate(point, centre))).sort((a, b) => a - b);
  const far = reach[Math.min(reach.length - 1, Math.floor(SHARE * reach.length))];
  return { centre, zoom: Math.min(MOST_ZOOM, Math.max(1, MARGIN / Math.max(far, 1e-3))) };
}

/** @param {import("./explore.js").Explorer} x what the parts share */
export function findPart(x) {
  /**
   * Where a disk draws rows that it holds.
   * @param {import("../disk/disk.js").Disk} disk @param {Iterable<number>} rows @returns {import("../disk/math.js").Point[]}
   */
  function pointsOf(disk, rows) {
    const { paint } = disk;
    const places = Array.from(rows, (row) => paint.indexOf(row)).filter((i) => i >= 0);
    return places.map((i) => [paint.zx[i], paint.zy[i]]);
  }

  return {
    nodes: [],
    /** Show what a search has found. @param {import("../shared/bitset.js").Bits} set @param {number} first row of the item to be shown */
    async show(set, first) {
      await x.walk({ row: first }, { quiet: true });
      const rows = set.rows();
      for (const disk of x.disks()) await disk.setView(viewAround(pointsOf(disk, rows)), { animate: true });
    },
  };
}
