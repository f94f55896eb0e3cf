/**
 * The class tree as text, to be written, brought as a file, changed or taken away. The server says at every pause what the text would say
 * of the classes; nothing is kept before Save, and not in the place of what somebody else has saved meanwhile.
 *
 * @typedef {{text: string, version: string, sentences: string[], problem: string, may_change: boolean}} KeptTree
 */
import { button, el, save } from "../shared/dom.js";
import { action } from "./parts.js";

const PAUSE_MS = 300;
const STEP = "  ";
const HOW =
  "One name a line, two spaces deeper than what it is a kind of: Tab and Shift + Tab move lines, Esc leaves the text. JSON is read, too. " +
  "Case, spaces, hyphens and underscores do not count in names.";

class ClassTreePanel {
  /** @param {import("./explore.js").Explorer} x @param {{onSaved: (view: import("./types.js").View) => unknown}} options */
  constructor(x, { onSaved }) {
    this.x = x;
    this.onSaved = onSaved;
    this.text = Object.assign(el("textarea"), { rows: 14, spellcheck: false, placeholder: "vehicle\n  car\n    sedan\n  bus" });
    this.text.setAttribute("aria-label", "Class tree, one name a line");
    this.said = el("ul", "hv-tree-said");
    this.said.setAttribute("role", "status");
    this.file = Object.assign(el("input"), { type: "file", accept: ".txt,.json,text/plain,application/json" });
    this.keep = action("Save", () => this.save(this.text.value), this.fail, "hv-tree-keep");
    this.remove = action("Remove", () => this.save(""), this.fail, "");
    this.begin = button("Begin with the classes", () => this.put(x.disk.paint.header.classes.join("\n")), "");
    this.take = button("Save as a file", () => save(new Blob([this.text.value], { type: "text/plain" }), "taxonomy.txt"), "");
    const bring = el("label", "hv-tree-file", "Open a file…", this.file);
    this.close = button("Close", () => this.dialog.close(), "");
    this.dialog = el("dialog", "hv-tree-editor", el("h3", "", "Class tree"), el("p", "", HOW), this.text, this.said,
      el("div", "hv-tree-tools", bring, this.begin, this.take, el("span", "hv-tree-space"), this.remove, this.close, this.keep)); // prettier-ignore
    this.dialog.setAttribute("aria-label", "Class tree");
    x.root.append(this.dialog);
    /** @type {KeptTree|null} the one that was there when the panel was opened */
    this.kept = null;
    this.name = "";
    this.asked = 0; // number of the newest check
    this.timer = 0;
    this.text.addEventListener("input", () => this.soon());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Tab" && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Tab") this.shift(event.shiftKey);
      else this.close.focus(); // the way out for a keyboard, with the text still there
    });
    this.file.addEventListener("change", () => this.bring().catch((error) => this.fail(error)));
  }

  async open() {
    /** @type {KeptTree} */
    const kept = await this.x.api.get("taxonomy");
    this.kept = kept;
    this.text.value = kept.text;
    this.name = "";
    this.say(kept.text ? kept.sentences : ["These data have no class tree yet."], kept.problem);
    if (!kept.may_change) this.say([...kept.sentences, "Only the owner of these data, or an admin, may change it."]);
    this.allow();
    this.dialog.showModal();
    this.text.focus();
    this.text.setSelectionRange(0, 0);
    this.text.scrollTop = 0;
  }

  /** What can be pressed. @param {boolean} [sound] whether the text can be saved */
  allow(sound = false) {
    const may = Boolean(this.kept?.may_change);
    this.keep.disabled = !(may && sound && this.text.value.trim() && this.text.value !== this.kept?.text);
    this.remove.disabled = !(may && this.kept?.text);
    this.take.disabled = !this.text.value;
    this.begin.hidden = Boolean(this.text.value.trim() || this.x.view.tree?.level);
  }

  /** @param {string[]} sentences @param {string} [problem] */
  say(sentences, problem = "") {
    this.said.replaceChildren(...(problem ? [el("li", "is-wrong", problem)] : []), ...sentences.map((one) => el("li", "", one)));
  }

  /** @param {unknown} error */
  fail = (error) => this.say([], /** @type {Error} */ (error).message);

  soon() {
    this.keep.disabled = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), PAUSE_MS);
  }

  /** Ask what the text says. @returns {Promise<KeptTree|null>} null for one that cannot be used, or that was overtaken */
  async check() {
    const number = ++this.asked;
    const text = this.text.value;
    if (!text.trim()) {
      this.say(this.kept?.text ? ["No names: Remove takes the class tree away."] : ["These data have no class tree yet."]);
      this.allow();
      return null;
    }
    try {
      const found = await this.x.api.ask("taxonomy/check", { text, name: this.name });
      if (number !== this.asked) return null;
      this.say(found.sentences);
      this.allow(true);
      return found;
    } catch (error) {
      if (number !== this.asked) return null;
      this.fail(error);
      this.allow();
      return null;
    }
  }

  /** A file in the place of the text, as indented text where it can be used. */
  async bring() {
    const [file] = this.file.files ?? [];
    this.file.value = "";
    if (!file) return;
    [this.name, this.text.value] = [file.name, await file.text()];
    const found = await this.check();
    if (found) this.text.value = found.text;
    this.allow(Boolean(found));
  }

  /** @param {string} text */
  put(text) {
    this.text.value = text;
    this.text.focus();
    return this.check();
  }

  /** Move the lines of the selection a level deeper, or back. @param {boolean} back */
  shift(back) {
    const { value, selectionStart, selectionEnd } = this.text;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const lines = value.slice(from, selectionEnd).split("\n");
    const moved = lines.map((line) => (back ? line.replace(/^( {1,2}|\t)/, "") : STEP + line)).join("\n");
    this.text.setRangeText(moved, from, selectionEnd, lines.length > 1 ? "select" : "end");
    this.soon();
  }

  /** @param {string} text */
  async save(text) {
    /** @type {import("./types.js").View} */
    const view = await this.x.api.ask("taxonomy", { text, name: this.name, seen: this.kept?.version ?? "" });
    this.dialog.close();
    this.x.announce(text ? "The class tree is saved." : "The class tree is removed.");
    await this.onSaved(view);
  }
}

/** The editor. @param {import("./explore.js").Explorer} x @param {{onSaved: (view: import("./types.js").View) => unknown}} options */
export function classTreePanel(x, options) {
  const panel = new ClassTreePanel(x, options);
  return { open: () => panel.open().catch(x.complain) };
}
