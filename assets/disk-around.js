/**
 * What the eye measures by around a selection: ticks at round true angles on the rim, circles of equal distance, a name for
 * the cone. All of it goes through the same scales as the points.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { math: M, make, add, trim } = hypviz;

  const [TICK_FROM, TICK_TO, TICK_LABEL] = [0.984, 1, 0.958]; // drawn radii
  const STEPS = 72; // sides of half a circle of equal distance
  const NAME_AT = 0.9; // drawn radius of the cone's name

  class Around {
    /** @param {Painter} paint @param {SVGElement} lines @param {SVGElement} labels groups below and above the points */
    constructor(paint, lines, labels) {
      Object.assign(this, { paint, lines, labels });
    }

    /** @param {{angle: number, radius: number}|null} apex of the cone @param {number} omega radians */
    draw(apex, omega) {
      const { focus } = this.paint;
      this.lines.replaceChildren();
      this.labels.replaceChildren();
      if (!apex) return;
      if (focus) {
        this.drawTicks(focus);
        for (const distance of focus.rings) this.drawRing(focus, distance);
      }
      const name = focus ? `cone, ω = ${Math.round((omega * 180) / Math.PI)}°` : "2-D section of the cone";
      this.write("cone-name", { angle: apex.angle, drawn: NAME_AT }, name);
    }

    drawTicks({ at, ticks, scale }) {
      const marks = ticks.flatMap((tick) => [1, -1].map((side) => ({ tick, angle: at + side * scale((tick * Math.PI) / 180) })));
      const line = ({ angle }) => [TICK_FROM, TICK_TO].map((drawn) => this.spot({ angle, drawn })).join("L");
      add(this.lines, "path", { class: "hd-tick", d: marks.map((mark) => `M${line(mark)}`).join("") });
      for (const { tick, angle } of marks) this.write("tick-label", { angle, drawn: TICK_LABEL }, `${trim(tick)}°`);
    }

    /** Everything at one distance from the selection. */
    drawRing({ at, radius, scale }, distance) {
      const half = Array.from({ length: STEPS + 1 }, (_, i) => {
        const [theta, far] = M.rayPoint(radius, Math.PI * (i / STEPS), distance, this.paint.space);
        return { angle: scale(Math.abs(theta)), drawn: this.paint.scale.drawn(far) };
      });
      const around = [...half.map(({ angle, drawn }) => ({ angle: at + angle, drawn })), ...half.reverse().map(({ angle, drawn }) => ({ angle: at - angle, drawn }))];
      add(this.lines, "path", { class: "hd-distance", d: `M${around.map((corner) => this.spot(corner)).join("L")}Z` });
      const middle = half[Math.round(STEPS * 0.55)];
      this.write("distance-label", { angle: at - middle.angle, drawn: middle.drawn }, `${trim(distance)} away`);
    }

    spot(place) {
      return this.paint.drawnToStage(place).map((value) => value.toFixed(1)).join(" ");
    }

    write(name, place, text) {
      const [x, y] = this.paint.drawnToStage(place);
      const label = make("text", { class: `hd-label hd-${name}`, x: x.toFixed(1), y: (y + 3.5).toFixed(1) });
      label.textContent = text;
      this.labels.append(label);
    }
  }

  hypviz.Around = Around;
})();
