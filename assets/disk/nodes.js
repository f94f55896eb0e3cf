/**
 * The nodes of a disk, in their order; what draws and what listens fills them.
 *
 * @typedef {{stage: HTMLElement, tools: HTMLElement, card: HTMLElement, note: HTMLElement, aside: HTMLElement, legend: HTMLElement, caption: HTMLElement,
 *   live: HTMLElement}} Nodes   aside: the name of the cone, where the disk is too small to write it there
 */
/** @param {string} body of an SVG */
const icon = (body) => `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">${body}</svg>`;
const TOOLS = [
  ["focus", "Around the selection, exactly (F); Esc: the overview", icon('<path d="M12 20 5 5M12 20 19 5" /><circle cx="12" cy="20" r="2" fill="currentColor"/><path d="M4 9c5-4 11-4 16 0"/>')],
  ["home", "Home: the overview, the root in the middle (Esc)", icon('<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="2.2" fill="currentColor"/>')],
  ["lasso", "Lasso (L)", icon('<path d="M12 4c5 0 9 2.4 9 5.6s-4 5.6-9 5.6-9-2.4-9-5.6S7 4 12 4zM7 14c-2 1.5-2 4 1 4s2 2.5 0 3" stroke-dasharray="3 2"/>')],
  ["box", "Box (B, or Shift and drag)", icon('<rect x="4" y="4" width="16" height="16" stroke-dasharray="3.5 2.5"/>')],
];

/** Make a node a disk without points. @param {HTMLElement} root @returns {Nodes} */
export function buildNodes(root) {
  root.classList.add("hypviz-disk");
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", "Poincaré disk. Arrow keys walk the hierarchy, Enter selects, Escape returns home.");
  const tools = TOOLS.map(([name, title, picture]) => {
    const pressed = name === "home" ? "" : 'aria-pressed="false"';
    return `<button class="hd-${name}" type="button" data-tool="${name}" title="${title}" aria-label="${title}" ${pressed}>${picture}</button>`;
  });
  root.innerHTML = `
      <div class="hd-face"><div class="hd-stage">
        <svg class="hd-layer hd-under"></svg><canvas class="hd-layer hd-edges"></canvas><div class="hd-layer hd-plot"></div>
        <div class="hd-layer hd-thumbs"></div><svg class="hd-layer hd-over"></svg>
        <div class="hd-card" role="tooltip"></div>
      </div>
      <div class="hd-beside"><div class="hd-tools" role="group" aria-label="Tools of the disk">${tools.join("")}</div><span class="hd-aside"></span></div>
      <div class="hd-note" role="status">Loading…</div></div>
      <div class="hd-legend" role="group"></div><div class="hd-caption"></div><div class="hd-live" aria-live="polite"></div>`;
  /** @param {keyof Nodes} name */
  const find = (name) => /** @type {HTMLElement} */ (root.querySelector(`.hd-${name}`));
  return {
    stage: find("stage"),
    tools: find("tools"),
    card: find("card"),
    note: find("note"),
    aside: find("aside"),
    legend: find("legend"),
    caption: find("caption"),
    live: find("live"),
  };
}
