/** What a disk follows around it: the size of its stage, and the page's light or dark theme. */

/** @param {HTMLElement} node @param {boolean} preferred what the system prefers: dark */
function isDark(node, preferred) {
  if (node.closest(".dark")) return true;
  if (node.closest(".light, .gradio-container")) return false; // Gradio marks only dark
  return preferred;
}

/** Draw anew when the stage has another size. @param {import("./disk.js").Disk} disk @returns {ResizeObserver} */
export function watchSize(disk) {
  const { stage } = disk.el;
  const observer = new ResizeObserver(() => {
    if (disk.paint.n && Math.round(stage.clientWidth) !== disk.paint.size) disk.paint.rebuild();
  });
  observer.observe(stage);
  return observer;
}

/** Take the theme of the page, now and whenever it changes. @param {import("./disk.js").Disk} disk @returns {MutationObserver} */
export function watchTheme(disk) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const check = () => {
    const theme = isDark(disk.root, media.matches) ? "dark" : "light";
    if (disk.root.dataset.theme === theme) return;
    disk.root.dataset.theme = disk.look.theme = theme;
    disk.legend.write();
    disk.paint.rebuild();
  };
  delete disk.root.dataset.theme;
  check();
  media.addEventListener("change", check, { signal: disk.clean.signal });
  const observer = new MutationObserver(check);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true, attributeFilter: ["class"] });
  return observer;
}
