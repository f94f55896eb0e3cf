/** What the colours of the points mean. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PALETTE, colourModes, colouring, flagBit } from "../../assets/disk/colours.js";

/** Points by what the colours ask of them. @param {{header?: object} & Record<string, unknown>} [more] */
const points = (more = {}) => /** @type {import("../../assets/disk/colours.js").Points} */ (/** @type {unknown} */ ({
  header: {
    branches: [{ name: "a", colour: "#111111", dark: "#eeeeee", count: 4 }],
    depths: [{ name: "scene", colour: "#111111", dark: "#eeeeee", count: 4 }],
    classes: [],
    flags: [],
    ...more.header,
  },
  branch: [0, 0, 0, 0],
  depth: [0, 0, 0, 0],
  label: [-1, -1, -1, -1],
  flags: [0, 0, 0, 0],
  radius: [0, 1, 2, 3],
  ...more,
  ...(more.header ? { header: { branches: [], depths: [], classes: [], flags: [], ...more.header } } : {}),
})); // prettier-ignore

test("only questions that the points can answer are offered, and another one falls back to the first", () => {
  assert.deepEqual(colourModes(points()).map((mode) => mode.by), ["branch", "depth", "radius"]);
  assert.equal(colouring(points(), "class").by, "branch");
});

test("classes come by how frequent they are, scenes last, and the rarer ones share the grey", () => {
  const classes = Array.from({ length: PALETTE.length + 2 }, (_, i) => `class ${i}`);
  const label = [-1, ...classes.flatMap((_, i) => Array(i + 1).fill(i))];
  const { groups, key } = colouring(points({ header: { classes }, label }), "class");
  assert.equal(groups[0].name, `class ${classes.length - 1}`);
  assert.deepEqual([groups[0].colour, groups[0].dark], PALETTE[0]);
  assert.deepEqual([groups.at(-1)?.name, groups.at(-1)?.count], ["scene", 1]);
  assert.equal(groups[groups.length - 2].colour, groups[groups.length - 3].colour);
  label.forEach((value, i) => assert.equal(groups[key[i]].name, value < 0 ? "scene" : classes[value]));
  assert.equal(groups.reduce((sum, group) => sum + group.count, 0), label.length);
});

test("amounts fall into steps in their order, and every point into one", () => {
  const radius = Array.from({ length: 500 }, (_, i) => i / 100);
  const { groups, key } = colouring(points({ radius }), "radius");
  assert.equal(groups.reduce((sum, group) => sum + group.count, 0), 500);
  for (let i = 1; i < key.length; i++) assert.ok(key[i] >= key[i - 1]);
  assert.equal(key[499], groups.length - 1);
});

test("flags are found by their name, and the graver violation counts", () => {
  const header = { flags: [{ name: "inverted", bit: 2 }, { name: "outside_cone", bit: 0 }], classes: [] };
  assert.deepEqual([flagBit({ header }, "inverted"), flagBit({ header }, "outside_cone"), flagBit({ header }, "none")], [4, 1, 0]);
  const { key, groups } = colouring(points({ header, flags: [0, 1, 4, 5] }), "violation");
  assert.deepEqual([...key], [2, 1, 0, 0]);
  assert.deepEqual(groups.map((group) => group.count), [2, 1, 1]);
});
