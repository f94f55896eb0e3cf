/**
 * The Poincaré disk, behind one small interface. Needs disk-math.js, disk-paint.js and disk.css; knows nothing of the
 * page around it.
 *
 *   const disk = hypviz.createDisk(element, { plotly: window.Plotly, onPick, thumbUrl, describe, … });
 *   await disk.load(url);
 *
 * @typedef {{angle: number, radius: number}} Polar   radians and true distance to the root
 * @typedef {{angle: number, radius: number, label?: string, thumb?: string}} Extra
 * @typedef {{row?: number|null, polar?: Polar|null, members?: ArrayLike<number>, children?: number[],
 *   parents?: number[], path?: number[], edges?: (number|Polar)[][]}} Selection   rows of the payload
 * @typedef {{centre?: [number, number], zoom?: number}} View   the disk point in the middle, and a zoom >= 1
 * @typedef {Object} Options
 * @property {Object} plotly                         the Plotly object
 * @property {(row: number) => void} [onPick]        a click on a point
 * @property {(index: number) => void} [onPickExtra] a click on an extra mark
 * @property {(row: number|null) => void} [onHover]  when the card opens, null when it closes
 * @property {() => void} [onBackground]             a click on nothing
 * @property {(step: "parent"|"child"|"sibling+"|"sibling-") => void} [onStep]  arrow keys: up, down, right, left
 * @property {(row: number) => string} [thumbUrl]    picture for the hover card
 * @property {(row: number) => string} [describe]    last line of the hover card; default: the image's name
 * @property {"auto"|"svg"} [renderer]               "svg" draws without WebGL
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { math: M, isRow, reducedMotion } = hypviz;

  const PICK_PX = 14;
  const TOUCH_PICK_PX = 22;
  const CLICK_PX = 4; // a press that moved less is a click
  const DWELL_MS = 125; // before the card fetches its picture
  const TURN_MS = 280;
  const GLIDE_MS = 800;
  const MAX_ZOOM = 60;
  const EDGE = 0.985; // pans keep this distance from the rim, where a translation degenerates
  const HOME_ICON = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"><circle cx="12" cy="12" r="9"/>
    <circle cx="12" cy="12" r="2.2" fill="currentColor"/></svg>`;

  class Disk {
    /** @param {HTMLElement} element @param {Options} options */
    constructor(element, options) {
      if (!M || !hypviz.Painter) throw new Error("disk.js needs disk-math.js and disk-paint.js, loaded before it.");
      this.options = options;
      this.root = element;
      this.loads = 0;
      this.turns = { view: 0, data: 0 }; // a running animation ends when its number is passed
      this.fingers = new Map();
      this.clean = new AbortController(); // ends every listener at once
      this.buildDom();
      this.paint = new hypviz.Painter(this.el.stage, options.plotly, { svgOnly: options.renderer === "svg" });
      this.look = this.paint.look;
      this.watchTheme();
      this.listen();
    }

    buildDom() {
      this.root.classList.add("hypviz-disk");
      this.root.tabIndex = 0;
      this.root.setAttribute("role", "application");
      this.root.setAttribute("aria-label", "Poincaré disk. Arrow keys walk the hierarchy, Escape returns home.");
      this.root.innerHTML = `
        <div class="hd-stage">
          <svg class="hd-layer hd-under"></svg><div class="hd-layer hd-plot"></div><svg class="hd-layer hd-over"></svg>
          <button class="hd-home" type="button" title="Home (Esc)" aria-label="Home">${HOME_ICON}</button>
          <div class="hd-card" role="tooltip"><img alt="" hidden><div class="hd-card-text"></div></div>
          <div class="hd-note" role="status">Loading…</div>
        </div>
        <div class="hd-legend" role="group" aria-label="Highlight a group"></div>
        <div class="hd-caption"></div><div class="hd-live" aria-live="polite"></div>`;
      this.el = {};
      for (const name of ["stage", "home", "card", "note", "legend", "caption", "live"]) {
        this.el[name] = this.root.querySelector(`.hd-${name}`);
      }
    }

    /* ------------------------------------------------------------ loading */

    /**
     * Fetch and draw a payload; resolves when it is on the screen. A payload with as many points as the one before
     * glides there (training, before/after) and keeps the view; the selection always ends.
     * @param {string|ArrayBuffer} source
     */
    async load(source) {
      const turn = ++this.loads;
      try {
        const data = M.decode(typeof source === "string" ? await fetchBytes(source) : source);
        if (turn !== this.loads) return; // a later load has overtaken this one
        const { paint } = this;
        const before = paint.n === data.header.n ? [paint.zx, paint.zy] : null;
        this.turns.data++;
        this.hideCard();
        paint.adopt(data);
        Object.assign(this.look, { selection: null, highlight: null });
        if (!before) paint.view = { centre: [0, 0], zoom: 1 };
        this.writeLegend();
        this.writeCaption();
        this.el.note.hidden = true;
        if (!paint.gl) this.say("WebGL is not available: drawn with SVG, slower and with fewer points.", true);
        if (before) await this.glide(before);
        else await paint.rebuild();
        await nextFrame();
      } catch (error) {
        if (turn === this.loads) this.say(`The disk could not be loaded: ${error.message}`);
        throw error;
      }
    }

    async glide([oldX, oldY]) {
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

    /* ------------------------------------------------------------ what the page asks for */

    /** Light one selection and dim the rest; null ends it. @param {Selection|null} selection */
    async setSelection(selection) {
      Object.assign(this.look, { selection, highlight: null });
      if (!this.paint.n) return;
      this.writeLegend();
      if (isRow(selection?.row)) this.el.live.textContent = this.words(selection.row).join(", ");
      await this.paint.rebuild();
    }

    /** Half-angle of the drawn cone in radians, null for none; cheap enough for a slider. */
    setOmega(omega) {
      this.look.omega = typeof omega === "number" ? Math.min(Math.PI, Math.max(0, omega)) : null;
      this.paint.drawCone();
    }

    /** Own queries as diamonds. @param {Extra[]} extra */
    setExtra(extra) {
      this.look.extra = extra || [];
      this.paint.drawExtra();
    }

    /** @param {"branch"|"depth"} by */
    async setColour(by) {
      Object.assign(this.look, { colourBy: by === "depth" ? "depth" : "branch", highlight: null });
      if (!this.paint.n) return;
      this.writeLegend();
      await this.paint.rebuild();
    }

    /** @param {View} view @returns {Promise<void>} */
    setView({ centre = [0, 0], zoom = 1 } = {}, { animate = false } = {}) {
      const { paint } = this;
      const from = paint.view;
      const to = { centre: inside(centre), zoom: Math.min(MAX_ZOOM, Math.max(1, zoom)) };
      this.hideCard();
      return this.animate("view", animate ? TURN_MS : 0, (t) => {
        const mix = (a, b) => (t < 1 ? a + (b - a) * t : b);
        paint.view = {
          centre: [mix(from.centre[0], to.centre[0]), mix(from.centre[1], to.centre[1])],
          zoom: Math.exp(mix(Math.log(from.zoom), Math.log(to.zoom))),
        };
      });
    }

    /** The root in the middle, the whole disk in sight. */
    home() {
      return this.setView({}, { animate: true });
    }

    /** Bring a row to the middle. */
    centreOn(row) {
      const { zx, zy, view } = this.paint;
      return this.setView({ centre: [zx[row], zy[row]], zoom: view.zoom }, { animate: true });
    }

    /** Run `step(0…1)`, eased, and draw; a newer animation of the same kind, or a gesture, ends it. */
    animate(kind, duration, step) {
      const turn = ++this.turns[kind];
      const start = performance.now();
      return new Promise((resolve) => {
        const frame = (now) => {
          if (turn !== this.turns[kind] || this.clean.signal.aborted) return resolve();
          const t = duration && !reducedMotion() ? Math.min(1, Math.max(0, (now - start) / duration)) : 1;
          step(t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
          this.paint.frame();
          if (t < 1) requestAnimationFrame(frame);
          else resolve();
        };
        if (duration) requestAnimationFrame(frame);
        else frame(start);
      });
    }

    /** Page pixels of a row as drawn now. */
    pixelOf(row) {
      const box = this.el.stage.getBoundingClientRect();
      const [x, y] = this.paint.rowToStage(row);
      const scale = box.width / this.paint.size;
      return { x: box.left + x * scale, y: box.top + y * scale };
    }

    /** The present picture as a standalone SVG for papers. */
    toSVG() {
      return this.paint.toSVG();
    }

    /** What is drawn, for tests and for saved views. */
    state() {
      const { paint, look } = this;
      const count = (lit) => paint.groups.reduce((sum, g) => sum + (g.lit === lit ? g.rows.length : 0), 0);
      return {
        n: paint.n,
        drawn: count(true) + count(false),
        lit: count(true),
        dimmed: count(false),
        size: paint.size,
        webgl: paint.gl,
        view: { centre: [...paint.view.centre], zoom: paint.view.zoom },
        colourBy: look.colourBy,
        theme: look.theme,
        highlight: look.highlight,
        hovered: look.hovered,
        omega: look.omega,
        selected: look.selection?.row ?? null,
        apex: paint.apex() || null,
        cone: paint.cone && { left: paint.cone.far.left, right: paint.cone.far.right },
        rings: paint.rings,
        extra: look.extra.length,
      };
    }

    destroy() {
      this.clean.abort();
      this.loads++;
      clearTimeout(this.dwell);
      this.resizer.disconnect();
      this.themes.disconnect();
      this.paint.destroy();
      this.root.replaceChildren();
      this.root.classList.remove("hypviz-disk");
    }

    /* ------------------------------------------------------------ words */

    /** Lines of the hover card: label, depth and distance, where from. */
    words(row) {
      const { header, label, depth, radius, image } = this.paint;
      const kind = header.depths[depth[row]]?.name ?? `level ${depth[row]}`;
      const name = label[row] < 0 ? "scene" : header.classes[label[row]] ?? `class ${label[row]}`;
      const from = this.options.describe?.(row) || header.images[image[row]] || `image ${image[row] + 1}`;
      return [name, `${name === kind ? "" : `${kind} · `}${radius[row].toFixed(3)} from root`, from];
    }

    writeCaption() {
      const { header, shown } = this.paint;
      const number = (value) => value.toLocaleString("en");
      const parts = [
        `drawn ${number(shown.length)} of ${number(header.total)}${shown.length < header.n ? ", evenly spread over the data" : ""}`,
        header.geometry === "euclidean" ? "radius = true norm" : "radius = true distance to the root",
        `angle = projection${header.distortion === null ? "" : ` (rank correlation ${header.distortion.toFixed(2)})`}`,
      ];
      this.el.caption.replaceChildren(...parts.flatMap((part, i) => [i ? " · " : "", element("span", "", part)]));
    }

    writeLegend() {
      if (!this.paint.n) return;
      const { highlight } = this.look;
      this.el.legend.classList.toggle("has-highlight", highlight !== null);
      this.el.legend.replaceChildren(
        ...this.paint.colourGroups().map((group, i) => {
          const button = element("button", "", this.dot(group), group.name, element("i", "", group.count.toLocaleString("en")));
          button.type = "button";
          button.setAttribute("aria-pressed", String(highlight === i));
          button.onclick = () => this.toggleHighlight(i);
          return button;
        }),
      );
    }

    dot(group) {
      const dot = element("span", "hd-dot");
      dot.style.color = this.paint.colourOf(group);
      return dot;
    }

    async toggleHighlight(i) {
      this.look.highlight = this.look.highlight === i ? null : i;
      this.writeLegend();
      this.el.legend.children[i]?.focus();
      await this.paint.rebuild();
    }

    say(text, quiet = false) {
      this.el.note.hidden = false;
      this.el.note.textContent = text;
      this.el.note.classList.toggle("is-quiet", quiet);
    }

    /* ------------------------------------------------------------ pointer and keys */

    listen() {
      const { stage, home } = this.el;
      const on = (target, type, handler, options = {}) =>
        target.addEventListener(type, handler, { signal: this.clean.signal, ...options });
      on(stage, "pointerdown", (event) => this.press(event));
      on(stage, "pointermove", (event) => this.move(event));
      on(stage, "pointerup", (event) => this.release(event, true));
      on(stage, "pointercancel", (event) => this.release(event, false));
      on(stage, "pointerleave", () => this.hover(-1));
      on(stage, "wheel", (event) => this.wheel(event), { passive: false });
      on(stage, "dblclick", (event) => this.doubleClick(event));
      on(home, "click", () => this.home());
      on(this.root, "keydown", (event) => this.key(event));
      this.resizer = new ResizeObserver(() => {
        if (this.paint.n && Math.round(stage.clientWidth) !== this.paint.size) this.paint.rebuild();
      });
      this.resizer.observe(stage);
    }

    /** Event → stage pixels, also when the page is scaled by CSS. */
    at(event) {
      const box = this.el.stage.getBoundingClientRect();
      const scale = (this.paint.size || 1) / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    }

    press(event) {
      if (!this.paint.ready || event.button !== 0 || event.target.closest(".hd-home")) return;
      this.el.stage.setPointerCapture(event.pointerId);
      this.turns.view++; // a gesture takes over from an animation
      this.fingers.set(event.pointerId, this.at(event));
      this.moved = this.fingers.size > 1 ? Infinity : 0;
      this.grab();
    }

    /** Remember what lies under the fingers, so that the disk can follow them. */
    grab() {
      const spots = [...this.fingers.values()];
      if (!spots.length) return;
      const start = mean(spots);
      const here = this.paint.toView(start);
      const under = M.untranslate(inside(here, 0.999), this.paint.view.centre);
      this.grip = { under, start, apart: apart(spots), zoom: this.paint.view.zoom, outside: Math.hypot(...here) > 1 };
    }

    move(event) {
      if (!this.paint.ready) return;
      const spot = this.at(event);
      if (!this.fingers.has(event.pointerId)) {
        if (event.pointerType !== "touch") this.hover(this.paint.nearest(spot, PICK_PX));
        return;
      }
      this.fingers.set(event.pointerId, spot);
      const spots = [...this.fingers.values()];
      const middle = mean(spots);
      this.moved = Math.max(this.moved, Math.hypot(middle[0] - this.grip.start[0], middle[1] - this.grip.start[1]));
      if (this.moved < CLICK_PX || this.grip.outside) return;
      this.el.stage.classList.add("is-dragging");
      this.hover(-1);
      const pinch = this.grip.apart ? apart(spots) / this.grip.apart : 1;
      this.hold(this.grip.under, middle, this.grip.zoom * pinch);
    }

    /** The view in which disk point `under` lies at stage position `spot`: a pure translation, so nothing turns. */
    hold(under, spot, zoom) {
      const { view } = this.paint;
      view.zoom = Math.min(MAX_ZOOM, Math.max(1, zoom));
      view.centre = inside(M.translationTaking(under, inside(this.paint.toView(spot))));
      this.paint.refresh();
    }

    release(event, finished) {
      if (!this.fingers.delete(event.pointerId)) return;
      this.el.stage.classList.remove("is-dragging");
      this.grab();
      if (!finished || this.fingers.size || this.moved >= CLICK_PX) return;
      this.click(this.at(event), event.pointerType === "touch" ? TOUCH_PICK_PX : PICK_PX);
    }

    click(spot, reach) {
      const extra = this.options.onPickExtra ? this.paint.nearestExtra(spot, reach) : -1;
      const row = this.paint.nearest(spot, reach);
      if (extra >= 0) this.options.onPickExtra(extra);
      else if (row >= 0) this.options.onPick?.(row);
      else this.options.onBackground?.();
    }

    wheel(event) {
      const { paint } = this;
      const step = event.deltaY * (event.deltaMode === 1 ? 33 : 1);
      if (!paint.ready || (paint.view.zoom <= 1 && step > 0)) return; // nothing left to undo: let the page scroll
      const spot = this.at(event);
      const here = paint.toView(spot);
      if (Math.hypot(...here) > 1) return;
      event.preventDefault();
      this.turns.view++;
      this.hideCard();
      this.hold(M.untranslate(inside(here, 0.999), paint.view.centre), spot, paint.view.zoom * Math.exp(-step * 0.0016));
    }

    doubleClick(event) {
      const { paint } = this;
      if (!paint.ready || event.target.closest(".hd-home")) return;
      const spot = this.at(event);
      const row = paint.nearest(spot, PICK_PX);
      const here = paint.toView(spot);
      if (row >= 0) this.centreOn(row);
      else if (Math.hypot(...here) < 1) {
        this.setView({ centre: M.untranslate(here, paint.view.centre), zoom: paint.view.zoom }, { animate: true });
      }
    }

    key(event) {
      const steps = { ArrowUp: "parent", ArrowDown: "child", ArrowRight: "sibling+", ArrowLeft: "sibling-" };
      if (event.key === "Escape") this.home();
      else if (steps[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) this.options.onStep?.(steps[event.key]);
      else return;
      event.preventDefault();
    }

    /* ------------------------------------------------------------ hover card */

    hover(row) {
      if (row === this.look.hovered) return;
      this.hideCard();
      this.look.hovered = row;
      this.el.stage.classList.toggle("is-picking", row >= 0);
      if (row < 0) return;
      this.paint.drawHover();
      this.dwell = setTimeout(() => this.showCard(row), DWELL_MS);
    }

    hideCard() {
      clearTimeout(this.dwell);
      if (this.el.card.classList.contains("is-open")) this.options.onHover?.(null);
      this.el.card.classList.remove("is-open");
      this.look.hovered = -1;
      this.paint.drawHover();
    }

    showCard(row) {
      const { paint, options, el } = this;
      const [image, text] = el.card.children;
      const [title, ...lines] = this.words(row);
      const url = options.thumbUrl?.(row);
      image.hidden = !url;
      image.onerror = () => (image.hidden = true);
      if (url) image.src = url;
      const first = element("div", "", this.dot(paint.header.branches[paint.branch[row]]), title);
      text.replaceChildren(first, ...lines.map((line) => element("div", "", line)));
      this.placeCard(paint.rowToStage(row));
      el.card.classList.add("is-open");
      options.onHover?.(row);
    }

    /** Above the point, inside the stage; where the top leaves no room, beside the point, never below. */
    placeCard([x, y]) {
      const { card } = this.el;
      const { size } = this.paint;
      const [width, height] = [card.offsetWidth, card.offsetHeight];
      const clamp = (value) => Math.min(size - width - 6, Math.max(6, value));
      const top = y - height - 16;
      const beside = x > size / 2 ? x - width - 16 : x + 16;
      const left = clamp(top < 6 ? beside : x - width / 2);
      card.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(6, top))}px)`;
    }

    /* ------------------------------------------------------------ theme */

    watchTheme() {
      const media = matchMedia("(prefers-color-scheme: dark)");
      const check = () => {
        const theme = isDark(this.root, media.matches) ? "dark" : "light";
        if (this.root.dataset.theme === theme) return;
        this.root.dataset.theme = this.look.theme = theme;
        this.writeLegend();
        this.paint.rebuild();
      };
      delete this.root.dataset.theme;
      check();
      media.addEventListener("change", check, { signal: this.clean.signal });
      this.themes = new MutationObserver(check);
      for (const node of [document.documentElement, document.body]) {
        this.themes.observe(node, { attributes: true, attributeFilter: ["class"] });
      }
    }
  }

  /* -------------------------------------------------------------- helpers */

  function isDark(node, preferred) {
    if (node.closest(".dark")) return true;
    if (node.closest(".light, .gradio-container")) return false; // Gradio marks only dark
    return preferred;
  }

  async function fetchBytes(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return answer.arrayBuffer();
  }

  function inside([x, y], limit = EDGE) {
    const length = Math.hypot(x, y);
    return length > limit ? [(x * limit) / length, (y * limit) / length] : [x, y];
  }

  /** Strings become text, so no label or file name is ever read as HTML. */
  function element(tag, className, ...children) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  }

  /** The next frame; a tab in the background has none, so it does not wait long. */
  const nextFrame = () => new Promise((resolve) => [requestAnimationFrame(() => resolve()), setTimeout(resolve, 150)]);
  const mean = (spots) => [0, 1].map((axis) => spots.reduce((sum, spot) => sum + spot[axis], 0) / spots.length);
  const apart = (spots) => (spots.length > 1 ? Math.hypot(spots[0][0] - spots[1][0], spots[0][1] - spots[1][1]) : 0);

  /** @param {HTMLElement} element @param {Options} options @returns {Disk} */
  hypviz.createDisk = (element, options) => new Disk(element, options);
})();
