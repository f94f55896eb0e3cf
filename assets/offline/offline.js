/**
 * The page without a server: the disk, cones found in all dimensions, children and parents, all in the browser. One file
 * (hypviz/server/offline.py, started by offline/start.js) or a folder (hypviz/server/publish.py, started by publish/start.js). Needs
 * plotly.js, the disk/*.js files and offline/search.js.
 *
 *   const page = hypviz.offlinePage({ data, buffer, search, picture, held });
 *
 * data: {state, facts, edges, cones, place}.  buffer: the points (hypviz/viz/disk.py).  search: the promise of an offlineSearch.
 * picture: row → address of its small picture, "" for none.  held: a sentence on what is here.  focus: the layout around a
 * selection, see disk/focus.js; none: the overview alone.  about: row → the promise of a node with more about an item.
 */
(function () {
  "use strict";
  const { math: M, element, Bits, createDisk } = window.hypviz;

  window.hypviz.offlinePage = function ({ data, buffer, search: searching, picture, held: whatIsHeld, focus, about, onSelect = () => {} }) {
    const COLOURS = [["branch", "branch"], ["depth", "level"], ["radius", "distance to the root"], ["class", "class"],
      ["violation", "violations"], ["split", "split"], ["distortion", "distortion"]];

    const { header, arrays } = M.decode(buffer);
    const rows = arrays.row || Int32Array.from({ length: header.n }, (_, i) => i);
    const placeOf = new Map(Array.from(rows, (row, i) => [row, i]));

    let search = null; // until what it needs is there
    const cones = data.cones !== false;

    /** Half-angle of the cone at item i: ω as it was set, or the calibrated one of its level, or the aperture. */
    function halfAngle(i) {
      if (state.kind === "aperture" && header.geometry === "hyperbolic") return search.apertureOf(i);
      return state.omega ?? search.omegaOf(i);
    }

    const members = (i) => search.members(i, halfAngle(i));

    /* ------------------------------------------------------------ the page */

    const state = data.state;
    const pins = [...state.pins];
    const page = document.getElementById("hv-offline");
    const facts = data.facts;
    const find = (name) => page.querySelector(`.of-${name}`);
    const nameOf = (i) => (arrays.label[i] < 0 ? "scene" : header.classes[arrays.label[i]]);

    page.innerHTML = `<div class="of-head"><h1></h1><p></p></div>
      <div class="of-main"><section><div class="of-bar">
        <label>cone ω <input type="range" class="of-omega" min="0.02" max="3.14" step="0.005"></label><output></output>
        <label>colour <select class="of-colour"></select></label>
        <label><input type="checkbox" class="of-pictures"> pictures</label>
        <button type="button" class="of-pin">Pin this cone</button>
      </div><div class="of-disk" tabindex="0"></div></section>
      <section><div class="of-now" aria-live="polite"></div>
        <div class="of-list of-children"></div><div class="of-list of-parents"></div></section></div>`;
    find("head").querySelector("h1").textContent = data.title || header.title;
    const held = facts.own_vectors ? "own vectors" : `pictures, ${facts.boxes.toLocaleString("en")} boxes · checkpoint ${facts.checkpoint}`;
    find("head").querySelector("p").textContent =
      `${facts.images.toLocaleString("en")} ${held}, ` +
      `${facts.dimension} dimensions, ${facts.geometry} · licences: data ${facts.data_licence}; checkpoint ${facts.checkpoint_licence} · ` +
      `${whatIsHeld(header)}`;
    find("colour").append(...COLOURS.map(([value, name]) => new Option(name, value, false, value === state.colour)));

    const disk = createDisk(find("disk"), {
      plotly: window.Plotly,
      onPick: (row) => select(row),
      onToggle: (row) => pin(row),
      onBackground: () => select(null),
      onStep: step,
      thumbUrl: picture,
      focus,
    });

    async function select(row) {
      state.row = row;
      onSelect(row);
      await show();
    }

    async function show() {
      const i = placeOf.get(state.row);
      if (i === undefined) {
        find("now").replaceChildren(element("p", "", "Click a point to see what its cone holds."));
        find("children").replaceChildren();
        find("parents").replaceChildren();
        await disk.setSelection(null);
        return showOmega(0);
      }
      now(i);
      search ||= await searching;
      if (placeOf.get(state.row) !== i) return undefined; // another was chosen meanwhile
      const { shown: children, members: inside, total } = search.children(i, halfAngle(i));
      const { shown: parents, total: above } = search.parents(i);
      list("children", cones ? "Children" : "Similar by cosine", children, total);
      list("parents", "Parents", parents, above);
      disk.setOmega(cones ? halfAngle(i) : null);
      showOmega(inside.length);
      const name = arrays.image[i];
      await disk.setSelection({
        row: state.row,
        query: focus && { row: state.row },
        members: Bits.of(inside.map((j) => rows[j]), header.total),
        children: children.map((j) => rows[j]),
        parents: parents.map((j) => rows[j]),
        edges: data.edges.filter(([parent]) => arrays.image[placeOf.get(parent)] === name),
      });
      return showPins();
    }

    function now(i) {
      const image = Object.assign(element("img"), { src: picture(rows[i]), alt: "", hidden: !picture(rows[i]) });
      const level = header.depths[arrays.depth[i]].name;
      const words = element("div", "", element("h2", "", nameOf(i)), element("p", "", `${level} · ${hypviz.distance(arrays.radius[i])} from the root`));
      find("now").replaceChildren(image, words);
      const row = state.row;
      about?.(row).then((node) => node && state.row === row && words.append(node), () => {}); // what is missing is only more about it
    }

    function list(name, title, shown, total) {
      const count = shown.length < total ? `${shown.length} of ${total}` : total;
      const strip = element("div", "of-strip", ...shown.map(card));
      const none = element("p", "of-none", `None in this ${data.place || "file"}.`);
      const heading = element("h3", "", `${title} `, element("span", "", `${count} · ${cones ? "general → specific" : "nearest first"}`));
      find(name).hidden = name === "parents" && !cones;
      find(name).replaceChildren(heading, shown.length ? strip : none);
    }

    function card(i) {
      const url = picture(rows[i]);
      const image = url ? Object.assign(element("img"), { src: url, alt: "" }) : element("i", "of-blank");
      const button = element("button", "of-card", image, element("b", "", nameOf(i)), element("span", "", hypviz.distance(arrays.radius[i])));
      Object.assign(button, { type: "button", title: `${nameOf(i)}, ${hypviz.distance(arrays.radius[i])} from the root` });
      button.dataset.row = rows[i];
      button.addEventListener("click", () => select(rows[i]));
      return button;
    }

    function showOmega(count) {
      const i = placeOf.get(state.row);
      const value = i === undefined || !cones ? state.omega : halfAngle(i);
      find("omega").closest("label").hidden = find("pin").hidden = page.querySelector("output").hidden = !cones;
      if (value !== null) find("omega").value = value;
      page.querySelector("output").textContent = value === null ? "calibrated" : `${value.toFixed(2)} rad · ${count} inside`;
    }

    function pin(row) {
      const at = pins.indexOf(row);
      if (at >= 0) pins.splice(at, 1);
      else pins.push(row);
      showPins();
    }

    /** Pinned cones, and, where there are any, what lies in all of them and in the selection's. */
    function showPins() {
      const places = pins.map((row) => placeOf.get(row));
      find("pin").textContent = pins.includes(state.row) ? "Unpin this cone" : "Pin this cone";
      find("pin").disabled = state.row === null;
      if (!cones || !search) return undefined;
      if (!pins.length) return disk.setPins([], null);
      const apexes = [...new Set([...places, ...(state.row === null ? [] : [placeOf.get(state.row)])])];
      const common = apexes.map((i) => new Set(members(i))).reduce((all, next) => new Set([...all].filter((j) => next.has(j))));
      const drawn = pins.map((row, k) => ({ row, omega: halfAngle(places[k]) }));
      return disk.setPins(drawn, Bits.of([...common].map((j) => rows[j]), header.total));
    }

    /** Arrow keys: the nearest child or parent by annotation, and the boxes beside this one. */
    function step(direction) {
      const relatives = { child: data.edges.filter(([p]) => p === state.row).map(([, c]) => c),
        parent: data.edges.filter(([, c]) => c === state.row).map(([p]) => p) };
      if (relatives[direction]) return relatives[direction].length && select(relatives[direction][0]);
      const above = data.edges.find(([, c]) => c === state.row);
      if (!above) return undefined;
      const beside = data.edges.filter(([p]) => p === above[0]).map(([, c]) => c);
      const at = beside.indexOf(state.row) + (direction === "sibling+" ? 1 : -1);
      return select(beside[(at + beside.length) % beside.length]);
    }

    find("omega").addEventListener("input", (event) => {
      Object.assign(state, { omega: Number(event.target.value), kind: "angle" });
      show();
    });
    find("colour").addEventListener("change", (event) => disk.setColour(event.target.value));
    find("pictures").addEventListener("change", (event) => disk.setPictures(event.target.checked));
    find("pin").addEventListener("click", () => pin(state.row));
    find("pictures").closest("label").hidden = !Array.from(rows).some((row) => picture(row));

    async function start() {
      await disk.setPoints(buffer);
      if (find("colour").value !== "branch") await disk.setColour(find("colour").value);
      await show();
      if (state.view) await disk.setView(state.view);
      page.dataset.ready = "yes";
    }
    const rowsOf = (found) => found.map((j) => rows[j]);
    window.hypvizOffline = {
      disk,
      select,
      state,
      members: (row) => rowsOf(members(placeOf.get(row))),
      children: (row) => rowsOf(search.children(placeOf.get(row), halfAngle(placeOf.get(row))).shown),
      parents: (row) => rowsOf(search.parents(placeOf.get(row)).shown),
      ready: start(),
    };
    return window.hypvizOffline;
  };
})();
