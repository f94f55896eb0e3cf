import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenWith, classesBelow } from "../../assets/explore/tree_facet.js";

const NODES = [
  { name: "vehicle", parent: -1, class: -1 },
  { name: "car", parent: 0, class: 2 },
  { name: "sedan", parent: 1, class: 0 },
  { name: "bus", parent: 0, class: 3 },
  { name: "tree", parent: -1, class: 1 },
];

test("below a name lie its own class and all below it", () => {
  assert.deepEqual(classesBelow(NODES).map((rows) => [...rows].sort()), [[0, 2, 3], [0, 2], [0], [3], [1]]); // prettier-ignore
});

test("a check takes all below and a second gives them back, whatever else is chosen", () => {
  assert.deepEqual(chosenWith([1, 2], [0, 2, 3], true), [1, 0, 2, 3]);
  assert.deepEqual(chosenWith([1, 0, 2, 3], [0, 2], false), [1, 3]);
});
