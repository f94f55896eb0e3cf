/**
 * What all parts of the Evaluate tab share: making elements, talking to the server, numbers in words, files to save.
 *
 * Labels and file names only ever become text nodes, never HTML.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});

  /** An element: attributes by name, "on…" functions as listeners, `class`, `text`; then its children. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = value;
      else if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  /** A labelled <select>; options: [value, text] pairs or plain words. */
  function choice(label, options, value, onchange, attributes = {}) {
    const select = el("select", { ...attributes, onchange: () => onchange(select.value) });
    for (const option of options) {
      const [key, text] = Array.isArray(option) ? option : [option, option];
      select.append(el("option", { value: key, selected: key === value }, text));
    }
    return el("label", { class: "he-choice" }, el("span", { text: label }), select);
  }

  const address = (path) => new URL(`hypviz/${path}`, document.baseURI).href;

  /** JSON from the server; throws an Error whose message is one sentence for a person. */
  async function ask(path, options) {
    const response = await fetch(address(path), options).catch(() => null);
    if (!response) throw new Error("The hypviz server does not answer; is it still running?");
    const content = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
    if (content.error) throw new Error(content.error);
    return content;
  }

  const query = (values) =>
    new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();

  /** A number at the precision people compare at; "–" for what could not be measured. */
  const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));

  /** A metric's value as the tables print it: OT in class steps, all else a share in %. */
  function measured(metric, value, sign = false) {
    if (value === null || value === undefined) return "–";
    const [scale, digits] = metric.startsWith("OT@") ? [1, 2] : [100, 1];
    return (sign && value > 0 ? "+" : "") + number(scale * value, digits);
  }

  const unitOf = (metric) => (metric.startsWith("OT@") ? "" : " %");
  const count = (value) => value.toLocaleString("en");
  const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

  /** "about 40 s left", "about 3 min left". */
  function timeLeft(seconds) {
    if (seconds === null) return "";
    return seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s left` : `about ${Math.round(seconds / 60)} min left`;
  }

  /** Hand a file to the person. @param {Blob|string} content a Blob, or the address of one */
  function save(content, name) {
    const href = content instanceof Blob ? URL.createObjectURL(content) : content;
    const link = el("a", { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  /** One sentence in place of what could not be shown. */
  const complaint = (error) => el("p", { class: "he-error", role: "alert", text: error.message });

  const isDark = () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");

  /** The words for a task and a reading of "correct". */
  const taskTitle = (task, reading) => `${task}, correct by ${reading}`;

  hypviz.evaluate = { el, choice, ask, query, address, number, measured, unitOf, count, plural, timeLeft, save, complaint, isDark, taskTitle };
})();
