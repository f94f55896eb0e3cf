/** How wide the cone is: what validation found for the level of the item, until a person moves the slider. */
import { count } from "../shared/format.js";

const NUDGE = 0.05; // radians a key widens or narrows the cone by
const ASK_AFTER_MS = 60; // while the slider moves, the cone follows at once and the server is asked this often

const CALIBRATED = {
  boxes: "Back to the calibrated width ω: as many items inside as belong there, by the boxes of these pictures",
  checkpoint: "Back to the calibrated width ω: what was best on the pictures that the checkpoint was validated with",
};

/** @param {number} radians */
const degrees = (radians) => `${Math.round((radians * 180) / Math.PI)}°`;

/** The slider of ω, and the way back to the calibrated one. @param {import("./explore.js").Explorer} x what the parts share */
export function conePart(x) {
  /** @type {HTMLInputElement} */
  const slider = x.find(".hv-omega");
  /** @type {HTMLButtonElement} */
  const reset = x.find(".hv-reset");
  const value = x.find(".hv-omega-value");
  /** @type {number|null} */
  let set = null; // radians, as set by hand; null for the calibrated width
  let timer = 0;

  function slide() {
    x.wide = set = Number(slider.value);
    write();
    for (const disk of x.disks()) disk.setOmega(x.wide);
    clearTimeout(timer);
    timer = setTimeout(() => x.coneChanged(), ASK_AFTER_MS);
  }

  function write() {
    if (set === null) slider.value = String(x.wide);
    const none = x.answer?.how === "cosine";
    const inside = x.answer ? ` · ${count(x.present.members_total)} inside` : "";
    value.textContent = none ? "none: by similarity" : `${degrees(x.wide)}${inside}`;
    value.title = none ? "Nothing here says what contains what" : `Half-angle ω = ${x.wide.toFixed(3)} rad`;
    reset.disabled = none || set === null;
    slider.disabled = none || x.shows.cone() === "aperture";
  }

  slider.addEventListener("input", slide);
  reset.addEventListener("click", () => {
    set = null;
    x.coneChanged();
    x.changed();
  });

  return {
    /** As set by hand, radians, or null. */
    omega: () => set,
    shown: write,
    /** @param {number} omega radians */
    widen(omega) {
      slider.value = String(omega);
      slide();
    },
    /** @param {number} step how often */
    nudge(step) {
      if (x.answer?.how === "cosine") return x.announce("There is no cone here: items are listed by similarity.");
      if (slider.disabled) return x.announce("This cone's width follows from the distance; “As retrieval uses it” in the Show menu sets it by hand.");
      slider.value = String(Number(slider.value) + step * NUDGE);
      slide();
    },
    /** A view is opened, perhaps by a link that says how wide. @param {string|undefined} omega radians */
    start(omega) {
      set = Number(omega) || null;
      x.wide = set ?? x.view.omega;
      slider.value = String(x.wide);
      reset.title = CALIBRATED[x.view.calibrated];
    },
  };
}
