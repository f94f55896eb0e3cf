/** Keys on the disk, without a page: what they ask of whoever listens. */
import assert from "node:assert/strict";
import test from "node:test";

import { Gestures } from "../../assets/disk/gestures.js";

/** The rows that Enter hands over while a selection is lit. @param {object|null} selection @returns {number[]} */
function toggled(selection) {
  /** @type {number[]} */
  const rows = [];
  const event = { key: "Enter", target: { closest: () => null }, preventDefault() {} };
  const hands = { tool: "move", paint: { look: { selection } }, disk: { options: { onToggle: (/** @type {number} */ row) => rows.push(row) } } };
  Reflect.apply(Gestures.prototype.key, hands, [event]);
  return rows;
}

test("Enter puts the selected item into the set", () => {
  assert.deepEqual(toggled({ row: 0 }), [0]);
  assert.deepEqual(toggled({ row: 7 }), [7]);
});

test("Enter on a place that is no item puts nothing into the set, not the first item", () => {
  assert.deepEqual(toggled({ row: null, polar: { angle: 0, radius: 1 } }), []);
  assert.deepEqual(toggled({}), []);
  assert.deepEqual(toggled(null), []);
});
