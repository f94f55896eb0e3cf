/** Keys beyond those of the disk itself, and the list of all of them under "?". */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { element, button } = hypviz;

  const KEYS = [
    ["↑ ↓", "to the parent, to the child"],
    ["← →", "to the other boxes of the picture"],
    ["Enter", "put the item into the selection, or take it out"],
    ["F", "around the selection, or the overview"],
    ["Esc", "the overview, the root in the middle; ends lasso and box"],
    ["+ −", "zoom"],
    ["[ ]", "narrower, wider cone"],
    ["L  B", "lasso, box; Shift and drag draws a box at any time"],
    ["Shift and click", "put a point into the selection, or take it out"],
    ["C", "pin or unpin the cone"],
    ["P", "pictures on the disk"],
    ["/", "search"],
    ["W", "search with words, where the model knows any"],
    ["Backspace", "back to the previous item"],
    ["?", "this list"],
  ];

  hypviz.keysPart = function (x) {
    const help = element("dialog", "hv-help", element("h3", "", "Keys"));
    const list = element("dl");
    for (const [keys, words] of KEYS) list.append(element("dt", "", keys), element("dd", "", words));
    const mouse = "Drag moves the disk, the wheel or two fingers zoom, a double click brings a point to the middle.";
    help.append(list, element("p", "", mouse), button("", "Close", () => help.close()));
    x.root.append(help);
    const open = button("hv-help-open", "?", () => help.showModal());
    open.title = "Keys (?)";
    open.setAttribute("aria-label", "List of keys");

    const actions = {
      "?": () => help.showModal(),
      "/": () => x.search(),
      "[": () => x.nudge(-1),
      "]": () => x.nudge(1),
      Backspace: () => x.back(),
      w: () => x.view?.words && x.words.focus(),
      c: () => x.pins.turn(),
      p: () => x.shows.togglePictures(),
    };
    // Also while nothing has the focus: on a page just opened, and after a click on a card that made way for others.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !actions[event.key]) return;
      const ours = event.target === document.body ? x.root.getClientRects().length > 0 : x.root.contains(event.target);
      if (!ours || event.target.closest("input, select, textarea, dialog")) return;
      event.preventDefault();
      actions[event.key]();
    });
    return { nodes: [open] };
  };
})();
