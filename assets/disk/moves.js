/** Movement of the disk: turns of the view, and points gliding to the places of another payload; none is longer than 300 ms. */
import { reducedMotion } from "../shared/dom.js";
import { MAX_ZOOM, insideDisk } from "./gestures.js";

const TURN = 2 * Math.PI;
const TURN_MS = 280;
const GLIDE_MS = 300;
const REST_MS = 180; // a view that has not moved for so long is at rest

export class Moves {
  /** @param {import("./disk.js").Disk} disk */
  constructor(disk) {
    this.disk = disk;
    this.paint = disk.paint;
    this.turns = { view: 0, data: 0 }; // an animation ends when its number is passed
  }

  /** End a running animation. @param {"view"|"data"} kind */
  stop(kind) {
    this.turns[kind]++;
  }

  /** @param {import("./disk.js").View} view @returns {Promise<void>} */
  setView({ centre = [0, 0], zoom = 1 } = {}, { animate = false } = {}) {
    const from = this.paint.view;
    const to = { centre: insideDisk(centre), zoom: Math.min(MAX_ZOOM, Math.max(1, zoom)) };
    this.disk.card.hide();
    this.moved(animate ? TURN_MS : 0);
    return this.animate("view", animate ? TURN_MS : 0, (t) => {
      /** @type {(a: number, b: number) => number} */
      const mix = (a, b) => (t < 1 ? a + (b - a) * t : b);
      this.paint.view = {
        centre: [mix(from.centre[0], to.centre[0]), mix(from.centre[1], to.centre[1])],
        zoom: Math.exp(mix(Math.log(from.zoom), Math.log(to.zoom))),
      };
    });
  }

  /** @param {number} row */
  async centreOn(row) {
    const { zx, zy, view } = this.paint;
    const i = this.paint.indexOf(row);
    if (i >= 0) await this.setView({ centre: [zx[i], zy[i]], zoom: view.zoom }, { animate: true });
  }

  /** From the places of an earlier payload to those of the present one. */
  async glide(/** @type {Float64Array[]} */ [oldX, oldY]) {
    const { paint } = this;
    const [x, y] = [paint.zx, paint.zy];
    const [newX, newY] = [x.slice(), y.slice()];
    x.set(oldX);
    y.set(oldY);
    const moved = this.animate("data", GLIDE_MS, (t) => {
      for (let i = 0; i < x.length; i++) {
        x[i] = oldX[i] + (newX[i] - oldX[i]) * t;
        y[i] = oldY[i] + (newY[i] - oldY[i]) * t;
      }
    });
    await paint.rebuild();
    await moved;
  }

  /** From former angles to the present ones, along circles about the root, the shorter way round. @param {ArrayLike<number>} former */
  async turn(former) {
    const { paint } = this;
    const to = paint.angle;
    const [{ zx, zy, drawn }, way] = [paint, new Float64Array(paint.n)];
    for (let i = 0; i < way.length; i++) {
      const ahead = (to[i] - former[i]) / TURN;
      way[i] = (ahead - Math.round(ahead)) * TURN;
    }
    /** @param {number} t */
    const place = (t) => {
      for (let i = 0; i < way.length; i++) {
        const angle = to[i] - (1 - t) * way[i];
        zx[i] = drawn[i] * Math.cos(angle);
        zy[i] = drawn[i] * Math.sin(angle);
      }
    };
    this.stop("data");
    if (reducedMotion()) return paint.rebuild();
    place(0);
    await paint.rebuild(); // lit where it was, then on its way
    if (paint.zx !== zx || paint.angle !== to) return; // other points or places came meanwhile
    await this.animate("data", GLIDE_MS, (t) => (t < 1 ? place(t) : paint.turn(to)));
    if (paint.angle === to) paint.thumbs.adopt();
  }

  /**
   * Run `step(0…1)`, eased, and draw; a newer animation of the same kind, or a gesture, ends it.
   * @param {"view"|"data"} kind @param {number} duration in ms @param {(t: number) => void} step @returns {Promise<void>}
   */
  animate(kind, duration, step) {
    const turn = ++this.turns[kind];
    const start = performance.now();
    return new Promise((resolve) => {
      /** @param {number} now */
      const frame = (now) => {
        if (this.disk.clean.signal.aborted) return resolve();
        if (turn !== this.turns[kind]) {
          this.paint.refresh(); // with all that a glide leaves out
          return resolve();
        }
        const t = duration && !reducedMotion() ? Math.min(1, Math.max(0, (now - start) / duration)) : 1;
        step(t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
        this.paint.frame(kind === "data" && t < 1);
        if (t < 1) requestAnimationFrame(frame);
        else resolve();
      };
      if (duration) requestAnimationFrame(frame);
      else frame(start);
    });
  }

  /** Tell the page once the view has come to rest. */
  moved(after = 0) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.disk.options.onView?.(this.disk.state().view), after + REST_MS);
  }

  destroy() {
    clearTimeout(this.resting);
  }
}

