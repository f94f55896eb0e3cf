/**
 * On a narrow screen the answer is a sheet that a tap brings up over the disk; on a wide one it stands beside it. While the sheet is down
 * one line at the foot of the screen says what is selected and brings it up.
 */
import { count } from "../shared/format.js";
import { belonging } from "../shared/belonging.js";

const NARROW = "(max-width: 700px)";

/** @param {import("./explore.js").Explorer} x what the parts share */
export function sheetPart(x) {
  const media = matchMedia(NARROW);
  const close = x.find(".hv-sheet-close");

  /** @param {boolean} open */
  function turn(open) {
    x.root.classList.toggle("hv-sheet-open", open && media.matches);
    if (open && media.matches) x.find(".hv-left").scrollIntoView({ block: "start" }); // what was chosen stays in sight above it
  }

  const peek = x.find(".hv-peek");

  /** The line: the picture, what it is, and how much was found of and for it. */
  function say() {
    const { picture, here, elsewhere } = x.present;
    const place = { entailment: "in its cone elsewhere", cosine: "similar", nearest: "near it" }[elsewhere.by];
    const inside = here.length ? [`${count(here.length)} ${here.length === 1 ? "box" : "boxes"} in it`] : [];
    /** @type {HTMLImageElement} */ (peek.querySelector("img")).src = x.thumbOfAnswer();
    x.find(".hv-peek b").textContent = picture.title;
    const belong = elsewhere.belong ? `: ${belonging(elsewhere.belong, "", "belong by class", "by class none belongs")}` : "";
    x.find(".hv-peek span").textContent = [...inside, `${count(elsewhere.total)} ${place}${belong}`].join(", ");
    peek.hidden = false;
  }

  close.addEventListener("click", () => turn(false));
  peek.addEventListener("click", () => turn(true));
  document.addEventListener("keydown", (event) => event.key === "Escape" && turn(false));
  media.addEventListener("change", () => turn(false));
  return {
    nodes: [],
    /** Something was chosen or found by hand: bring it up. */
    raise: () => turn(true),
    opened: () => turn(false),
    shown: say,
  };
}
