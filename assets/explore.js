/**
 * The Explore tab: the disk on the left; picture, children, parents and path on the right.
 *
 *   const explorer = hypviz.mountExplorer(element);
 *   await explorer.open(view);   // view: what `View.describe()` sends, see hypviz/session.py
 *
 * A place in the hierarchy is a query: {row} an item, {image, box} a box drawn on one of the data set's pictures,
 * {upload, box?} an own picture. Every answer of the server says all there is to show; this file only shows it.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const OMEGA_STEP = 0.005;
  const ASK_AFTER_MS = 60; // while the slider moves, the cone follows at once and the server is asked this often

  const SKELETON = `
    <div class="hv-explore">
      <section class="hv-left" aria-label="Poincaré disk">
        <div class="hv-cone">
          <label for="hv-omega">Cone half-angle ω</label>
          <input id="hv-omega" class="hv-omega" type="range" min="0.02" max="3.14" step="${OMEGA_STEP}">
          <output class="hv-omega-value" for="hv-omega"></output>
          <button type="button" class="hv-reset" title="Back to the ω calibrated on validation pairs">calibrated</button>
        </div>
        <div class="hv-disk" tabindex="0"></div>
      </section>
      <section class="hv-right">
        <div class="hv-error" role="alert" hidden><span></span><button type="button" aria-label="Dismiss">×</button></div>
        <div class="hv-tools">
          <label class="hv-upload">Upload a picture<input type="file" accept="image/*"></label>
          <span class="hv-hint">or paste or drop one · drag on the picture to draw a box</span>
          <button type="button" class="hv-back" disabled aria-label="Back to the previous item">← back</button>
        </div>
        <div class="hv-now"></div>
        <div class="hv-lists">
          <div class="hv-list hv-children"><h3></h3><div class="hv-strip"></div></div>
          <div class="hv-list hv-parents"><h3></h3><div class="hv-strip"></div></div>
          <div class="hv-list hv-path"><h3></h3><div class="hv-strip"></div></div>
        </div>
        <div class="hv-sr" aria-live="polite"></div>
      </section>
    </div>`;

  const { element, Bits } = hypviz;

  const degrees = (radians) => `${Math.round((radians * 180) / Math.PI)}°`;

  hypviz.mountExplorer = function (root) {
    root.innerHTML = SKELETON;
    const find = (name) => root.querySelector(name);
    const slider = find(".hv-omega");
    const fileInput = find(".hv-upload input");
    let view = null;
    let disk = null;
    let query = null;
    let answer = null;
    let asked = 0; // number of the newest question: late answers to older ones are not shown
    let timer = 0;
    const trail = [];

    const picture = hypviz.createPicture(find(".hv-now"), { onPick: (next) => walk(next), onDraw: (box) => drawBox(box) });
    const url = (path) => new URL(`hypviz/${path}`, document.baseURI).href;
    const viewUrl = (path) => url(`view/${view.key}/${path}`);
    const thumbUrl = (row) => viewUrl(`thumb/${row}`);

    // ---- talking to the server -------------------------------------------------------------------------------------

    async function ask(path, options) {
      const response = await fetch(path, options).catch(() => null);
      if (!response) throw new Error("The hypviz server does not answer; is it still running?");
      const content = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
      if (content.error) throw new Error(content.error);
      return content;
    }

    const post = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

    function complain(error) {
      const box = find(".hv-error");
      box.querySelector("span").textContent = error.message;
      box.hidden = false;
    }

    const dismiss = () => (find(".hv-error").hidden = true);

    /** Ask for a query's neighbourhood and show it; `remember` puts the place left behind on the trail. */
    async function walk(next, { remember = true, keepOmega = true } = {}) {
      if (!view) return;
      const number = ++asked;
      const omega = keepOmega ? Number(slider.value) : view.omega;
      try {
        const result = await ask(viewUrl("select"), post({ query: next, omega }));
        if (number !== asked) return;
        if (remember && query && JSON.stringify(query) !== JSON.stringify(next)) trail.push(query);
        query = next;
        dismiss();
        show(result);
      } catch (error) {
        if (number === asked) complain(error);
      }
    }

    async function upload(file) {
      if (!view || !file) return;
      const number = ++asked;
      root.classList.add("hv-busy");
      try {
        const body = new Blob([file]);
        const headers = { "X-File-Name": encodeURIComponent(file.name || "pasted picture") };
        const { upload: token } = await ask(viewUrl("upload"), { method: "POST", headers, body });
        if (number === asked) await walk({ upload: token });
      } catch (error) {
        complain(error);
      } finally {
        root.classList.remove("hv-busy");
        fileInput.value = "";
      }
    }

    // ---- showing ---------------------------------------------------------------------------------------------------

    function show(result) {
      answer = result;
      picture.show({ ...result.picture, url: viewUrl(result.picture.url) });
      list(".hv-children", "Children", result.children, result.children_total, "inside the cone, general → specific");
      list(".hv-parents", "Parents", result.parents, result.parents_total, "general → specific");
      list(".hv-path", "Path to the root", result.path, result.path.length, "nearest item along the geodesic");
      find(".hv-back").disabled = trail.length === 0;
      find(".hv-sr").textContent =
        `${result.picture.title}, ${result.radius.toFixed(3)} from the root, ` +
        `${result.children_total} children, ${result.parents_total} parents.`;
      showOmega();
      showOnDisk();
      const item = result.id ? `#item=${result.id}` : "#";
      history.replaceState(null, "", item);
    }

    function list(name, title, cards, total, order) {
      const box = find(name);
      const count = cards.length < total ? `${cards.length} of ${total}` : String(total);
      box.querySelector("h3").replaceChildren(`${title} `, element("span", "", `${count} · ${order}`));
      const strip = box.querySelector(".hv-strip");
      strip.replaceChildren(...cards.map(card));
      strip.scrollLeft = 0;
      if (!cards.length) strip.append(element("p", "hv-none", emptyText(name)));
    }

    function emptyText(name) {
      if (name === ".hv-children") return "No item lies inside this cone; widen ω to look further.";
      return name === ".hv-parents" ? "No item has this one in its cone." : "The path is empty.";
    }

    function card(item) {
      const image = element("img");
      image.loading = "lazy";
      image.src = thumbUrl(item.row);
      image.alt = "";
      const label = element("span", "hv-label", item.label);
      const radius = element("span", "hv-radius", item.radius.toFixed(3));
      const button = element("button", "hv-card", image, label, radius);
      button.type = "button";
      button.dataset.row = item.row;
      button.dataset.radius = item.radius;
      button.style.setProperty("--hv-colour", item.colour);
      const angle = item.angle === null ? "" : `, angle ${item.angle.toFixed(2)} rad`;
      button.title = `${item.label} (${item.depth_name}) in ${item.file}\n${item.radius.toFixed(3)} from the root${angle}`;
      button.setAttribute("aria-label", `${item.label}, ${item.radius.toFixed(3)} from the root${angle}`);
      button.addEventListener("click", () => walk({ row: item.row }));
      return button;
    }

    function showOmega() {
      const omega = Number(slider.value);
      const inside = answer ? ` · ${answer.children_total} inside` : "";
      find(".hv-omega-value").textContent = `${omega.toFixed(2)} rad, ${degrees(omega)}${inside}`;
      find(".hv-reset").disabled = !view || Math.abs(omega - view.omega) < OMEGA_STEP;
    }

    function showOnDisk() {
      const rows = (cards) => cards.map((item) => item.row);
      const own = answer.row === null;
      disk.setExtra(own ? [{ angle: answer.angle, radius: answer.radius, label: answer.picture.title, thumb: answer.thumb.startsWith("data:") ? answer.thumb : viewUrl(answer.thumb) }] : []);
      disk.setSelection({
        row: answer.row,
        polar: own ? { angle: answer.angle, radius: answer.radius } : null,
        members: Bits.decode(answer.members, view.count),
        children: rows(answer.children),
        parents: rows(answer.parents),
        path: rows(answer.path),
        edges: answer.edges,
      });
      disk.setOmega(Number(slider.value));
    }

    // ---- what a person does ----------------------------------------------------------------------------------------

    const drawBox = (box) => walk({ ...answer.picture.place, box });

    function slide() {
      showOmega();
      disk.setOmega(Number(slider.value));
      clearTimeout(timer);
      timer = setTimeout(() => query && walk(query, { remember: false }), ASK_AFTER_MS);
    }

    slider.addEventListener("input", slide);
    find(".hv-reset").addEventListener("click", () => {
      slider.value = view.omega;
      slide();
    });
    find(".hv-back").addEventListener("click", () => trail.length && walk(trail.pop(), { remember: false }));
    find(".hv-error button").addEventListener("click", dismiss);
    fileInput.addEventListener("change", () => upload(fileInput.files[0]));
    root.addEventListener("dragover", (event) => {
      event.preventDefault();
      root.classList.add("hv-drop");
    });
    root.addEventListener("dragleave", () => root.classList.remove("hv-drop"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("hv-drop");
      upload(event.dataTransfer.files[0]);
    });
    document.addEventListener("paste", (event) => {
      if (!root.isConnected) return;
      const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
      if (file) upload(file);
    });

    /** Arrow keys on the disk: the best parent or child, and the other boxes of the same picture. */
    function step(direction) {
      if (!answer) return;
      const nearest = (cards) => cards.reduce((best, c) => (!best || c.angle < best.angle ? c : best), null);
      const target =
        direction === "parent" ? nearest(answer.parents) : direction === "child" ? nearest(answer.children) : sibling(direction);
      if (target) walk(target.query || { row: target.row });
    }

    function sibling(direction) {
      const boxes = answer.picture.boxes;
      if (!boxes.length) return null;
      const here = boxes.findIndex((box) => box.row === answer.row);
      return boxes[(here + (direction === "sibling+" ? 1 : boxes.length - 1) + boxes.length) % boxes.length];
    }

    // ---- opening data and checkpoint -------------------------------------------------------------------------------

    async function open(next) {
      view = next;
      trail.length = 0;
      query = null;
      asked++;
      dismiss();
      slider.value = view.omega;
      if (!disk) {
        disk = hypviz.createDisk(find(".hv-disk"), {
          plotly: window.Plotly,
          onPick: (row) => walk({ row }),
          onPickExtra: () => query && walk(query, { remember: false }),
          onStep: step,
          thumbUrl,
        });
      }
      try {
        await disk.load(viewUrl("points"));
        const wanted = new URLSearchParams(location.hash.slice(1)).get("item");
        const row = wanted ? (await ask(viewUrl(`row/${encodeURIComponent(wanted)}`))).row : null;
        await walk({ row: row === null ? view.start : row }, { remember: false, keepOmega: false });
        root.dataset.ready = view.key;
      } catch (error) {
        complain(error);
      }
    }

    /** Select a place and bring the Explore tab to the front: other tabs lead here. @param {{row: number}} next */
    async function goTo(next) {
      [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === "Explore")?.click();
      await walk(next);
    }

    return { open, walk, goTo, disk: () => disk, state: () => ({ view, query, answer, disk: disk && disk.state() }) };
  };
})();
