/**
 * What a training starts from, how deep it goes, and all its settings with their reasons; only what was changed is sent.
 *
 *   const settings = createSettings(choices, {onStart});   settings.show(set);
 *
 * @typedef {import("./types.js").Choices} Choices
 * @typedef {import("./types.js").Setting} Setting
 * @typedef {import("./types.js").SettingValue} SettingValue
 * @typedef {{onStart: (job: import("./types.js").Job) => void, checkpoint: string}} Options   checkpoint: what to start from unless somebody chooses another
 */
import { button, el } from "../shared/dom.js";
import { plain, plural } from "../shared/format.js";
import { query } from "../shared/http.js";
import { choice, complaint, note } from "../shared/pieces.js";
import { get, post } from "./server.js";

const OTHER = "(a backbone without a hyperbolic head)";
const TYPED = "(another, by name)";
const PARTS = [
  ["tune", "Course"],
  ["train", "Learning"],
  ["pairs", "Pairs"],
  ["loss", "Loss"],
];

/** @param {SettingValue} value */
const shown = (value) => (Array.isArray(value) ? value.map(plain).join(", ") : typeof value === "boolean" ? (value ? "on" : "off") : plain(value));

/** @param {Setting} one @param {SettingValue} value */
function inputFor(one, value) {
  if (one.type === "choice") {
    const select = el("select");
    for (const option of one.choices ?? []) select.append(el("option", { value: option, selected: option === value }, option));
    return select;
  }
  if (one.type === "bool") return Object.assign(el("input", { type: "checkbox" }), { checked: Boolean(value) });
  if (one.type === "pair") return el("input", { type: "text", value: shown(value), inputmode: "decimal" });
  return el("input", { type: "number", step: one.type === "int" ? "1" : "any", min: one.low, max: one.high, value: plain(value) });
}

/** @param {Setting} one @param {HTMLInputElement|HTMLSelectElement} input @returns {SettingValue} */
function read(one, input) {
  if (one.type === "bool") return /** @type {HTMLInputElement} */ (input).checked;
  if (one.type === "choice") return input.value;
  if (one.type === "pair") return input.value.split(/[\s,;]+/).filter(Boolean).map(Number); // prettier-ignore
  return input.value === "" ? null : Number(input.value);
}

class Settings {
  /** @param {Choices} choices @param {Options} options */
  constructor(choices, { onStart, checkpoint }) {
    this.choices = choices;
    this.onStart = onStart;
    this.chosen = { checkpoint, depth: choices.depths[0].name, backbone: "", weights: "" };
    /** @type {Record<string, SettingValue>} */
    this.changed = {};
    this.picked = false; // a person chose what to start from
    /** @type {import("./types.js").DataSet|null} */
    this.set = null;
    /** @type {import("./types.js").Plan|null} */
    this.plan = null;
    this.asked = 0;

    const names = [...choices.checkpoints.map((one) => [one.name, `${one.name}: ${one.backbone.replace(/^pretrained:/, "")}, ${one.dimension}-d, licence ${one.licence}`]), [OTHER, OTHER]];
    this.start = choice("Start from", names, checkpoint, (value) => ((this.picked = true), (this.chosen.checkpoint = value), this.replan()), { name: "checkpoint" });
    this.start.classList.add("ht-wide");
    this.file = el("div", {}, this.typed("Backbone, an OpenCLIP or timm model", "backbone", "open_clip:ViT-B-32"), this.typed("Its weights: a file on the server, or hub:TAG", "weights", "/path/to/open_clip_model.safetensors"));
    this.needs = el("div", { class: "ht-needs", "aria-live": "polite" });
    const offers = choices.backbones.map((one) => [one.name, `${one.title}: ${one.name}, ${one.megabytes} MB, ${one.size} px, licence ${one.licence}`]);
    const backbone = choice("Backbone", [...offers, [TYPED, TYPED]], choices.backbones[0].name, (value) => this.pickBackbone(value), { name: "backbone" });
    backbone.classList.add("ht-wide");
    this.own = el("div", { class: "ht-own" }, backbone, this.needs, this.file);
    const depths = el("fieldset", { class: "ht-depths" }, el("legend", { text: "How deep" }), ...choices.depths.map((one) => this.depthNode(one)));
    this.words = el("div", { class: "ht-plan", "aria-live": "polite" });
    this.fold = el("div");
    this.advanced = el("details", { class: "ht-advanced" }, el("summary", { text: "Advanced: every setting" }), this.fold);
    this.problem = el("div", { "aria-live": "polite" });
    this.go = button("Start training", () => this.submit(), { class: "he-run ht-start", disabled: true });
    this.node = el("div", { class: "ht-settings" }, this.start, this.own, depths, this.words, this.go, this.problem, this.advanced);

    this.pickBackbone(choices.backbones[0].name);
  }

  /** @param {string} label @param {"backbone"|"weights"} key @param {string} example */
  typed(label, key, example) {
    return el("label", { class: "he-choice ht-wide" }, el("span", { text: label }), el("input", { type: "text", placeholder: example, onchange: (/** @type {Event} */ event) => ((this.chosen[key] = /** @type {HTMLInputElement} */ (event.target).value.trim()), this.replan()) }));
  }

  /** @param {import("./types.js").DepthChoice} depth */
  depthNode({ name, title, how }) {
    const input = el("input", { type: "radio", name: "ht-depth", value: name, onchange: () => ((this.chosen.depth = name), this.replan()) });
    input.checked = name === this.chosen.depth;
    return el("label", {}, input, el("span", {}, title, el("small", { text: how })));
  }

  asQuery() {
    const bare = this.chosen.checkpoint === OTHER;
    return bare ? { backbone: this.chosen.backbone, weights: this.chosen.weights } : { checkpoint: this.chosen.checkpoint };
  }

  /** One of the offered backbones with its weights, or what is typed into the two fields. @param {string} value */
  pickBackbone(value) {
    const offer = this.choices.backbones.find((one) => one.name === value);
    this.file.hidden = Boolean(offer);
    const [name, weights] = offer ? [offer.name, offer.weights] : [...this.file.querySelectorAll("input")].map((input) => input.value.trim());
    Object.assign(this.chosen, { backbone: name, weights });
    this.needs.replaceChildren(...(offer?.needs ? [note(offer.needs)] : []));
    this.replan();
  }

  /** Begin with the shipped checkpoint that suits the set, in the place of another shipped one that nobody chose. */
  suit() {
    const known = this.choices.checkpoints.some((one) => one.name === this.set?.suited);
    if (this.picked || !known || !this.set?.suited || !this.choices.shipped.includes(this.chosen.checkpoint)) return;
    this.chosen.checkpoint = /** @type {HTMLSelectElement} */ (this.start.querySelector("select")).value = this.set.suited;
  }

  /** Ask the server what this choice would be; the settings that were changed stay. */
  async replan() {
    this.own.hidden = this.chosen.checkpoint !== OTHER;
    this.problem.replaceChildren();
    const number = ++this.asked;
    this.plan = null;
    this.go.disabled = true;
    if (!this.set?.usable || (this.chosen.checkpoint === OTHER && !this.chosen.backbone)) return this.words.replaceChildren();
    this.words.replaceChildren(note("Looking at the set …"));
    try {
      /** @type {import("./types.js").Plan} */
      const found = await get(`plan?${query({ set: this.set.name, depth: this.chosen.depth, ...this.asQuery() })}`);
      if (number !== this.asked) return;
      this.plan = found;
      this.go.disabled = false;
      this.tell(found);
      this.drawFold();
    } catch (error) {
      if (number === this.asked) this.words.replaceChildren(complaint(error));
    }
  }

  /** @param {import("./types.js").Plan} plan */
  tell({ split, epochs, steps_per_epoch: steps, start, warnings }) {
    const course = `Split ${split.how.replace(/\.$/, "")}. Up to ${plural(epochs, "epoch")} of ${plural(steps, "step")}.`;
    const lines = warnings.map((one) => el("p", { class: "ht-warning", text: typeof one === "string" ? one : one.text }));
    this.words.replaceChildren(note(course), ...(start ? [note(start)] : []), ...lines);
  }

  // ---- the fold ------------------------------------------------------------------------------------------------
  drawFold() {
    const parts = PARTS.map(([part, title]) => ({ title, list: this.choices.settings.filter((one) => one.part === part) })).filter(({ list }) => list.length);
    const reset = button("Back to the defaults for this set", () => {
      for (const key of Object.keys(this.changed)) delete this.changed[key];
      this.drawFold();
    }, { class: "he-small" }); // prettier-ignore
    const groups = parts.map(({ title, list }) => el("fieldset", { class: "ht-group" }, el("legend", { text: title }), ...list.map((one) => this.settingNode(one))));
    this.fold.replaceChildren(note("The values are fitted to this set and depth. What you change is marked and kept."), ...groups, reset);
  }

  /** @param {Setting} one */
  settingNode(one) {
    const usual = this.plan?.settings[one.name] ?? one.default;
    const value = this.changed[one.name] ?? usual;
    const input = inputFor(one, value);
    const id = `ht-${one.name.replace(".", "-")}`;
    input.id = id;
    const mark = () => row.classList.toggle("ht-changed", one.name in this.changed);
    input.addEventListener("input", () => {
      const next = read(one, input);
      if (JSON.stringify(next) === JSON.stringify(usual)) delete this.changed[one.name];
      else this.changed[one.name] = next;
      mark();
    });
    const about = el("small", { id: `${id}-about`, text: `${one.explanation}${one.name in this.changed ? "" : ""} Here: ${shown(usual)}.` });
    input.setAttribute("aria-describedby", about.id);
    const row = el("div", { class: "ht-setting", "data-name": one.name }, el("label", { for: id, text: one.title }), input, about);
    mark();
    return row;
  }

  async submit() {
    const bad = [...this.fold.querySelectorAll("input")].find((input) => !input.checkValidity());
    if (bad) {
      this.advanced.open = true;
      bad.focus();
      return this.problem.replaceChildren(complaint(new Error(`${bad.labels?.[0].textContent}: ${bad.validationMessage}`)));
    }
    this.go.disabled = true;
    this.problem.replaceChildren();
    try {
      const settings = Object.fromEntries(Object.entries(this.changed).filter(([, value]) => value !== null));
      this.onStart(await post("jobs", { set: this.set?.name, depth: this.chosen.depth, ...this.asQuery(), settings }));
      this.advanced.open = false; // what is to be watched stands below it
    } catch (error) {
      this.problem.replaceChildren(complaint(error));
    }
    this.go.disabled = !this.plan;
  }

  /** A set was chosen, or none. @param {import("./types.js").DataSet|null} next */
  show(next) {
    this.set = next;
    this.suit();
    return this.replan();
  }

  state() {
    return { chosen: this.chosen, changed: this.changed, plan: this.plan };
  }
}

/** @param {Choices} choices of the server @param {Options} options */
export const createSettings = (choices, options) => new Settings(choices, options);
