/** Take it away: a link, pictures of the disk as SVG, PDF and PNG, and one file that works without a server. */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { element, menu, action, download } = hypviz;

  hypviz.savePart = function (x) {
    const picker = menu("Save");
    const note = element("p", "hv-note");
    const name = (ending) => `${x.view.name} disk.${ending}`.replace(/[^\w .-]+/g, "_");
    const paint = () => x.disk.paint;
    const scale = Object.assign(element("input"), { type: "number", min: 1, max: 16, step: 1, value: 3 });
    scale.setAttribute("aria-label", "PNG pixels per screen pixel");

    const svg = async () => download(new Blob([await hypviz.diskExport.toFullSVG(paint())], { type: "image/svg+xml" }), name("svg"));
    const png = async () => download(await hypviz.diskExport.toPNG(paint(), Math.min(16, Math.max(1, Number(scale.value) || 1))), name("png"));
    const offline = async () => download(await (await x.api.post("offline.html", x.offlineState())).blob(), name("html"));
    const copy = async () => {
      x.changed.now();
      await navigator.clipboard.writeText(location.href);
      note.textContent = x.answer?.row === null ? "Copied; an own picture is not part of a link." : "Copied.";
    };
    const row = (title, hint, run, ...more) =>
      element("div", "hv-save", action("hv-row", title, run, x.complain), ...more, element("small", "", hint));

    picker.body.append(
      row("Copy link", "Brings back data, checkpoint, view, pins and selection.", copy),
      row("SVG", "Vectors with ring labels, for papers.", svg),
      row("PDF", "The print dialogue opens: choose “Save as PDF”.", () => hypviz.diskExport.toPrinter(paint())),
      row("PNG", "times the screen's pixels", png, scale),
      row("Offline page", "One HTML file: pan, zoom, cones and pictures without a server.", offline),
      note,
    );
    picker.addEventListener("toggle", () => (note.textContent = ""));
    return { nodes: [picker] };
  };
})();
