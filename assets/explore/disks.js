/** The disks of the Explore tab: how they are made, and how the present answer is shown on them. */
import { createDisk } from "../disk/disk.js";
import { Bits } from "../shared/bitset.js";
import { distance } from "../shared/format.js";

/** @typedef {import("../disk/disk.js").Disk} Disk */

/** Rows of cards. @param {{row: number}[]} cards */
const rowsOf = (cards) => cards.map((item) => item.row);

/**
 * @param {import("./explore.js").Explorer} x @param {HTMLElement} holder
 * @param {import("../disk/plotly.js").Plotly|null|undefined} plotly null for the second disk
 */
export function makeDisk(x, holder, plotly) {
  /** @type {Disk} */
  const disk = createDisk(holder, {
    plotly,
    onPick: (row) => x.walk({ row }),
    onToggle: (row) => x.set.turn(row),
    onLasso: (rows, drawn) => x.points.surround(disk, rows, drawn),
    onPickExtra: () => x.query && x.walk(x.query, { remember: false, raise: true }),
    onStep: (direction) => x.step(direction),
    onView: (view) => {
      x.changed();
      x.points.fetchMore(disk, view);
    },
    announce: x.announce,
    thumbUrl: x.thumbUrl,
    scored: true,
    focus: holder.matches(".hv-second") ? null : async (body) => (await x.api.post("focus", body)).arrayBuffer(),
  });
  return disk;
}

/** The present answer on one disk. @param {import("./explore.js").Explorer} x @param {Disk} disk */
export function showOn(x, disk) {
  const { answer } = x;
  if (!answer || !disk.paint.n) return;
  const own = answer.row === null;
  const polar = { angle: answer.angles[x.layout(disk)] ?? answer.angle, radius: answer.radius };
  const thumb = x.thumbOfAnswer();
  disk.setExtra(own ? [{ ...polar, label: answer.picture.title, thumb }] : []);
  disk.setOmega(answer.how === "cosine" ? null : x.wide);
  x.shows.drawEdges(disk);
  x.pins.draw(disk);
  x.set.draw(disk);
  return disk.setSelection({
    query: answer.how === "cosine" ? null : x.query,
    row: answer.row,
    polar: own ? polar : null,
    members: answer.how === "cosine" ? [] : Bits.decode(answer.members, x.view.count),
    children: x.quiet ? [] : x.rows.ringed(),
    parents: x.quiet ? [] : rowsOf(answer.parents),
    path: rowsOf(answer.path),
  });
}

/** The answer for a screen reader. @param {import("./types.js").Answer} answer */
export function spokenOf({ picture, radius, how, members_total: inside, parents_total: above }) {
  const around = how === "cosine" ? `${inside} most similar` : `${inside} in its cone, ${above} parents`;
  return `${picture.title}, ${distance(radius)} from the root, ${around}.`;
}
