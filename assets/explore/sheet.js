// @ts-check
/** On a narrow screen the answer is a sheet that a tap brings up over the disk; on a wide one it stands beside it. */

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

  close.addEventListener("click", () => turn(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && turn(false));
  media.addEventListener("change", () => turn(false));
  return {
    nodes: [],
    /** Something was chosen or found by hand: bring it up. */
    raise: () => turn(true),
    opened: () => turn(false),
  };
}
