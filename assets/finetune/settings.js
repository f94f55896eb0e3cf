/**
 * What a training starts from, how deep it goes, and all its settings with their reasons; only what was changed is sent.
 *
 *   const settings = hypviz.tune.createSettings(choices, {onStart});   settings.show(set);
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

export function createSettings(choices, { onStart, checkpoint }) {
  const chosen = { checkpoint, depth: choices.depths[0].name, backbone: "", weights: "" };
  const changed = {}; // name → value
  let picked = false; // a person chose what to start from
  let set = null;
  let plan = null;
  let asked = 0;

  const names = [...choices.checkpoints.map((one) => [one.name, `${one.name}: ${one.backbone}, ${one.dimension}-d, licence ${one.licence}`]), [OTHER, OTHER]];
  const start = choice("Start from", names, checkpoint, (value) => ((picked = true), (chosen.checkpoint = value), replan()), { name: "checkpoint" });
  start.classList.add("ht-wide");
  const typed = (label, key, example) =>
    el("label", { class: "he-choice ht-wide" }, el("span", { text: label }), el("input", { type: "text", placeholder: example, onchange: (event) => ((chosen[key] = event.target.value.trim()), replan()) }));
  const file = el("div", {}, typed("Backbone, an OpenCLIP or timm model", "backbone", "open_clip:ViT-B-32"), typed("Its weights: a file on the server, or hub:TAG", "weights", "/path/to/open_clip_model.safetensors"));
  const needs = el("div", { class: "ht-needs", "aria-live": "polite" });
  const offers = choices.backbones.map((one) => [one.name, `${one.title}: ${one.name}, ${one.megabytes} MB, ${one.size} px, licence ${one.licence}`]);
  const backbone = choice("Backbone", [...offers, [TYPED, TYPED]], choices.backbones[0].name, pickBackbone, { name: "backbone" });
  backbone.classList.add("ht-wide");
  const own = el("div", { class: "ht-own" }, backbone, needs, file);
  const depths = el("fieldset", { class: "ht-depths" }, el("legend", { text: "How deep" }), ...choices.depths.map(depthNode));
  const words = el("div", { class: "ht-plan", "aria-live": "polite" });
  const fold = el("div");
  const advanced = el("details", { class: "ht-advanced" }, el("summary", { text: "Advanced: every setting" }), fold);
  const problem = el("div", { "aria-live": "polite" });
  const go = button("Start training", submit, { class: "he-run ht-start", disabled: true });
  const node = el("div", { class: "ht-settings" }, start, own, depths, words, go, problem, advanced);

  function depthNode({ name, title, how }) {
    const input = el("input", { type: "radio", name: "ht-depth", value: name, onchange: () => ((chosen.depth = name), replan()) });
    input.checked = name === chosen.depth;
    return el("label", {}, input, el("span", {}, title, el("small", { text: how })));
  }

  const asQuery = () => {
    const bare = chosen.checkpoint === OTHER;
    return bare ? { backbone: chosen.backbone, weights: chosen.weights } : { checkpoint: chosen.checkpoint };
  };

  /** One of the offered backbones with its weights, or what is typed into the two fields. */
  function pickBackbone(value) {
    const offer = choices.backbones.find((one) => one.name === value);
    file.hidden = Boolean(offer);
    const [name, weights] = offer ? [offer.name, offer.weights] : [...file.querySelectorAll("input")].map((input) => input.value.trim());
    Object.assign(chosen, { backbone: name, weights });
    needs.replaceChildren(...(offer?.needs ? [note(offer.needs)] : []));
    replan();
  }

  /** Begin with the shipped checkpoint that suits the set, in the place of another shipped one that nobody chose. */
  function suit() {
    const known = choices.checkpoints.some((one) => one.name === set?.suited);
    if (picked || !known || !choices.shipped.includes(chosen.checkpoint)) return;
    chosen.checkpoint = start.querySelector("select").value = set.suited;
  }

  /** Ask the server what this choice would be; the settings that were changed stay. */
  async function replan() {
    own.hidden = chosen.checkpoint !== OTHER;
    problem.replaceChildren();
    const number = ++asked;
    plan = null;
    go.disabled = true;
    if (!set?.usable || (chosen.checkpoint === OTHER && !chosen.backbone)) return words.replaceChildren();
    words.replaceChildren(note("Looking at the set …"));
    try {
      const found = await get(`plan?${query({ set: set.name, depth: chosen.depth, ...asQuery() })}`);
      if (number !== asked) return;
      plan = found;
      go.disabled = false;
      tell();
      drawFold();
    } catch (error) {
      if (number === asked) words.replaceChildren(complaint(error));
    }
  }

  function tell() {
    const { split } = plan;
    const course = `Split ${split.how.replace(/\.$/, "")}. Up to ${plural(plan.epochs, "epoch")} of ${plural(plan.steps_per_epoch, "step")}.`;
    words.replaceChildren(note(course), ...(plan.start ? [note(plan.start)] : []), ...plan.warnings.map((one) => el("p", { class: "ht-warning", text: one.text ?? one })));
  }

  // ---- the fold ------------------------------------------------------------------------------------------------

  function drawFold() {
    const parts = PARTS.map(([part, title]) => [title, choices.settings.filter((one) => one.part === part)]).filter(([, list]) => list.length);
    const reset = button("Back to the defaults for this set", () => {
      for (const key of Object.keys(changed)) delete changed[key];
      drawFold();
    }, { class: "he-small" }); // prettier-ignore
    const groups = parts.map(([title, list]) => el("fieldset", { class: "ht-group" }, el("legend", { text: title }), ...list.map(settingNode)));
    fold.replaceChildren(note("The values are fitted to this set and depth. What you change is marked and kept."), ...groups, reset);
  }

  function settingNode(one) {
    const usual = plan.settings[one.name] ?? one.default;
    const value = changed[one.name] ?? usual;
    const input = inputFor(one, value);
    const id = `ht-${one.name.replace(".", "-")}`;
    input.id = id;
    const mark = () => row.classList.toggle("ht-changed", one.name in changed);
    input.addEventListener("input", () => {
      const next = read(one, input);
      if (JSON.stringify(next) === JSON.stringify(usual)) delete changed[one.name];
      else changed[one.name] = next;
      mark();
    });
    const about = el("small", { id: `${id}-about`, text: `${one.explanation}${one.name in changed ? "" : ""} Here: ${shown(usual)}.` });
    input.setAttribute("aria-describedby", about.id);
    const row = el("div", { class: "ht-setting", "data-name": one.name }, el("label", { for: id, text: one.title }), input, about);
    mark();
    return row;
  }

  const shown = (value) => (Array.isArray(value) ? value.map(plain).join(", ") : typeof value === "boolean" ? (value ? "on" : "off") : plain(value));

  function inputFor(one, value) {
    if (one.type === "choice") {
      const select = el("select");
      for (const option of one.choices) select.append(el("option", { value: option, selected: option === value }, option));
      return select;
    }
    if (one.type === "bool") return Object.assign(el("input", { type: "checkbox" }), { checked: value });
    if (one.type === "pair") return el("input", { type: "text", value: shown(value), inputmode: "decimal" });
    return el("input", { type: "number", step: one.type === "int" ? "1" : "any", min: one.low, max: one.high, value: plain(value) });
  }

  function read(one, input) {
    if (one.type === "bool") return input.checked;
    if (one.type === "choice") return input.value;
    if (one.type === "pair") return input.value.split(/[\s,;]+/).filter(Boolean).map(Number); // prettier-ignore
    return input.value === "" ? null : Number(input.value);
  }

  async function submit() {
    const bad = [...fold.querySelectorAll("input")].find((input) => !input.checkValidity());
    if (bad) {
      advanced.open = true;
      bad.focus();
      return problem.replaceChildren(complaint(new Error(`${bad.labels[0].textContent}: ${bad.validationMessage}`)));
    }
    go.disabled = true;
    problem.replaceChildren();
    try {
      const settings = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null));
      onStart(await post("jobs", { set: set.name, depth: chosen.depth, ...asQuery(), settings }));
      advanced.open = false; // what is to be watched stands below it
    } catch (error) {
      problem.replaceChildren(complaint(error));
    }
    go.disabled = !plan;
  }

  pickBackbone(choices.backbones[0].name);
  return {
    node,
    /** A set was chosen, or none. */
    show(next) {
      set = next;
      suit();
      return replan();
    },
    state: () => ({ chosen, changed, plan }),
  };
}
