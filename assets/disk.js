/**
 * The Poincaré disk: plotly.js draws the points, this file everything around them, behind one small interface.
 *
 *   const disk = hypviz.createDisk(element, { plotly: window.Plotly, onPick, thumbUrl, describe, … });
 *   await disk.load(url);
 *
 * Needs disk-math.js and disk.css. Knows nothing of the page around it. Three layers share one stage: SVG lines below,
 * plotly's scattergl in the middle, SVG marks above. Only the points are many, so only they go through WebGL; a frame of
 * a drag costs a millisecond or two, because positions are handed to plotly's scatter object directly (see `pushPoints`).
 *
 * @typedef {{angle: number, radius: number}} Polar   radians and true distance to the root
 * @typedef {{angle: number, radius: number, label?: string}} Extra
 * @typedef {{row?: number, polar?: Polar, members?: ArrayLike<number>, children?: number[], parents?: number[],
 *   path?: number[], edges?: (number|Polar)[][]}} Selection   rows of the payload; edges may hold polar points too
 * @typedef {Object} Options
 * @property {Object} plotly                         the Plotly object
 * @property {(row: number) => void} [onPick]        a click on a point
 * @property {(index: number) => void} [onPickExtra] a click on an extra mark
 * @property {(row: number|null) => void} [onHover]  after the dwell, null when it ends
 * @property {() => void} [onBackground]             a click on nothing
 * @property {(step: "parent"|"child"|"sibling+"|"sibling-") => void} [onStep]  arrow keys
 * @property {(row: number) => string} [thumbUrl]    picture for the hover card
 * @property {(row: number) => string} [describe]    last line of the hover card; default: the image's name
 * @property {"auto"|"svg"} [renderer]               "svg" draws without WebGL
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const M = hypviz.math;

  const PAD = 1.035; // half the stage's width, in disk radii, at zoom 1
  const PICK_PX = 14;
  const TOUCH_PICK_PX = 22;
  const CLICK_PX = 4; // a press that moved less is a click
  const DWELL_MS = 125; // before the card fetches its picture
  const GLIDE_MS = 280;
  const MAX_ZOOM = 60;
  const EDGE = 0.985; // pans keep this distance from the rim, where a translation degenerates
  const GL_LIMIT = 90000; // plotly's scattergl slows down at 100,000 points
  const SVG_LIMIT = 3000;
  const DIM = 0.13;
  const SIZES = [10, 6.6, 4.9, 4.2, 3.8]; // px by depth, on a stage of 720 px
  const SVG_NS = "http://www.w3.org/2000/svg";
  const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  class Disk {
    /** @param {HTMLElement} element @param {Options} options */
    constructor(element, options) {
      this.options = options;
      this.plotly = options.plotly;
      this.root = element;
      this.view = { centre: [0, 0], zoom: 1 };
      this.selection = null;
      this.extra = [];
      this.omega = null;
      this.colourBy = "branch";
      this.highlight = null; // a branch (or depth) picked in the legend
      this.hovered = -1;
      this.n = 0;
      this.groups = [];
      this.loads = 0;
      this.clean = new AbortController(); // ends every listener at once
      this.gl = options.renderer !== "svg" && hasWebGL();
      this.buildDom();
      this.listen();
      this.watchTheme();
    }

    /* ------------------------------------------------------------ page elements */

    buildDom() {
      this.root.classList.add("hypviz-disk");
      this.root.tabIndex = 0;
      this.root.setAttribute("role", "application");
      this.root.setAttribute("aria-label", "Poincaré disk. Arrow keys walk the hierarchy, Escape returns home.");
      this.root.innerHTML = `
        <div class="hd-stage">
          <svg class="hd-layer hd-under"></svg><div class="hd-layer hd-plot"></div><svg class="hd-layer hd-over"></svg>
          <button class="hd-home" type="button" title="Home (Esc)" aria-label="Home">
            <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"><circle cx="12" cy="12" r="9"/>
            <circle cx="12" cy="12" r="2.2" fill="currentColor"/></svg></button>
          <div class="hd-card" role="tooltip"><img alt="" hidden><div class="hd-card-text"></div></div>
          <div class="hd-note">Loading…</div>
        </div>
        <div class="hd-legend" role="group" aria-label="Highlight a group"></div>
        <div class="hd-caption"></div><div class="hd-live" aria-live="polite"></div>`;
      const find = (name) => this.root.querySelector(`.hd-${name}`);
      this.el = {};
      for (const name of ["stage", "under", "plot", "over", "home", "card", "note", "legend", "caption", "live"]) {
        this.el[name] = find(name);
      }
      const under = this.el.under;
      const gradient = add(add(under, "defs"), "radialGradient", { id: uniqueId(), gradientUnits: "userSpaceOnUse" });
      for (const [i, offset] of ["0", ".55", "1"].entries()) add(gradient, "stop", { offset, class: `hd-stop-${i}` });
      const path = (parent, name) => add(parent, "path", { class: `hd-${name}` });
      const group = (parent) => add(parent, "g");
      this.draw = {
        gradient,
        face: add(under, "circle", { fill: `url(#${gradient.id})` }),
        rings: group(under),
        cone: path(under, "cone"),
        coneEdge: path(under, "cone-edge"),
        rim: add(under, "circle", { class: "hd-rim" }),
        edges: path(under, "edges"),
        path: path(under, "path"),
        labels: group(this.el.over),
        root: group(this.el.over),
        marks: group(this.el.over),
        extra: group(this.el.over),
        hover: add(this.el.over, "circle", { class: "hd-hover", visibility: "hidden" }),
      };
      add(this.draw.root, "circle", { class: "hd-root", r: 5.5 });
      add(this.draw.root, "circle", { class: "hd-root-dot", r: 1.9 });
      add(this.draw.root, "text", { class: "hd-root-label", y: 19 }).textContent = "root";
    }

    /* ------------------------------------------------------------ loading */

    /**
     * Fetch and draw a payload. A second payload with as many points glides from the first (training, before/after).
     * @param {string|ArrayBuffer} source
     */
    async load(source) {
      const turn = ++this.loads;
      try {
        const data = M.decode(typeof source === "string" ? await fetchBytes(source) : source);
        if (turn !== this.loads) return; // a later load has overtaken this one
        const before = this.zx && this.n === data.header.n ? [this.zx, this.zy] : null;
        this.adopt(data);
        this.el.note.hidden = true;
        if (before) await this.glidePoints(before);
        else await this.rebuild();
      } catch (error) {
        if (turn === this.loads) this.say(`The disk could not be loaded: ${error.message}`);
        throw error;
      }
    }

    adopt({ header, arrays }) {
      this.header = header;
      this.space = { curv: header.curv, geometry: header.geometry };
      this.scale = new M.Scale(header.scale);
      Object.assign(this, { n: header.n, angle: arrays.angle, radius: arrays.radius, drawn: arrays.drawn });
      Object.assign(this, { branch: arrays.branch, depth: arrays.depth, label: arrays.label, image: arrays.image });
      this.zx = Float64Array.from(this.angle, (angle, i) => this.drawn[i] * Math.cos(angle)); // disk frame
      this.zy = Float64Array.from(this.angle, (angle, i) => this.drawn[i] * Math.sin(angle));
      this.vx = new Float64Array(this.n); // view frame times zoom: what is on the screen
      this.vy = new Float64Array(this.n);
      this.selection = null;
      this.highlight = null;
      this.hovered = -1;
      this.chooseShown();
      this.draw.rings.replaceChildren(...header.rings.map(() => make("circle", { class: "hd-ring" })));
      this.draw.labels.replaceChildren(...header.rings.map(() => make("text", { class: "hd-label" })));
      this.writeLegend();
      this.writeCaption();
    }

    /** Which rows are drawn: all of them below the limit, above it an even stride over the data set. */
    chooseShown() {
      const limit = this.gl ? GL_LIMIT : SVG_LIMIT;
      const count = Math.min(this.n, limit);
      this.shown = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * this.n) / count));
      this.el.note.classList.toggle("is-quiet", !this.gl);
      if (!this.gl) this.say("WebGL is not available here: drawing with SVG, slower and with fewer points.", true);
    }

    async glidePoints([oldX, oldY]) {
      const [newX, newY] = [this.zx, this.zy];
      [this.zx, this.zy] = [Float64Array.from(oldX), Float64Array.from(oldY)];
      await this.rebuild();
      await this.animate((t) => {
        for (let i = 0; i < this.n; i++) {
          this.zx[i] = oldX[i] + (newX[i] - oldX[i]) * t;
          this.zy[i] = oldY[i] + (newY[i] - oldY[i]) * t;
        }
      }, 3 * GLIDE_MS);
    }

    /* ------------------------------------------------------------ points (plotly) */

    /** New plotly traces: after a load, a selection, a resize, a change of colours. Not while dragging. */
    async rebuild() {
      if (!this.n || !this.measure()) return;
      this.project();
      this.groups = this.makeGroups();
      const type = this.gl ? "scattergl" : "scatter";
      const face = getComputedStyle(this.root).getPropertyValue("--hd-face-1").trim();
      const traces = this.groups.map((group) => ({
        type,
        mode: "markers",
        x: group.x,
        y: group.y,
        opacity: group.lit ? 0.92 : DIM,
        marker: { size: group.size, color: group.colour, line: { width: group.lit ? 0.7 : 0, color: face } },
        hoverinfo: "skip",
      }));
      const axis = { range: [-PAD, PAD], visible: false, fixedrange: true };
      const layout = {
        width: this.size,
        height: this.size,
        margin: { l: 0, r: 0, t: 0, b: 0 },
        xaxis: axis,
        yaxis: { ...axis },
        showlegend: false,
        hovermode: false,
        dragmode: false,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
      };
      const config = { staticPlot: true, displayModeBar: false, plotGlPixelRatio: Math.max(2, devicePixelRatio || 1) };
      this.fillPositions();
      await this.plotly.react(this.el.plot, traces, layout, config);
      this.drawAround();
    }

    /** One trace per colour and brightness: constant colours are what scattergl updates fastest. Dimmed ones first. */
    makeGroups() {
      const key = this.colourBy === "depth" ? this.depth : this.branch;
      const colours = this.groupList().map((group) => (this.theme === "dark" ? group.dark : group.colour));
      this.lit = this.findLit();
      const buckets = new Map();
      const put = (row) => {
        const id = key[row] + (this.lit && !this.lit[row] ? 0 : 1000);
        if (!buckets.has(id)) buckets.set(id, []);
        buckets.get(id).push(row);
      };
      this.shown.forEach(put);
      if (this.lit && this.shown.length < this.n) {
        const drawn = new Set(this.shown); // lit rows are drawn even where the sample left them out
        for (let row = 0; row < this.n; row++) if (this.lit[row] && !drawn.has(row)) put(row);
      }
      const unit = this.pointUnit();
      return [...buckets.keys()].sort((a, b) => a - b).map((id) => {
        const rows = Uint32Array.from(buckets.get(id));
        const size = Array.from(rows, (row) => this.pointSize(row) * unit);
        const blank = () => new Float32Array(rows.length);
        return { rows, size, colour: colours[id % 1000], lit: id >= 1000, x: blank(), y: blank(), flat: new Float64Array(2 * rows.length) };
      });
    }

    pointSize(row) {
      return SIZES[Math.min(this.depth[row], SIZES.length - 1)];
    }

    pointUnit() {
      const crowd = Math.min(1, Math.max(0.55, (9000 / this.shown.length) ** 0.22));
      return crowd * Math.min(1.2, Math.max(0.62, this.size / 720));
    }

    /** 1 for rows at full strength, null when nothing is dimmed. */
    findLit() {
      const lit = new Uint8Array(this.n);
      if (this.highlight !== null) {
        const key = this.colourBy === "depth" ? this.depth : this.branch;
        for (let row = 0; row < this.n; row++) lit[row] = key[row] === this.highlight ? 1 : 0;
        return lit;
      }
      const s = this.selection;
      if (!s) return null;
      for (const rows of [s.members, s.children, s.parents, s.path]) for (const row of rows || []) lit[row] = 1;
      if (isRow(s.row)) lit[s.row] = 1;
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

    /** Write positions into the very arrays plotly holds, so that its own data is always current. */
    fillPositions() {
      for (const { rows, x, y, flat } of this.groups) {
        for (let i = 0; i < rows.length; i++) {
          flat[2 * i] = x[i] = this.vx[rows[i]];
          flat[2 * i + 1] = y[i] = this.vy[rows[i]];
        }
      }
    }

    /**
     * Positions to the screen. `restyle` recomputes every trace (40 ms for 5,000 points); the scatter object it ends up
     * calling takes 1 ms, so it is called directly where this plotly has it, and `restyle` is the way otherwise.
     */
    pushPoints() {
      this.fillPositions();
      const scene = this.el.plot._fullLayout?._plots?.xy?._scene;
      if (scene?.scatter2d?.update && scene.draw && scene.count === this.groups.length) {
        scene.scatter2d.update(this.groups.map(({ flat }) => ({ positions: flat })));
        this.el.plot._fullLayout._glcanvas.each((canvas) => canvas.regl?.clear({ color: true, depth: true }));
        scene.draw();
      } else {
        this.plotly.restyle(this.el.plot, { x: this.groups.map((g) => g.x), y: this.groups.map((g) => g.y) });
      }
    }

    /* ------------------------------------------------------------ everything else (SVG) */

    measure() {
      const size = Math.round(this.el.stage.clientWidth);
      if (!size) return false; // hidden: the resize observer calls again when it shows
      this.size = size;
      this.half = size / 2;
      this.px = this.half / PAD;
      for (const layer of [this.el.under, this.el.over]) layer.setAttribute("viewBox", `0 0 ${size} ${size}`);
      return true;
    }

    /** Ask for one frame; any number of calls give one. */
    refresh() {
      if (this.pending || !this.n || !this.size) return;
      this.pending = requestAnimationFrame(() => {
        this.pending = 0;
        this.project();
        this.pushPoints();
        this.drawAround();
      });
    }

    /** view frame × zoom → stage pixels */
    toStage(x, y) {
      return [this.half + x * this.px, this.half - y * this.px];
    }

    /** disk frame → stage pixels */
    diskToStage(point) {
      const [x, y] = M.translate(point, this.view.centre);
      return this.toStage(x * this.view.zoom, y * this.view.zoom);
    }

    /** stage pixels → view frame (zoom undone) */
    toView(px, py) {
      return [(px - this.half) / this.px / this.view.zoom, (this.half - py) / this.px / this.view.zoom];
    }

    /** polar points → SVG path data */
    trace(points) {
      return points
        .map(({ angle, radius }, i) => {
          const [x, y] = this.diskToStage(this.scale.disk(angle, radius));
          return `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        })
        .join("");
    }

    drawAround() {
      if (!this.n || !this.size) return;
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
      const [rx, ry] = this.diskToStage([0, 0]);
      set(this.draw.gradient, { cx: x, cy: y, r: rim, fx: rx, fy: ry });
      this.draw.root.setAttribute("transform", `translate(${rx} ${ry})`);
      const outermost = this.header.rings.length - 1;
      this.ringImages = this.header.rings.map((ring, i) => {
        const image = M.circleImage(ring.drawn, centre);
        const [cx, cy] = this.toStage(image.x * zoom, image.y * zoom);
        const r = image.r * rim;
        set(this.draw.rings.children[i], { cx, cy, r });
        const label = this.draw.labels.children[i];
        const at = labelSpot(cx, cy, r, this.size);
        set(label, { x: at[0], y: at[1] + 3.8, visibility: r > 12 && at[2] ? "visible" : "hidden" });
        label.textContent = i === outermost ? `${trim(ring.true)} from root` : trim(ring.true);
        return { true: ring.true, drawn: ring.drawn, cx, cy, r, label: at };
      });
    }

    apex() {
      const s = this.selection;
      return s && (s.polar || (isRow(s.row) ? this.polarOf(s.row) : null));
    }

    /** The true cone in the plane, through the same radial scale as the points. */
    drawCone() {
      const apex = this.apex();
      this.cone = apex && this.omega !== null ? this.coneOutline(apex, this.omega) : null;
      this.draw.cone.setAttribute("d", this.cone ? this.trace(this.cone.outline) + "Z" : "");
      this.draw.coneEdge.setAttribute("d", this.cone ? this.trace(this.cone.left) + this.trace(this.cone.right) : "");
    }

    coneOutline(apex, omega) {
      const reach = Math.max(this.scale.true(0.9985), 1.5 * apex.radius);
      const edge = M.coneEdge(apex.radius, omega, reach, this.space);
      const turn = (points, sign) => points.map((p) => ({ angle: apex.angle + sign * p.angle, radius: p.radius }));
      const [left, right] = [turn(edge, 1), turn(edge, -1)];
      const last = edge[edge.length - 1].angle;
      const rim = Array.from({ length: 97 }, (_, i) => ({ angle: apex.angle + last * (1 - i / 48), radius: reach }));
      return { left, right, outline: [...left, ...rim, ...right.slice().reverse()] };
    }

    drawSelection() {
      const s = this.selection;
      this.draw.path.setAttribute("d", s?.path?.length ? this.pathData(s) : "");
      const edges = (s?.edges || []).map(([a, b]) => this.trace(M.geodesic(this.spot(a), this.spot(b), this.space)));
      this.draw.edges.setAttribute("d", edges.join(""));
      const marks = [];
      const ring = (row, grow, name) => {
        const [x, y] = this.toStage(this.vx[row], this.vy[row]);
        marks.push(make("circle", { cx: x, cy: y, r: (this.pointSize(row) * this.pointUnit()) / 2 + grow, class: `hd-${name}` }));
      };
      for (const row of s?.children || []) ring(row, 2.2, "child");
      for (const row of s?.parents || []) ring(row, 3, "parent");
      if (isRow(s?.row)) {
        ring(s.row, 7, "selected-halo");
        ring(s.row, 3.6, "selected");
      }
      this.draw.marks.replaceChildren(...marks);
    }

    /** The chain root → … → selection, whichever way round `path` was given. */
    pathData({ path, row, polar }) {
      const spots = Array.from(path, (ref) => this.spot(ref));
      const end = polar || (isRow(row) && !path.includes(row) ? this.polarOf(row) : null);
      if (spots[0].radius > spots[spots.length - 1].radius) spots.reverse();
      const chain = [{ angle: spots[0].angle, radius: 0 }, ...spots, ...(end ? [end] : [])];
      return chain.slice(1).map((to, i) => this.trace(M.geodesic(chain[i], to, this.space))).join("");
    }

    drawExtra() {
      this.draw.extra.replaceChildren(
        ...this.extra.map(({ angle, radius, label }) => {
          const [x, y] = this.diskToStage(this.scale.disk(angle, radius));
          const mark = make("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
          add(mark, "path", { class: "hd-extra", d: "M0-9 9 0 0 9-9 0Z" });
          if (label) add(mark, "text", { class: "hd-label hd-extra-label", y: -14 }).textContent = label;
          return mark;
        }),
      );
    }

    drawHover() {
      const row = this.hovered;
      if (row < 0) return set(this.draw.hover, { visibility: "hidden" });
      const [cx, cy] = this.toStage(this.vx[row], this.vy[row]);
      set(this.draw.hover, { cx, cy, r: (this.pointSize(row) * this.pointUnit()) / 2 + 3.2, visibility: "visible" });
    }

    polarOf(row) {
      return { angle: this.angle[row], radius: this.radius[row] };
    }

    spot(ref) {
      return typeof ref === "number" ? this.polarOf(ref) : ref;
    }

    /* ------------------------------------------------------------ what the page asks for */

    /** Light one selection and dim the rest; null ends it. @param {Selection|null} selection */
    async setSelection(selection) {
      this.selection = selection;
      this.highlight = null;
      this.writeLegend();
      if (isRow(selection?.row) && this.n) this.el.live.textContent = this.words(selection.row).join(", ");
      await this.rebuild();
    }

    /** Half-angle of the drawn cone in radians, null for none; cheap enough for a slider. */
    setOmega(omega) {
      this.omega = omega === null || omega === undefined ? null : Math.min(Math.PI, Math.max(0, omega));
      if (this.n && this.size) this.drawCone();
    }

    /** Own queries as diamonds. @param {Extra[]} extra */
    setExtra(extra) {
      this.extra = extra || [];
      if (this.n && this.size) this.drawExtra();
    }

    /** @param {"branch"|"depth"} by */
    async setColour(by) {
      this.colourBy = by === "depth" ? "depth" : "branch";
      this.highlight = null;
      this.writeLegend();
      await this.rebuild();
    }

    /** Bring the disk point `centre` to the middle, at a zoom >= 1. @returns {Promise<void>} */
    setView({ centre = [0, 0], zoom = 1 } = {}, { animate = false } = {}) {
      const to = { centre: inside(centre), zoom: Math.min(MAX_ZOOM, Math.max(1, zoom)) };
      if (!animate) {
        this.moving = 0;
        this.view = to;
        this.refresh();
        return Promise.resolve();
      }
      const from = this.view;
      return this.animate((t) => {
        const mix = (a, b) => a + (b - a) * t;
        this.view = {
          centre: [mix(from.centre[0], to.centre[0]), mix(from.centre[1], to.centre[1])],
          zoom: Math.exp(mix(Math.log(from.zoom), Math.log(to.zoom))),
        };
      }, GLIDE_MS);
    }

    home() {
      return this.setView({}, { animate: true });
    }

    /** Bring a row to the middle. */
    centreOn(row) {
      return this.setView({ centre: [this.zx[row], this.zy[row]], zoom: this.view.zoom }, { animate: true });
    }

    /** Run `step(eased 0…1)` until done; a newer animation or gesture ends it. */
    animate(step, duration) {
      const turn = (this.moving = (this.moving || 0) + 1 + Math.random());
      this.hideCard();
      return new Promise((resolve) => {
        const start = performance.now();
        const frame = (now) => {
          if (turn !== this.moving || this.clean.signal.aborted) return resolve();
          const t = reducedMotion() ? 1 : Math.min(1, Math.max(0, (now - start) / duration));
          step(t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
          this.project();
          this.pushPoints();
          this.drawAround();
          if (t < 1) requestAnimationFrame(frame);
          else resolve();
        };
        requestAnimationFrame(frame);
      });
    }

    /** Page pixels of a row as drawn now. */
    pixelOf(row) {
      const box = this.el.stage.getBoundingClientRect();
      const [x, y] = this.toStage(this.vx[row], this.vy[row]);
      return { x: box.left + (x * box.width) / this.size, y: box.top + (y * box.height) / this.size };
    }

    /** What is drawn, for tests and for saved views. */
    state() {
      const count = (lit) => this.groups.reduce((sum, g) => sum + (g.lit === lit ? g.rows.length : 0), 0);
      return {
        n: this.n,
        drawn: this.groups.reduce((sum, group) => sum + group.rows.length, 0),
        lit: count(true),
        dimmed: count(false),
        size: this.size,
        view: { centre: [...this.view.centre], zoom: this.view.zoom },
        colourBy: this.colourBy,
        highlight: this.highlight,
        theme: this.theme,
        webgl: this.gl,
        omega: this.omega,
        apex: this.apex() || null,
        cone: this.cone && { left: this.cone.left, right: this.cone.right },
        selected: this.selection?.row ?? null,
        hovered: this.hovered,
        rings: this.ringImages,
        extra: this.extra.length,
      };
    }

    destroy() {
      this.clean.abort();
      clearTimeout(this.dwell);
      cancelAnimationFrame(this.pending);
      this.resizer.disconnect();
      this.themes.disconnect();
      this.plotly.purge(this.el.plot);
      this.root.replaceChildren();
      this.root.classList.remove("hypviz-disk");
      this.n = 0;
    }

    /* ------------------------------------------------------------ words */

    groupList() {
      return this.colourBy === "depth" ? this.header.depths : this.header.branches;
    }

    nameOf(row) {
      return this.label[row] < 0 ? "scene" : this.header.classes[this.label[row]] ?? `class ${this.label[row]}`;
    }

    /** Lines of the hover card: label, depth and distance, where from. */
    words(row) {
      const depth = this.header.depths[this.depth[row]]?.name ?? `level ${this.depth[row]}`;
      const name = this.nameOf(row);
      const from = this.options.describe?.(row) || this.header.images[this.image[row]] || `image ${this.image[row] + 1}`;
      const kind = name === depth ? "" : `${depth} · `;
      return [name, `${kind}${this.radius[row].toFixed(3)} from root`, from];
    }

    writeCaption() {
      const { n, total, distortion, geometry } = this.header;
      const number = (value) => value.toLocaleString("en");
      const sampled = this.shown.length < n ? " (evenly spread over the data set)" : "";
      const radius = geometry === "euclidean" ? "radius = true norm" : "radius = true distance to the root";
      const angle = `angle = projection${distortion === null ? "" : ` (rank correlation ${distortion.toFixed(2)})`}`;
      this.el.caption.textContent = `drawn ${number(this.shown.length)} of ${number(total)}${sampled} · ${radius} · ${angle}`;
    }

    writeLegend() {
      if (!this.header) return;
      this.el.legend.classList.toggle("has-highlight", this.highlight !== null);
      this.el.legend.replaceChildren(
        ...this.groupList().map((group, i) => {
          const button = document.createElement("button");
          const dot = document.createElement("span");
          const count = document.createElement("i");
          dot.className = "hd-dot";
          dot.style.color = this.theme === "dark" ? group.dark : group.colour;
          count.textContent = group.count.toLocaleString("en");
          button.type = "button";
          button.setAttribute("aria-pressed", String(this.highlight === i));
          button.append(dot, group.name, count);
          button.onclick = () => this.toggleHighlight(i);
          return button;
        }),
      );
    }

    async toggleHighlight(i) {
      this.highlight = this.highlight === i ? null : i;
      this.writeLegend();
      await this.rebuild();
    }

    say(text, quiet = false) {
      this.el.note.hidden = false;
      this.el.note.textContent = text;
      this.el.note.classList.toggle("is-quiet", quiet);
    }

    /* ------------------------------------------------------------ pointer and keys */

    listen() {
      const stage = this.el.stage;
      const on = (target, type, handler, options = {}) =>
        target.addEventListener(type, handler, { signal: this.clean.signal, ...options });
      this.fingers = new Map();
      on(stage, "pointerdown", (event) => this.press(event));
      on(stage, "pointermove", (event) => this.move(event));
      on(stage, "pointerup", (event) => this.release(event, true));
      on(stage, "pointercancel", (event) => this.release(event, false));
      on(stage, "pointerleave", () => this.hover(-1));
      on(stage, "wheel", (event) => this.wheel(event), { passive: false });
      on(stage, "dblclick", (event) => this.doubleClick(event));
      on(this.el.home, "click", () => this.home());
      on(this.root, "keydown", (event) => this.key(event));
      this.resizer = new ResizeObserver(() => {
        if (this.n && Math.round(stage.clientWidth) !== this.size) this.rebuild();
      });
      this.resizer.observe(stage);
    }

    /** Event → stage pixels, also when the page is scaled by CSS. */
    at(event) {
      const box = this.el.stage.getBoundingClientRect();
      const scale = (this.size || 1) / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    }

    press(event) {
      if (!this.n || event.button !== 0 || event.target.closest(".hd-home")) return;
      this.el.stage.setPointerCapture(event.pointerId);
      this.moving = 0;
      this.fingers.set(event.pointerId, this.at(event));
      this.moved = this.fingers.size > 1 ? Infinity : 0;
      this.grab();
    }

    /** Remember what lies under the fingers, so that the disk can follow them. */
    grab() {
      const spots = [...this.fingers.values()];
      if (!spots.length) return (this.grip = null);
      const middle = mean(spots);
      const under = M.untranslate(inside(this.toView(...middle), 0.999), this.view.centre);
      const outside = Math.hypot(...this.toView(...middle)) > 1;
      this.grip = { under, start: middle, apart: spread(spots), zoom: this.view.zoom, outside };
    }

    move(event) {
      if (!this.n) return;
      const spot = this.at(event);
      if (!this.fingers.has(event.pointerId)) {
        if (event.pointerType !== "touch") this.hover(this.nearest(...spot, PICK_PX));
        return;
      }
      this.fingers.set(event.pointerId, spot);
      const spots = [...this.fingers.values()];
      const middle = mean(spots);
      this.moved = Math.max(this.moved, Math.hypot(middle[0] - this.grip.start[0], middle[1] - this.grip.start[1]));
      if (this.moved < CLICK_PX || this.grip.outside) return;
      this.el.stage.classList.add("is-dragging");
      this.hover(-1);
      const zoom = spots.length > 1 && this.grip.apart ? (this.grip.zoom * spread(spots)) / this.grip.apart : this.view.zoom;
      this.hold(this.grip.under, middle, zoom);
    }

    /** The view in which disk point `under` lies at stage pixels `spot`. */
    hold(under, spot, zoom) {
      this.view.zoom = Math.min(MAX_ZOOM, Math.max(1, zoom));
      this.view.centre = inside(M.translationTaking(under, inside(this.toView(...spot))));
      this.refresh();
    }

    release(event, finished) {
      if (!this.fingers.delete(event.pointerId)) return;
      this.el.stage.classList.remove("is-dragging");
      const clicked = finished && !this.fingers.size && this.moved < CLICK_PX;
      this.grab();
      if (clicked) this.click(this.at(event), event.pointerType === "touch" ? TOUCH_PICK_PX : PICK_PX);
    }

    click(spot, reach) {
      const extra = this.nearestExtra(...spot, reach);
      if (extra >= 0 && this.options.onPickExtra) return this.options.onPickExtra(extra);
      const row = this.nearest(...spot, reach);
      if (row >= 0) this.options.onPick?.(row);
      else this.options.onBackground?.();
    }

    wheel(event) {
      if (!this.n) return;
      const spot = this.at(event);
      const step = event.deltaY * (event.deltaMode === 1 ? 33 : 1);
      if (this.view.zoom <= 1 && step > 0) return; // nothing left to undo: let the page scroll
      event.preventDefault();
      const here = this.toView(...spot);
      if (Math.hypot(...here) > 1) return;
      this.moving = 0;
      this.hideCard();
      this.hold(M.untranslate(inside(here, 0.999), this.view.centre), spot, this.view.zoom * Math.exp(-step * 0.0016));
    }

    doubleClick(event) {
      if (!this.n || event.target.closest(".hd-home")) return;
      const spot = this.at(event);
      const row = this.nearest(...spot, PICK_PX);
      const here = this.toView(...spot);
      if (row >= 0) this.centreOn(row);
      else if (Math.hypot(...here) < 1) {
        this.setView({ centre: M.untranslate(here, this.view.centre), zoom: this.view.zoom }, { animate: true });
      }
    }

    key(event) {
      const steps = { ArrowUp: "parent", ArrowDown: "child", ArrowRight: "sibling+", ArrowLeft: "sibling-" };
      if (event.target.closest("button") && event.key !== "Escape") return;
      if (event.key === "Escape") this.home();
      else if (steps[event.key]) this.options.onStep?.(steps[event.key]);
      else return;
      event.preventDefault();
    }

    /** The drawn row nearest to stage pixels, within `reach` pixels; −1 for none. A plain loop: 0.1 ms at 50,000. */
    nearest(px, py, reach) {
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

    nearestExtra(px, py, reach) {
      return this.extra.findIndex(({ angle, radius }) => {
        const [x, y] = this.diskToStage(this.scale.disk(angle, radius));
        return Math.hypot(x - px, y - py) <= reach;
      });
    }

    /* ------------------------------------------------------------ hover card */

    hover(row) {
      if (row === this.hovered) return;
      this.hideCard();
      this.hovered = row;
      this.el.stage.classList.toggle("is-picking", row >= 0);
      this.drawHover();
      if (row >= 0) this.dwell = setTimeout(() => this.showCard(row), DWELL_MS);
    }

    hideCard() {
      clearTimeout(this.dwell);
      if (this.el.card.classList.contains("is-open")) this.options.onHover?.(null);
      this.el.card.classList.remove("is-open");
      this.hovered = -1;
      this.drawHover();
    }

    showCard(row) {
      const { card } = this.el;
      const [title, ...lines] = this.words(row);
      const [image, text] = card.children;
      const url = this.options.thumbUrl?.(row);
      image.hidden = !url;
      image.onerror = () => (image.hidden = true);
      if (url) image.src = url;
      text.replaceChildren(...[title, ...lines].map((line) => Object.assign(document.createElement("div"), { textContent: line })));
      const dot = document.createElement("span");
      dot.className = "hd-dot";
      const group = this.header.branches[this.branch[row]];
      dot.style.color = this.theme === "dark" ? group.dark : group.colour;
      text.firstChild.prepend(dot);
      this.placeCard(row);
      card.classList.add("is-open");
      this.options.onHover?.(row);
    }

    /** Above the point, inside the stage; where the top leaves no room, beside the point, never below. */
    placeCard(row) {
      const { card } = this.el;
      const [x, y] = this.toStage(this.vx[row], this.vy[row]);
      const [width, height] = [card.offsetWidth, card.offsetHeight];
      const clamp = (value, room) => Math.min(this.size - room - 6, Math.max(6, value));
      let left = clamp(x - width / 2, width);
      const top = y - height - 16;
      if (top < 6) left = clamp(x > this.half ? x - width - 16 : x + 16, width);
      card.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(6, top))}px)`;
    }

    /* ------------------------------------------------------------ theme */

    watchTheme() {
      const media = matchMedia("(prefers-color-scheme: dark)");
      const check = () => {
        const before = this.theme;
        this.theme = isDark(this.root, media.matches) ? "dark" : "light";
        this.root.dataset.theme = this.theme;
        if (before && before !== this.theme && this.n) {
          this.writeLegend();
          this.rebuild();
        }
      };
      check();
      media.addEventListener("change", check, { signal: this.clean.signal });
      this.themes = new MutationObserver(check);
      for (const node of [document.documentElement, document.body]) {
        this.themes.observe(node, { attributes: true, attributeFilter: ["class", "data-theme"] });
      }
    }
  }

  /* -------------------------------------------------------------- helpers */

  function isDark(element, preferred) {
    if (element.closest(".dark")) return true;
    if (element.closest(".light") || document.querySelector(".gradio-container")) return false; // Gradio only marks dark
    return preferred;
  }

  function hasWebGL() {
    const context = document.createElement("canvas").getContext("webgl");
    context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts: give this one back
    return Boolean(context);
  }

  async function fetchBytes(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return answer.arrayBuffer();
  }

  /** Where a ring's label goes: on the ring, as near to its top as the stage allows. @returns {[x, y, fits]} */
  function labelSpot(cx, cy, r, size) {
    for (let step = 0; step <= 36; step++) {
      const angle = Math.PI / 2 + (step % 2 ? 1 : -1) * Math.ceil(step / 2) * (Math.PI / 18);
      const x = cx + r * Math.cos(angle);
      const y = cy - r * Math.sin(angle);
      if (x > 44 && x < size - 44 && y > 12 && y < size - 12) return [x, y, true];
    }
    return [cx, cy - r, false];
  }

  function inside([x, y], limit = EDGE) {
    const length = Math.hypot(x, y);
    return length > limit ? [(x * limit) / length, (y * limit) / length] : [x, y];
  }

  const mean = (spots) => [0, 1].map((axis) => spots.reduce((sum, spot) => sum + spot[axis], 0) / spots.length);
  const spread = (spots) => (spots.length > 1 ? Math.hypot(spots[0][0] - spots[1][0], spots[0][1] - spots[1][1]) : 0);
  const isRow = (row) => Number.isInteger(row) && row >= 0;
  const trim = (value) => String(Number(value.toPrecision(4)));

  let serial = 0;
  const uniqueId = () => `hd-face-${++serial}`;

  function set(node, attributes) {
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    return node;
  }
  const make = (tag, attributes = {}) => set(document.createElementNS(SVG_NS, tag), attributes);
  const add = (parent, tag, attributes) => parent.appendChild(make(tag, attributes));

  /** @param {HTMLElement} element @param {Options} options @returns {Disk} */
  hypviz.createDisk = (element, options) => new Disk(element, options);
})();
