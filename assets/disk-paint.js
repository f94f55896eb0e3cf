/**
 * Painting the disk: what is on the screen, given data, a view and a look. No events, no words, no loading.
 *
 * Three layers share one square stage: SVG lines below, plotly's scattergl points in the middle, SVG marks above. Only
 * the points are many, so only they go through WebGL: a frame of a drag then costs a few milliseconds (`pushPoints`).
 *
 * Frames (see disk-math.js): polar → disk → view → stage, where stage means pixels from the stage's upper left corner.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const M = hypviz.math;

  const PAD = 1.035; // half the stage's width, in disk radii, at zoom 1
  const GL_LIMIT = 90000; // plotly's scattergl slows down at 100,000 points
  const SVG_LIMIT = 3000;
  const LIT = 0.88; // opacity of a point
  const DIM = 0.11; // opacity of a point outside the selection
  const FADE_MS = 160;
  const SIZES = [8.6, 6.6, 5, 4.2, 3.8]; // px by depth, on a stage of 720 px
  const CONE_SURE = 0.94; // drawn radius up to which a cone is drawn in full; all of the rest to infinity lies beyond
  const CONE_RIM = 0.9985;
  const SVG_NS = "http://www.w3.org/2000/svg";
  const COPIED = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin"];
  const COPIED_TEXT = ["font-family", "font-size", "font-weight", "text-anchor", "paint-order"];

  class Painter {
    /** @param {HTMLElement} stage with children .hd-under, .hd-plot, .hd-over  @param {Object} plotly */
    constructor(stage, plotly, { svgOnly = false } = {}) {
      this.stage = stage;
      this.plotly = plotly;
      this.gl = !svgOnly && hasWebGL();
      this.view = { centre: [0, 0], zoom: 1 };
      this.look = { selection: null, extra: [], omega: null, colourBy: "branch", highlight: null, hovered: -1, theme: "light" };
      this.n = 0;
      this.groups = [];
      this.plot = stage.querySelector(".hd-plot");
      this.under = stage.querySelector(".hd-under");
      this.over = stage.querySelector(".hd-over");
      this.buildLayers();
    }

    buildLayers() {
      const { under, over } = this;
      const gradient = add(add(under, "defs"), "radialGradient", { id: uniqueId(), gradientUnits: "userSpaceOnUse" });
      for (const [i, offset] of ["0", ".55", "1"].entries()) add(gradient, "stop", { offset, class: `hd-stop-${i}` });
      const path = (parent, name) => add(parent, "path", { class: `hd-${name}` });
      this.draw = {
        gradient,
        face: add(under, "circle", { fill: `url(#${gradient.id})` }),
        rings: add(under, "g"),
        coneFar: path(under, "cone-far"),
        cone: path(under, "cone"),
        coneEdge: path(under, "cone-edge"),
        rim: add(under, "circle", { class: "hd-rim" }),
        edges: path(under, "edges"),
        path: path(under, "path"),
        labels: add(over, "g"),
        root: add(over, "g"),
        marks: add(over, "g"),
        extra: add(over, "g"),
        hover: add(over, "circle", { class: "hd-hover", visibility: "hidden" }),
      };
      add(this.draw.root, "circle", { class: "hd-root", r: 5.5 });
      add(this.draw.root, "circle", { class: "hd-root-dot", r: 1.9 });
      add(this.draw.root, "text", { class: "hd-label", y: 19 }).textContent = "root";
    }

    /** Take over a decoded payload; drawn by the next `rebuild`. */
    adopt({ header, arrays }) {
      this.header = header;
      this.space = { curv: header.curv, geometry: header.geometry };
      this.scale = new M.Scale(header.scale);
      this.n = header.n;
      for (const name of ["angle", "radius", "drawn", "branch", "depth", "label", "image"]) this[name] = arrays[name];
      this.zx = Float64Array.from(this.angle, (angle, i) => this.drawn[i] * Math.cos(angle)); // disk frame
      this.zy = Float64Array.from(this.angle, (angle, i) => this.drawn[i] * Math.sin(angle));
      this.vx = new Float64Array(this.n); // view frame times zoom: where it is on the screen
      this.vy = new Float64Array(this.n);
      const count = Math.min(this.n, this.gl ? GL_LIMIT : SVG_LIMIT);
      this.shown = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * this.n) / count));
      this.draw.rings.replaceChildren(...header.rings.map(() => make("circle", { class: "hd-ring" })));
      this.draw.labels.replaceChildren(...header.rings.map(() => make("text", { class: "hd-label" })));
    }

    /* ------------------------------------------------------------ points (plotly) */

    /** New plotly traces: after a load, a selection, a resize, a change of colours. Not while dragging. */
    rebuild() {
      return (this.building = this.renew());
    }

    async renew() {
      if (!this.n || !this.measure()) return;
      const wasDimmed = this.groups.some((group) => !group.lit);
      const fresh = !this.groups.length;
      this.project();
      this.groups = this.makeGroups();
      this.fillPositions();
      await this.plotly.react(this.plot, this.traces(), this.layout(), {
        staticPlot: true,
        displayModeBar: false,
        plotGlPixelRatio: Math.max(2, devicePixelRatio || 1),
      });
      if (fresh) this.plot.on("plotly_webglcontextlost", () => this.recover());
      this.drawAround();
      if (!fresh && wasDimmed !== this.groups.some((group) => !group.lit)) this.fade(wasDimmed);
    }

    traces() {
      const face = getComputedStyle(this.stage).getPropertyValue("--hd-face-1").trim();
      return this.groups.map(({ x, y, size, colour, lit }) => ({
        type: this.gl ? "scattergl" : "scatter",
        mode: "markers",
        x,
        y,
        opacity: lit ? LIT : DIM,
        marker: { size, color: colour, opacity: 1, line: { width: lit ? 0.7 : 0, color: face } },
        hoverinfo: "skip",
      }));
    }

    layout() {
      const axis = () => ({ range: [-PAD, PAD], visible: false, fixedrange: true });
      return {
        width: this.size,
        height: this.size,
        margin: { l: 0, r: 0, t: 0, b: 0 },
        xaxis: axis(),
        yaxis: axis(),
        showlegend: false,
        hovermode: false,
        dragmode: false,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
      };
    }

    /** The browser took the WebGL context away (sleep, too many pages): start plotly anew. */
    recover() {
      this.plotly.purge(this.plot);
      this.groups = [];
      return this.rebuild();
    }

    /** One trace per colour and brightness, dimmed ones first: constant colours are what scattergl updates fastest. */
    makeGroups() {
      const key = this.look.colourBy === "depth" ? this.depth : this.branch;
      const colours = this.colourGroups().map((group) => this.colourOf(group));
      const lit = this.findLit();
      const buckets = new Map();
      const put = (row) => {
        const id = key[row] + (lit && !lit[row] ? 0 : 1000);
        if (!buckets.has(id)) buckets.set(id, []);
        buckets.get(id).push(row);
      };
      this.shown.forEach(put);
      if (lit && this.shown.length < this.n) {
        const drawn = new Set(this.shown); // lit rows are drawn even where the sample left them out
        for (let row = 0; row < this.n; row++) if (lit[row] && !drawn.has(row)) put(row);
      }
      return [...buckets.keys()]
        .sort((a, b) => a - b)
        .map((id) => this.makeGroup(Uint32Array.from(buckets.get(id)), colours[id % 1000], id >= 1000));
    }

    makeGroup(rows, colour, lit) {
      const count = rows.length;
      const size = Array.from(rows, (row) => this.pointSize(row));
      return { rows, size, colour, lit, x: new Float32Array(count), y: new Float32Array(count), flat: new Float64Array(2 * count) };
    }

    colourGroups() {
      return this.look.colourBy === "depth" ? this.header.depths : this.header.branches;
    }

    colourOf(group) {
      return this.look.theme === "dark" ? group.dark : group.colour;
    }

    /** Diameter in pixels: by depth, smaller on small stages and in crowds. */
    pointSize(row) {
      const crowd = Math.min(1, Math.max(0.5, (9000 / this.shown.length) ** 0.25));
      const unit = crowd * Math.min(1.2, Math.max(0.62, this.size / 720));
      return unit * SIZES[Math.min(this.depth[row], SIZES.length - 1)];
    }

    /** 1 for rows at full strength, null when nothing is dimmed. */
    findLit() {
      const { selection, highlight, colourBy } = this.look;
      if (highlight === null && !selection) return null;
      const lit = new Uint8Array(this.n);
      if (highlight !== null) {
        const key = colourBy === "depth" ? this.depth : this.branch;
        for (let row = 0; row < this.n; row++) lit[row] = key[row] === highlight ? 1 : 0;
        return lit;
      }
      const { members, children, parents, path, row } = selection;
      for (const rows of [members, children, parents, path, isRow(row) ? [row] : []]) for (const one of rows || []) lit[one] = 1;
      return lit;
    }

    /** Disk frame → view frame for every point. */
    project() {
      const { centre: [ax, ay], zoom } = this.view;
      const { zx, zy, vx, vy } = this;
      for (let i = 0; i < this.n; i++) {
        const re = 1 - ax * zx[i] - ay * zy[i];
        const im = ay * zx[i] - ax * zy[i];
        const dx = zx[i] - ax;
        const dy = zy[i] - ay;
        const scale = zoom / (re * re + im * im);
        vx[i] = (dx * re + dy * im) * scale;
        vy[i] = (dy * re - dx * im) * scale;
      }
    }

    /** Positions into the very arrays that plotly holds, so that its own data is always current. */
    fillPositions() {
      for (const { rows, x, y, flat } of this.groups) {
        for (let i = 0; i < rows.length; i++) {
          flat[2 * i] = x[i] = this.vx[rows[i]];
          flat[2 * i + 1] = y[i] = this.vy[rows[i]];
        }
      }
    }

    /**
     * Positions to the screen. `restyle` computes every trace anew (40 ms for 5,000 points); the scatter object that it
     * ends in takes 1 ms, so it is called directly where this plotly has it, and `restyle` is the way otherwise.
     */
    pushPoints() {
      this.fillPositions();
      if (this.updateScene(this.groups.map(({ flat }) => ({ positions: flat })))) return;
      this.plotly.restyle(this.plot, { x: this.groups.map((g) => g.x), y: this.groups.map((g) => g.y) });
    }

    /** Change options of plotly's scatter object, one per trace, and draw; false where there is none. */
    updateScene(options) {
      const full = this.plot._fullLayout;
      const scene = full?._plots?.xy?._scene;
      if (!scene?.scatter2d?.update || !full._glcanvas || scene.count !== options.length) return false;
      scene.scatter2d.update(options);
      full._glcanvas.each((canvas) => canvas.regl?.clear({ color: true, depth: true }));
      scene.draw();
      return true;
    }

    /** Let the dimmed points fade instead of jumping. Only a nicety: left out without WebGL or with reduced motion. */
    fade(wasDimmed) {
      if (wasDimmed || reducedMotion()) return;
      const { groups } = this;
      const start = performance.now();
      const frame = (now) => {
        if (this.groups !== groups) return; // rebuilt meanwhile
        const t = Math.min(1, Math.max(0, (now - start) / FADE_MS));
        const done = this.updateScene(groups.map((g) => ({ opacity: g.lit ? LIT : LIT + (DIM - LIT) * t })));
        if (t < 1 && done) requestAnimationFrame(frame);
      };
      frame(start);
    }

    /* ------------------------------------------------------------ frames and coordinates */

    measure() {
      const size = Math.round(this.stage.clientWidth);
      if (!size) return false; // hidden: the resize observer calls again when it shows
      this.size = size;
      this.half = size / 2;
      this.px = this.half / PAD;
      for (const layer of [this.under, this.over]) layer.setAttribute("viewBox", `0 0 ${size} ${size}`);
      return true;
    }

    get ready() {
      return Boolean(this.n && this.size && this.groups.length);
    }

    /** Ask for one frame; any number of calls before it give one. */
    refresh() {
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => this.frame());
    }

    /** Draw everything at the present view, now. */
    frame() {
      cancelAnimationFrame(this.pending);
      this.pending = 0;
      if (!this.ready) return;
      this.project();
      this.pushPoints();
      this.drawAround();
    }

    /** view frame × zoom → stage */
    toStage(x, y) {
      return [this.half + x * this.px, this.half - y * this.px];
    }

    rowToStage(row) {
      return this.toStage(this.vx[row], this.vy[row]);
    }

    polarToStage({ angle, radius }) {
      const [x, y] = M.translate(this.scale.disk(angle, radius), this.view.centre);
      return this.toStage(x * this.view.zoom, y * this.view.zoom);
    }

    /** stage → view frame, zoom undone */
    toView([px, py]) {
      return [(px - this.half) / this.px / this.view.zoom, (this.half - py) / this.px / this.view.zoom];
    }

    polarOf(row) {
      return { angle: this.angle[row], radius: this.radius[row] };
    }

    /** The drawn row nearest to a stage position, within `reach` pixels; −1 for none. A plain loop: 0.2 ms at 50,000. */
    nearest([px, py], reach) {
      const x = (px - this.half) / this.px;
      const y = (this.half - py) / this.px;
      let best = (reach / this.px) ** 2;
      let found = -1;
      for (const { rows } of this.groups) {
        for (let i = 0; i < rows.length; i++) {
          const row = rows[i];
          const square = (this.vx[row] - x) ** 2 + (this.vy[row] - y) ** 2;
          if (square <= best) [best, found] = [square, row];
        }
      }
      return found;
    }

    nearestExtra([px, py], reach) {
      if (!this.ready) return -1;
      return this.look.extra.findIndex((extra) => {
        const [x, y] = this.polarToStage(extra);
        return Math.hypot(x - px, y - py) <= reach;
      });
    }

    /* ------------------------------------------------------------ lines and marks (SVG) */

    drawAround() {
      this.drawFace();
      this.drawCone();
      this.drawSelection();
      this.drawExtra();
      this.drawHover();
    }

    drawFace() {
      const { centre, zoom } = this.view;
      const [x, y] = this.toStage(0, 0);
      const rim = this.px * zoom;
      for (const circle of [this.draw.face, this.draw.rim]) set(circle, { cx: x, cy: y, r: rim });
      const [rx, ry] = this.polarToStage({ angle: 0, radius: 0 });
      set(this.draw.gradient, { cx: x, cy: y, r: rim, fx: rx, fy: ry });
      this.draw.root.setAttribute("transform", `translate(${rx} ${ry})`);
      const outermost = this.header.rings.length - 1;
      this.rings = this.header.rings.map((ring, i) => {
        const image = M.circleImage(ring.drawn, centre);
        const [cx, cy] = this.toStage(image.x * zoom, image.y * zoom);
        const r = image.r * rim;
        const spot = labelSpot(cx, cy, r, this.size);
        const label = this.draw.labels.children[i];
        set(this.draw.rings.children[i], { cx, cy, r });
        set(label, { x: (spot || [0])[0], y: (spot || [0, 0])[1] + 3.8, visibility: spot && r > 12 ? "visible" : "hidden" });
        label.textContent = i === outermost ? `${trim(ring.true)} from root` : trim(ring.true);
        return { true: ring.true, drawn: ring.drawn, cx, cy, r, label: spot };
      });
    }

    /** Where the cone starts: the selected row or query; null without a selection. */
    apex() {
      const { selection: s } = this.look;
      return s && (s.polar || (isRow(s.row) ? this.polarOf(s.row) : null));
    }

    /** The true cone of the plane, through the same radial scale as the points. */
    drawCone() {
      if (!this.ready) return;
      const apex = this.apex();
      const omega = this.look.omega;
      this.cone = apex && omega !== null ? this.coneParts(apex, omega) : null;
      const { near, far } = this.cone || {};
      this.draw.cone.setAttribute("d", near ? this.trace(near.outline) + "Z" : "");
      this.draw.coneFar.setAttribute("d", far ? this.trace(far.outline) + "Z" : "");
      this.draw.coneEdge.setAttribute("d", near ? this.trace(near.left) + this.trace(near.right) : "");
    }

    coneParts(apex, omega) {
      const upTo = (drawn) => this.coneOutline(apex, omega, Math.max(this.scale.true(drawn), 1.1 * apex.radius));
      return { near: upTo(CONE_SURE), far: upTo(CONE_RIM) };
    }

    coneOutline(apex, omega, reach) {
      const edge = M.coneEdge(apex.radius, omega, reach, this.space);
      const turn = (points, sign) => points.map((p) => ({ angle: apex.angle + sign * p.angle, radius: p.radius }));
      const [left, right] = [turn(edge, 1), turn(edge, -1)];
      const last = edge[edge.length - 1].angle;
      const rim = Array.from({ length: 97 }, (_, i) => ({ angle: apex.angle + last * (1 - i / 48), radius: reach }));
      return { left, right, outline: [...left, ...rim, ...right.slice().reverse()] };
    }

    drawSelection() {
      const { selection: s } = this.look;
      const spot = (ref) => (typeof ref === "number" ? this.polarOf(ref) : ref);
      this.draw.path.setAttribute("d", s?.path?.length ? this.pathData(s) : "");
      const edges = (s?.edges || []).map(([a, b]) => this.trace(M.geodesic(spot(a), spot(b), this.space)));
      this.draw.edges.setAttribute("d", edges.join(""));
      const ring = (row, grow, name) => {
        const [cx, cy] = this.rowToStage(row);
        return make("circle", { cx, cy, r: this.pointSize(row) / 2 + grow, class: `hd-${name}` });
      };
      this.draw.marks.replaceChildren(
        ...Array.from(s?.children || [], (row) => ring(row, 2, "child")),
        ...Array.from(s?.parents || [], (row) => ring(row, 2.8, "parent")),
        ...(isRow(s?.row) ? [ring(s.row, 7, "selected-halo"), ring(s.row, 3.6, "selected")] : []),
      );
    }

    /** The chain root → … → selection, whichever way round `path` was given. */
    pathData({ path, row, polar }) {
      const spots = Array.from(path, (ref) => this.polarOf(ref));
      const end = polar || (isRow(row) && !Array.from(path).includes(row) ? this.polarOf(row) : null);
      if (spots[0].radius > spots[spots.length - 1].radius) spots.reverse();
      const chain = [{ angle: spots[0].angle, radius: 0 }, ...spots, ...(end ? [end] : [])];
      return chain.slice(1).map((to, i) => this.trace(M.geodesic(chain[i], to, this.space))).join("");
    }

    drawExtra() {
      if (!this.ready) return;
      this.draw.extra.replaceChildren(
        ...this.look.extra.map((extra) => {
          const [x, y] = this.polarToStage(extra);
          const mark = make("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
          add(mark, "path", { class: "hd-extra", d: "M0-9 9 0 0 9-9 0Z" });
          if (extra.label) add(mark, "text", { class: "hd-label hd-extra-label", y: -14 }).textContent = extra.label;
          return mark;
        }),
      );
    }

    drawHover() {
      const row = this.look.hovered;
      if (row < 0) return set(this.draw.hover, { visibility: "hidden" });
      const [cx, cy] = this.rowToStage(row);
      return set(this.draw.hover, { cx, cy, r: this.pointSize(row) / 2 + 3.2, visibility: "visible" });
    }

    /** polar points → SVG path data */
    trace(points) {
      const text = points.map((point) => this.polarToStage(point).map((value) => value.toFixed(1)).join(" "));
      return `M${text.join("L")}`;
    }

    /* ------------------------------------------------------------ export */

    /** The present picture as a standalone SVG, points as vector circles: for papers. @returns {string} */
    toSVG() {
      const size = this.size;
      const out = make("svg", { xmlns: SVG_NS, width: size, height: size, viewBox: `0 0 ${size} ${size}` });
      const points = make("g");
      for (const { rows, colour, lit } of this.groups) {
        const group = add(points, "g", { fill: colour, "fill-opacity": lit ? LIT : DIM });
        for (const row of rows) {
          const [x, y] = this.rowToStage(row);
          if (x < -9 || y < -9 || x > size + 9 || y > size + 9) continue;
          add(group, "circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: (this.pointSize(row) / 2).toFixed(2) });
        }
      }
      out.append(styledCopy(this.under), points, styledCopy(this.over));
      return new XMLSerializer().serializeToString(out);
    }

    destroy() {
      cancelAnimationFrame(this.pending);
      this.groups = [];
      this.n = 0;
      this.plotly.purge(this.plot);
    }
  }

  /* -------------------------------------------------------------- helpers */

  function hasWebGL() {
    const context = document.createElement("canvas").getContext("webgl");
    context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts: give this one back
    return Boolean(context);
  }

  /** Where a ring's label goes: on the ring, as near to its top as the stage allows; null when it is out of sight. */
  function labelSpot(cx, cy, r, size) {
    for (let step = 0; step <= 36; step++) {
      const angle = Math.PI / 2 + (step % 2 ? 1 : -1) * Math.ceil(step / 2) * (Math.PI / 18);
      const x = cx + r * Math.cos(angle);
      const y = cy - r * Math.sin(angle);
      if (x > 44 && x < size - 44 && y > 12 && y < size - 12) return [x, y];
    }
    return null;
  }

  /** A layer with the style sheet's values written into it, so that it looks the same on its own. */
  function styledCopy(layer) {
    const copy = layer.cloneNode(true);
    const originals = layer.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((node, i) => {
      const style = getComputedStyle(originals[i]);
      if (node.tagName === "stop") node.setAttribute("stop-color", style.getPropertyValue("stop-color"));
      else if (node.getAttribute("class")) {
        for (const name of [...COPIED, ...(node.tagName === "text" ? COPIED_TEXT : [])]) node.setAttribute(name, style.getPropertyValue(name));
      }
      node.removeAttribute("class");
    });
    const group = make("g");
    group.append(...copy.childNodes);
    return group;
  }

  let serial = 0;
  const uniqueId = () => `hd-face-${++serial}`;
  const isRow = (row) => Number.isInteger(row) && row >= 0;
  const trim = (value) => String(Number(value.toPrecision(4)));
  const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function set(node, attributes) {
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    return node;
  }
  const make = (tag, attributes = {}) => set(document.createElementNS(SVG_NS, tag), attributes);
  const add = (parent, tag, attributes) => parent.appendChild(make(tag, attributes));

  Object.assign(hypviz, { Painter, isRow, reducedMotion });
})();
