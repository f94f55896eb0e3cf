/** Boxes on pictures: corners [x1, y1, x2, y2] in the picture's own pixels. @typedef {[number, number, number, number]} Xyxy */

/** @param {Xyxy} box @returns {number} in square pixels */
export const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);

/** Whether a box holds a point, its edges included. @param {Xyxy} box @param {number[]} point */
export const holds = ([x1, y1, x2, y2], [x, y]) => x >= x1 && x <= x2 && y >= y1 && y <= y2;

/** Attributes of the SVG rectangle of a box. @param {Xyxy} box */
export const rectOf = ([x1, y1, x2, y2]) => ({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 });

/** The box between two corners, whichever way it was drawn. @param {number[]} a @param {number[]} b @returns {Xyxy} */
export const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
