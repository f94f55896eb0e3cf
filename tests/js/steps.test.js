/** Steps with the arrow keys: to the nearest parent or child by angle, and round the boxes of a picture. */
import assert from "node:assert/strict";
import test from "node:test";

import { stepFrom } from "../../assets/explore/steps.js";

/** An answer about row 2, of the boxes 1, 2 and 3 of its picture. @param {object} changes @returns {any} */
const answer = (changes = {}) => ({
  row: 2,
  parents: [{ row: 8, angle: 0.4 }, { row: 9, angle: 0.1 }],
  children: [{ row: 5, angle: 0.3 }],
  picture: { boxes: [1, 2, 3].map((row) => ({ row, query: { row } })) },
  ...changes,
}); // prettier-ignore

test("up and down lead to the card at the smallest angle", () => {
  assert.deepEqual(stepFrom(answer(), "parent"), { row: 9 });
  assert.deepEqual(stepFrom(answer(), "child"), { row: 5 });
  assert.equal(stepFrom(answer({ children: [] }), "child"), null);
});

test("right and left go round the boxes of the picture", () => {
  assert.deepEqual(stepFrom(answer(), "sibling+"), { row: 3 });
  assert.deepEqual(stepFrom(answer({ row: 3 }), "sibling+"), { row: 1 });
  assert.deepEqual(stepFrom(answer({ row: 1 }), "sibling-"), { row: 3 });
  assert.equal(stepFrom(answer({ picture: { boxes: [] } }), "sibling+"), null);
});
