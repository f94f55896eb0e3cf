/**
 * What the eye measures by around a selection: ticks at round true angles on the rim, circles of equal distance, a name for
 * the cone. All of it goes through the same scales as the points.
 *
 * @typedef {import("./types.js").Drawn} Drawn
 * @typedef {import("./types.js").FocusLayout} FocusLayout
 * @typedef {{distance: number, corners: Drawn[], labels: Drawn[]}} Circle   as drawn; where its label may stand
 */
import { add, make } from "../shared/dom.js";
import { trim } from "../shared/format.js";
import * as M from "./math.js";

const [TICK_FROM, TICK_TO, TICK_LABEL] = [0.984, 1, 0.958]; // drawn radii
const STEPS = 60; // sides of half a circle of equal distance, at least
const [FINER, STRAIGHT] = [5, 3e-4]; // times a side is halved, while it is so far from the curve, in disk radii
const LABEL_AT = [0.55, 0.68, 0.42, 0.8, 0.3, 0.92].map((turn) => turn * Math.PI); // against the outward direction, best first
const NAME_AT = [0.9, 0.8, 0.7, 0.6]; // drawn radii of the cone's name, best first
const ROOMY = 560; // px: on a smaller stage the cone's name would cover points, so it stands beside the tools (the same width in disk.css)
const [LETTER, LINE, EDGE] = [6.4, 15, 4]; // px: a letter's width, a label's height, what stays free at the edge of the stage

export class Around {
  /** @param {import("./paint.js").Painter} paint @param {SVGElement} lines @param {SVGElement} labels groups below and above the points */
  constructor(paint, lines, labels) {
    this.paint = paint;
    this.lines = lines;
    this.labels = labels;
    /** @type {number[][]} what labels cover, see `boxOf` */
    this.taken = [];
  }

  /** @param {import("./math.js").Polar|null} apex of the cone @param {number|null} omega radians */
  draw(apex, omega) {
    const { focus } = this.paint;
    this.lines.replaceChildren();
    this.labels.replaceChildren();
    if (!apex || omega === null) return this.name("");
    const root = this.paint.polarToStage({ angle: 0, radius: 0 });
    this.taken = [this.boxOf(root[0], root[1], "root", LINE), ...this.ringLabels()]; // the root's name lies below its mark
    const name = focus ? `cone, ω = ${Math.round((omega * 180) / Math.PI)}°` : "2-D section of the cone";
    if (this.paint.size > ROOMY) this.write("cone-name", NAME_AT.map((drawn) => ({ angle: apex.angle, drawn })), name, true);
    this.name(this.paint.size > ROOMY ? "" : name);
    if (focus) {
      this.drawTicks(focus);
      focus.circles ||= focus.rings.map((distance) => this.circle(focus, distance)); // worked out once, then only moved with the view
      for (const circle of focus.circles) this.drawCircle(circle);
    }
  }

  /** What the distances on the rings cover. */
  ringLabels() {
    const { rings = [] } = this.paint.lines || {};
    return rings.flatMap(({ label, true: distance }, i) => (label ? [this.boxOf(label[0], label[1], i === rings.length - 1 ? `${trim(distance)} from root` : trim(distance))] : []));
  }

  /** Say which cone it is off the disk. @param {string} words */
  name(words) {
    const { coneName } = this.paint;
    if (coneName && coneName.textContent !== words) coneName.textContent = words;
  }

  /** @param {FocusLayout} focus */
  drawTicks({ at, ticks, scale }) {
    const marks = ticks.flatMap((tick) => [1, -1].map((side) => ({ tick, angle: at + side * scale((tick * Math.PI) / 180) })));
    /** @param {{angle: number}} mark */
    const line = ({ angle }) => [TICK_FROM, TICK_TO].map((drawn) => this.spot({ angle, drawn })).join("L");
    add(this.lines, "path", { class: "hd-tick", d: marks.map((mark) => `M${line(mark)}`).join("") });
    for (const { tick, angle } of marks) this.write("tick-label", [{ angle, drawn: TICK_LABEL }], `${trim(tick)}°`);
  }

  /** Everything at one distance from the selection. @param {FocusLayout} focus @param {number} distance @returns {Circle} */
  circle({ at, radius, scale }, distance) {
    /** @param {number} turn */
    const placeAt = (turn) => {
      const [theta, far] = M.rayPoint(radius, turn, distance, this.paint.space);
      return { turn, angle: scale(Math.abs(theta)), drawn: this.paint.scale.drawn(far) };
    };
    let half = Array.from({ length: STEPS + 1 }, (_, i) => placeAt((Math.PI * i) / STEPS));
    for (let round = 0; round < FINER; round++) {
      half = half.flatMap((here, i) => {
        const next = half[i + 1];
        const middle = next && placeAt((here.turn + next.turn) / 2);
        return next && off(here, middle, next) > STRAIGHT ? [here, middle] : [here];
      });
    }
    /** @param {number} turn */
    const nearTo = (turn) => half.reduce((best, one) => (Math.abs(one.turn - turn) < Math.abs(best.turn - turn) ? one : best));
    const labels = LABEL_AT.map(nearTo).flatMap(({ angle, drawn }) => [-1, 1].map((sign) => ({ angle: at + sign * angle, drawn })));
    /** @param {number} sign */
    const side = (sign) => half.map(({ angle, drawn }) => ({ angle: at + sign * angle, drawn }));
    const around = [...side(1), ...side(-1).reverse()];
    return { distance, corners: around, labels };
  }

  /** @param {Circle} circle */
  drawCircle({ distance, corners, labels }) {
    add(this.lines, "path", { class: "hd-distance", d: `M${corners.map((corner) => this.spot(corner)).join("L")}Z` });
    this.write("distance-label", labels, `${trim(distance)} away`);
  }

  /** @param {Drawn} place */
  spot(place) {
    return this.paint.drawnToStage(place).map((value) => value.toFixed(1)).join(" ");
  }

  /**
   * A label at the first of some places that is free and on the stage; none where there is no room, unless it has to be.
   * @param {string} name @param {Drawn[]} places @param {string} text
   */
  write(name, places, text, always = false) {
    const { size } = this.paint;
    const half = (text.length * LETTER) / 2 + EDGE;
    /** @param {number[]} spot */
    const inside = ([x, y]) => [Math.min(size - half, Math.max(half, x)), y];
    const spots = places.map((place) => this.paint.drawnToStage(place));
    /** @param {number[]} spot */
    const free = ([x, y]) => {
      const box = this.boxOf(x, y, text);
      /** @param {number[]} other */
      const apart = (other) => box[0] > other[2] || other[0] > box[2] || box[1] > other[3] || other[1] > box[3];
      return box[0] > 0 && box[2] < size && this.taken.every(apart);
    };
    const spot = spots.find(free) || (always && inside(spots[0]));
    if (!spot) return;
    const [x, y] = spot;
    this.taken.push(this.boxOf(x, y, text));
    const label = make("text", { class: `hd-label hd-${name}`, x: x.toFixed(1), y: (y + 3.5).toFixed(1) });
    label.textContent = text;
    this.labels.append(label);
  }

  /**
   * What a label covers, in px of the stage: left, top, right, bottom.
   * @param {number} x @param {number} y @param {string} text @param {number} [down] px that it stands below the place
   */
  boxOf(x, y, text, down = 0) {
    const half = (text.length * LETTER) / 2;
    return [x - half, y + down - LINE / 2, x + half, y + down + LINE / 2];
  }
}

/** How far a place is from the middle of two others, in disk radii. @param {Drawn} one @param {Drawn} middle @param {Drawn} other */
function off(one, middle, other) {
  const [a, b, c] = [one, middle, other].map(({ angle, drawn }) => [drawn * Math.cos(angle), drawn * Math.sin(angle)]);
  return Math.hypot(b[0] - (a[0] + c[0]) / 2, b[1] - (a[1] + c[1]) / 2);
}

