/** What the list of children holds: the items closest to the cone's axis, whatever they are, or the closest one of each class. */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});

  hypviz.eachPart = function (x) {
    const node = x.find(".hv-each");
    let on = false;
    node.addEventListener("click", () => {
      turn(!on);
      x.coneChanged();
      x.changed();
    });

    function turn(to) {
      on = to;
      node.setAttribute("aria-pressed", String(on));
    }

    return {
      nodes: [],
      on: () => on,
      /** Title, number and order of the present answer's children. */
      heading({ how, children_total: inside, classes }) {
        if (how === "cosine") return { title: "Nearest", total: inside, order: "by cosine, nearest first" };
        if (classes === null) return { title: "Children", total: inside, order: "inside the cone, general → specific" };
        return { title: "Children", total: classes, order: "the closest of each class, general → specific" };
      },
      shown() {
        node.hidden = x.view.classes < 2 || x.answer.how === "cosine";
      },
      save: () => ({ each: on ? "1" : null }),
      async restore({ each }) {
        turn(each === "1" && x.view.classes > 1);
      },
    };
  };
})();
