/** Boxes on pictures. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { area, between, holds, rectOf } from "../../assets/shared/boxes.js";

test("a box is the same whichever way it was drawn", () => {
  /** @type {import("../../assets/shared/boxes.js").Xyxy} */
  const box = [2, 3, 7, 13];
  for (const [a, b] of [[[2, 3], [7, 13]], [[7, 13], [2, 3]], [[2, 13], [7, 3]], [[7, 3], [2, 13]]]) assert.deepEqual(between(a, b), box);
  assert.equal(area(box), 50);
  assert.deepEqual(rectOf(box), { x: 2, y: 3, width: 5, height: 10 });
});

test("a box holds its edges and nothing beyond", () => {
  /** @type {import("../../assets/shared/boxes.js").Xyxy} */
  const box = [2, 3, 7, 13];
  for (const spot of [[2, 3], [7, 13], [5, 5]]) assert.ok(holds(box, spot));
  for (const spot of [[1.9, 5], [7.1, 5], [5, 2.9], [5, 13.1]]) assert.ok(!holds(box, spot));
});
