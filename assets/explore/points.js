/**
 * Points beyond those that came first. Of a large data set the disk holds a sample; what an answer names and what is
 * zoomed into is fetched, and a lasso is decided by the server, which knows all of them.
 */
import { Bits, isRow } from "../shared/bitset.js";

const MORE = 5000; // points loaded at once

/** @typedef {import("../disk/disk.js").Disk} Disk */

/** Points beyond the sample that came first. @param {import("./explore.js").Explorer} x what the parts share */
export function pointsPart(x) {
  /** @param {Disk} disk */
  const sampled = (disk) => Boolean(disk.paint.places);

  /** @param {Disk} disk @param {string} route @param {object} body */
  async function add(disk, route, body) {
    const answer = await x.api.post(route, { layout: x.layout(disk), ...disk.frame(), ...body });
    await disk.addPoints(await answer.arrayBuffer());
  }

  return {
    /** Points that the present answer names. */
    async fetchNamed() {
      const { row, children, parents, path } = x.present;
      const named = [row, ...[...children, ...parents, ...path].map((item) => item.row)].filter(isRow);
      for (const disk of x.disks().filter(sampled)) {
        const missing = named.filter((one) => disk.paint.indexOf(one) < 0);
        if (missing.length) await add(disk, "rows", { rows: missing });
      }
    },

    /** More of the points in sight of a disk at rest, unless all of it is in sight. @param {Disk} disk @param {import("../disk/disk.js").View} view */
    async fetchMore(disk, view) {
      const { paint } = disk;
      if (!sampled(disk) || (view.zoom === 1 && Math.hypot(...(view.centre ?? [0, 0])) < 1e-6)) return;
      const corners = [[0, 0], [paint.size, 0], [paint.size, paint.size], [0, paint.size]]; // prettier-ignore
      const polygon = corners.map((corner) => paint.toView(corner));
      await add(disk, "more", { polygon, view, budget: MORE }).catch(x.complain);
    },

    /** What lies inside a lasso or box becomes the selected set. @param {Disk} disk @param {Uint32Array} rows @param {import("../disk/disk.js").Drawn} drawn */
    async surround(disk, rows, { polygon, view, how }) {
      const { count } = x.view;
      try {
        let found = Bits.of(rows, count);
        if (sampled(disk)) {
          const answer = await x.api.ask("select_region", { layout: x.layout(disk), ...disk.frame(), polygon, view });
          found = Bits.decode(answer.members, count);
        }
        await x.select(found, "lasso", how);
      } catch (error) {
        x.complain(error);
      }
    },
  };
}
