/**
 * What is done to the boxes of a picture: each is one step of the history, and said to a screen reader.
 *
 * @typedef {import("./annotate.js").Annotator} Annotator
 * @typedef {import("../shared/boxes.js").Xyxy} Xyxy
 */

/** Corners in steps of a part of a pixel. @param {Xyxy} xyxy @param {number} parts of a pixel */
const rounded = ([x1, y1, x2, y2], parts) => /** @type {Xyxy} */ ([x1, y1, x2, y2].map((value) => Math.round(value * parts) / parts));

/** A new box. @param {Annotator} x @param {Xyxy} xyxy */
export function add(x, xyxy) {
  const { sheet } = x;
  const key = `new-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;
  const label = x.last || sheet.set.classes[0]?.name || "object";
  const box = { key, xyxy: rounded(xyxy, 4), label, source: "drawn" }; // as fine as a person draws
  sheet.change([...sheet.boxes, box], key);
  x.say(`New box, ${label}.`);
  if (!matchMedia("(pointer: coarse)").matches) x.label.focus(); // on a phone its keyboard would cover the picture
}

/** Another label for the selected box. @param {Annotator} x @param {string} label */
export function relabel(x, label) {
  const { sheet } = x;
  if (!sheet.selected) return;
  x.last = label;
  sheet.change(sheet.boxes.map((box) => (box.key === sheet.key ? { ...box, label } : box)));
  x.say(`Labelled ${label}.`);
}

/** Delete the selected box. @param {Annotator} x */
export function remove(x) {
  const { sheet } = x;
  if (!sheet.selected) return;
  x.say(`${sheet.selected.label} deleted.`);
  sheet.change(sheet.boxes.filter((box) => box.key !== sheet.key), null); // prettier-ignore
  x.stage.svg.focus();
}

/** As the server keeps it, to a hundredth of a pixel. @param {Annotator} x @param {string} key @param {Xyxy} xyxy */
export function reshape(x, key, xyxy) {
  x.sheet.change(x.sheet.boxes.map((box) => (box.key === key ? { ...box, xyxy: rounded(xyxy, 100) } : box)));
}

/**
 * Move, or with `resize` its right and lower side, by pixels of the picture.
 * @param {Annotator} x @param {number} dx @param {number} dy @param {boolean} resize
 */
export function nudge(x, dx, dy, resize) {
  const { sheet } = x;
  const box = sheet.selected;
  if (!box) return;
  const [width, height] = x.stage.size();
  let [x1, y1, x2, y2] = box.xyxy;
  if (resize) [x2, y2] = [Math.min(width, Math.max(x1 + 2, x2 + dx)), Math.min(height, Math.max(y1 + 2, y2 + dy))];
  else {
    dx = Math.min(Math.max(dx, -x1), width - x2);
    dy = Math.min(Math.max(dy, -y1), height - y2);
    [x1, y1, x2, y2] = [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
  }
  reshape(x, box.key, [x1, y1, x2, y2]);
}

/** Select the next box, or the one before. @param {Annotator} x @param {number} by 1 or −1 */
export function nextBox(x, by) {
  const { boxes, key } = x.sheet;
  if (!boxes.length) return;
  const at = boxes.findIndex((box) => box.key === key);
  const next = boxes[(at + by + boxes.length + (at < 0 && by < 0 ? 1 : 0)) % boxes.length];
  x.sheet.select(next.key);
  x.say(`${next.label}, box ${boxes.indexOf(next) + 1} of ${boxes.length}.`);
}
