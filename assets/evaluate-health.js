/** The health report of a workspace's hierarchy: every check with its count, in words, and a way to its pictures. */
(function () {
  "use strict";
  const { el, ask, number, count, complaint, address, save } = window.hypviz.evaluate;
  const SIGNS = { error: ["●", "cannot be right"], warning: ["▲", "probably wrong"], info: ["○", "good to know"] };
  const DETAILS = 12;

  function percent(part, whole) {
    const share = (100 * part) / whole;
    return `${share.toFixed(share > 0 && share < 1 ? 2 : 1)} %`;
  }

  function details(lines) {
    if (!lines.length) return null;
    const rest = lines.length > DETAILS ? [el("li", { text: `… and ${count(lines.length - DETAILS)} more, in the files below` })] : [];
    const list = el("ul", {}, ...lines.slice(0, DETAILS).map((text) => el("li", { text })), ...rest);
    return el("details", {}, el("summary", { text: `${count(lines.length)} ${lines.length === 1 ? "line" : "lines"} more` }), list);
  }

  function check(one, onShow) {
    const clean = one.count === 0;
    const [sign, words] = clean ? ["✓", "nothing found"] : SIGNS[one.severity];
    const mark = el("span", { class: `he-sign he-sign-${clean ? "ok" : one.severity}`, role: "img", "aria-label": words, title: words, text: sign });
    const of = clean ? ` of ${count(one.of)} ${one.unit}` : ` of ${count(one.of)} ${one.unit}, ${percent(one.count, one.of)}`;
    const found = clean
      ? el("b", { text: "none" })
      : el("button", { type: "button", class: "he-number", "aria-label": `${one.title}: ${count(one.count)}. Show the pictures.`, text: count(one.count), onclick: () => onShow(one) });
    const show = clean ? null : el("button", { type: "button", class: "he-small", tabindex: "-1", text: "show", "aria-hidden": "true", onclick: () => onShow(one) });
    const text = el("div", {}, el("h4", { text: one.title }), el("p", { class: "he-note", text: one.meaning }), details(one.details));
    return el("li", { class: "he-check", "data-check": one.key, "data-count": one.count }, mark, text, el("p", { class: "he-count" }, found, of), show);
  }

  function downloads(viewPath) {
    const files = [["health.json", "Every finding (JSON)"], ["health.md", "Report (Markdown)"]];
    const button = ([name, text]) => {
      const onclick = () => save(address(viewPath(`download-health/${name}`)), name);
      return el("button", { type: "button", class: "he-small", "data-file": name, text, onclick });
    };
    return el("div", { class: "he-downloads" }, el("span", { text: "Save" }), ...files.map(button));
  }

  window.hypviz.evaluate.health = function ({ viewPath, onShow }) {
    const list = el("ul", { class: "he-checks", "aria-busy": "true" }, el("li", { class: "he-note", text: "Looking through the hierarchy …" }));
    const words = el("p", { class: "he-note" });
    const section = el("div", { class: "he-health" }, words, list);
    let loaded = false;

    section.shown = async () => {
      if (loaded) return;
      loaded = true;
      try {
        const report = await ask(viewPath("health"));
        const vectors = report.omega === null ? "" : ` and the vectors of ${report.checkpoint}, at its ω of ${number(report.omega, 2)} rad`;
        words.textContent = `What deserves a second look in the boxes of this data${vectors}. Nothing is changed; every count leads to its pictures, worst first.`;
        list.replaceChildren(...report.checks.map((one) => check(one, onShow)));
        section.append(...report.notes.map((text) => el("p", { class: "he-note", text })), downloads(viewPath));
      } catch (error) {
        loaded = false;
        list.replaceChildren(el("li", {}, complaint(error)));
      }
      list.removeAttribute("aria-busy");
    };
    return section;
  };
})();
