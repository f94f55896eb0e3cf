/**
 * Bring a set: drop or choose a zip or a folder, or take an open workspace; its counts, classes and what is worth knowing.
 *
 *   const intake = hypviz.tune.createIntake({onSet});   await intake.refresh(name);
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const tune = hypviz.tune;
  const { el, button, note, ask, plural, count, complaint, timeLeft } = hypviz.evaluate;
  const POLL_MS = 500;
  const CLASSES = 14; // named; the others are counted

  tune.createIntake = function ({ onSet }) {
    let chosen = "";
    let running = null; // {abort, id}
    const zipInput = el("input", { type: "file", accept: ".zip,application/zip", class: "ht-file", onchange: () => takeFiles(zipInput) });
    const folderInput = el("input", { type: "file", webkitdirectory: true, multiple: true, class: "ht-file", onchange: () => takeFiles(folderInput) });
    const pick = (input, text) => el("label", { class: "ht-pick" }, text, input);
    const formats = "Pictures with COCO, Pascal VOC or YOLO boxes, sub-folders as classes, or pictures alone, to draw boxes on them here.";
    const zone = el("div", { class: "ht-drop" },
      el("p", {}, el("b", { text: "Drop a zip or a folder here" }), " or"),
      el("div", { class: "ht-picks" }, pick(zipInput, "Choose a zip"), pick(folderInput, "Choose a folder")), note(formats)); // prettier-ignore
    const select = el("select", { "aria-label": "Set to learn from", onchange: () => choose(select.value) });
    const progress = el("div", { class: "ht-intake", "aria-live": "polite" });
    const summary = el("div", { class: "ht-summary", "aria-live": "polite" });
    const applying = hypviz.annotate.createApply({ data: () => chosen, onApplied: () => choose(chosen) });
    const node = el("div", {}, zone, progress, el("label", { class: "he-choice ht-wide" }, el("span", { text: "or one that is here" }), select), applying.node, summary);

    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("ht-over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("ht-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      zone.classList.remove("ht-over");
      guarded(async () => bring(await tune.dropped(event.dataTransfer)));
    });

    function takeFiles(input) {
      const files = [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
      input.value = "";
      if (files.length) guarded(() => bring(files));
    }

    async function guarded(work) {
      try {
        await work();
      } catch (error) {
        progress.replaceChildren(complaint(error));
      }
      running = null;
      zone.removeAttribute("aria-busy");
    }

    /** One zip as it is, all else as a zip made here. */
    async function bring(files) {
      if (running) throw new Error("Another set is on its way; wait for it or cancel it first.");
      if (!files.length) throw new Error("There is no file in what was dropped.");
      const abort = new AbortController();
      running = { abort };
      zone.setAttribute("aria-busy", "true");
      const one = files.length === 1 && /\.zip$/i.test(files[0].path) ? files[0].file : null;
      const name = one ? one.name : `${files[0].path.split("/")[0].replace(/\.[^.]*$/, "") || "pictures"}.zip`;
      const packed = one || (await tune.zip(files, (done) => tell(`packing ${count(done)} of ${plural(files.length, "file")}`, done / files.length / 4)));
      const { intake } = await tune.upload("set", packed, name, (share) => tell(`sending ${name}, ${tune.bytes(packed.size)}`, 0.3 * share), abort.signal);
      running.id = intake;
      await follow(intake, name);
    }

    async function follow(id, name) {
      for (;;) {
        const job = await tune.get(`intake/${id}`);
        if (job.state === "done") {
          progress.replaceChildren();
          await refresh(job.set);
          return;
        }
        if (job.state !== "running") throw new Error(job.error || `${name} was not taken in: it was cancelled. Nothing was changed.`);
        const left = timeLeft(job.seconds_left ?? null);
        tell(`${name}: ${job.what}${left && `, ${left}`}`, 0.3 + 0.7 * job.share);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }

    function tell(words, share) {
      if (!progress.querySelector("progress")) {
        const stop = button("Cancel", cancel, { class: "he-small" });
        const bar = el("progress", { max: "1", "aria-label": "Progress of the set" });
        progress.replaceChildren(el("div", { class: "he-progress" }, bar, el("p", { class: "he-note he-words", "aria-live": "off" }), stop));
      }
      progress.querySelector("progress").value = share;
      progress.querySelector(".he-words").textContent = words;
    }

    async function cancel() {
      if (running?.id) await tune.post(`intake/${running.id}/cancel`).catch(() => {});
      else running?.abort.abort();
    }

    /** Read which sets there are; with a name, take that one. */
    async function refresh(name = chosen) {
      const { sets } = await tune.get("sets");
      const title = (one) => `${one.title}: ${plural(one.images, "picture")}, ${count(one.boxes)} boxes`;
      select.replaceChildren(el("option", { value: "", text: "choose a set" }), ...sets.map((one) => el("option", { value: one.name, text: title(one) })));
      await choose(sets.some((one) => one.name === name) ? name : "");
    }

    async function choose(name) {
      chosen = select.value = name;
      applying.show(0);
      if (!name) {
        summary.replaceChildren();
        return onSet(null);
      }
      try {
        const set = await tune.get(`set/${encodeURIComponent(name)}`);
        if (name !== chosen) return;
        summary.replaceChildren(...words(set));
        const draft = await ask(`annotate/set?data=${encodeURIComponent(name)}`).catch(() => null);
        if (name !== chosen) return;
        if (draft && draft.data === name) applying.show(draft.pending);
        onSet(set);
      } catch (error) {
        if (name !== chosen) return;
        summary.replaceChildren(complaint(error));
        onSet(null);
      }
    }

    function words(set) {
      const facts = [plural(set.images, "picture"), `${count(set.boxes)} boxes`, plural(set.classes.length, "class").replace("classs", "classes"), plural(set.levels, "level")];
      const chips = set.classes.slice(0, CLASSES).map((one) => el("li", { text: `${one.name} ${count(one.count)}` }));
      if (set.classes.length > CLASSES) chips.push(el("li", { text: `${set.classes.length - CLASSES} more` }));
      const dropped = Object.entries(set.report?.dropped || {}).map(([reason, one]) => `${count(one.count)} × ${reason} (e.g. ${one.examples[0]})`);
      const draw = button(set.boxes ? "Draw or mend boxes" : "Draw boxes on them", () => toAnnotator(set.name), { class: "he-small" });
      return [
        el("p", {}, el("b", { text: set.title }), ` ${facts.join(", ")} `),
        ...(chips.length ? [el("ul", { class: "ht-chips", "aria-label": "Classes" }, ...chips)] : []),
        ...(set.usable ? [] : [complaint(new Error(set.why))]),
        ...set.warnings.map((text) => el("p", { class: "ht-warning", text: text.text ?? text })),
        ...(dropped.length ? [el("details", {}, el("summary", { text: "Left out while reading" }), el("ul", { class: "ht-plain" }, ...dropped.map((text) => el("li", { text }))))] : []),
        draw,
      ];
    }

    function toAnnotator(name) {
      hypviz.annotate.wanted = { data: name };
      window.hypvizAnnotator?.openData(name);
      [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === "Annotate")?.click();
    }

    return { node, refresh, chosen: () => chosen };
  };
})();
