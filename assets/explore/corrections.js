/** The Hierarchy menu: take items as A and B while walking, and say which is the more general; and draw boxes on the picture at hand. */
import { createApply, createCorrections } from "../annotate/corrections.js";
import { places } from "../annotate/places.js";
import { button, el, openTab } from "../shared/dom.js";
import { menu } from "./parts.js";

/** The Hierarchy menu. @param {import("./explore.js").Explorer} x what the parts share */
export function correctionsPart(x) {
  const picker = menu("Hierarchy", { onOpen: () => panel.open().catch(x.complain) });
  const hold = el("div");
  let data = ""; // changes to what is shipped go into a copy
  const applying = createApply({ data: () => data });
  const panel = createCorrections(hold, {
    data: () => data,
    onChanged(answer) {
      data = answer.data;
      applying.show(answer.pending);
    },
  });
  const draw = button("Draw boxes on this picture", () => {
    const { image } = x.present.picture.place;
    places.chosen = null;
    places.wanted = { data: x.view.choice?.[0], image, key: x.present.id };
    window.hypvizAnnotator?.openData(data, image, x.present.id);
    openTab("Annotate");
    picker.open = false;
  }, "hv-row hv-draw");
  const words = "What lies in what is read from the boxes. Where that is wrong, choose two items or two classes and say so: it becomes training pairs.";
  picker.classList.add("hv-wide");
  picker.body.append(el("small", "hv-note", words), hold, applying.node, draw);

  return {
    nodes: [picker],
    opened() {
      data = x.view.choice?.[0] ?? x.view.name;
      panel.offer(null);
    },
    /** After every walk: the present item can be taken. */
    shown() {
      const { row, id, picture } = x.present;
      const item = { id, label: picture.title, words: `${picture.title} in ${picture.name}`, scene: picture.whole?.row === row };
      panel.offer(id === null ? null : { ...item, id });
      const { image } = picture.place ?? {};
      draw.hidden = !Number.isInteger(image);
      if (!x.byHand || draw.hidden) return;
      places.chosen = { data: x.view.choice?.[0], image, key: id }; // where Annotate goes next
      window.hypvizAnnotator?.follow(); // it may be in front already when the answer comes
    },
  };
}
