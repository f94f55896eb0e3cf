/** What the colours of the points mean. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PALETTE, colourModes, colouring, firstMode, flagBit } from "../../assets/disk/colours.js";

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

/** Groups of one colour with so many points each. @param {Record<string, number>} counts */
const groups = (counts) => Object.entries(counts).map(([name, count]) => ({ name, colour: "#111111", dark: "#eeeeee", count }));
/** @param {import("../../assets/disk/colours.js").Points} of */
const offered = (of) => colourModes(of).map((mode) => mode.by);

test("only questions in whose answers the points differ are offered, and another one falls back to the first", () => {
  const flags = [{ name: "inverted", bit: 2 }, { name: "outside_cone", bit: 0 }];
  const several = points({ header: { branches: groups({ scene: 2, car: 1, tree: 1 }), depths: groups({ scene: 2, object: 2 }), flags } });
  assert.deepEqual(offered(several), ["branch", "depth", "radius", "violation"]);
  assert.equal(colouring(several, "class").by, "branch");
  assert.equal(firstMode(several), "branch");
});

test("one branch says nothing that the levels do not say, and one class nothing at all", () => {
  const cars = points({ header: { branches: groups({ scene: 1, car: 3 }), depths: groups({ scene: 1, object: 1, part: 2 }), classes: ["car"] } });
  assert.deepEqual([offered(cars), firstMode(cars)], [["depth", "radius"], "depth"]);
  assert.equal(colouring(cars, "branch").by, "depth");
});

test("whole pictures alone have no branch, level or order: what tells them apart is how true their places are", () => {
  const flags = [{ name: "inverted", bit: 2 }, { name: "outside_cone", bit: 0 }];
  const header = { branches: groups({ scene: 4 }), depths: groups({ scene: 4, object: 0 }), flags };
  const plain = points({ header, distortion: [0, 10, 20, 30] });
  assert.deepEqual([offered(plain), firstMode(plain)], [["radius", "distortion"], "distortion"]);
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
  const header = { flags: [{ name: "inverted", bit: 2 }, { name: "outside_cone", bit: 0 }], classes: [], depths: groups({ scene: 1, object: 3 }) };
  assert.deepEqual([flagBit({ header }, "inverted"), flagBit({ header }, "outside_cone"), flagBit({ header }, "none")], [4, 1, 0]);
  const found = colouring(points({ header, flags: [0, 1, 4, 5] }), "violation");
  assert.deepEqual([...found.key], [2, 1, 0, 0]);
  assert.deepEqual(found.groups.map((group) => group.count), [2, 1, 1]);
});
