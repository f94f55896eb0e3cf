/** How much of a list belongs, on a page without a server: small worlds counted by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PageBelonging, verdict } from "../../assets/offline/belonging.js";

// Three pictures: a car (1) with a wheel (2), a car with a wheel and a cat (0) beside it, a cat alone.
const columns = { label: [-1, 1, 2, -1, 1, 2, 0, -1, 0], image: [0, 0, 0, 1, 1, 1, 1, 2, 2] };
const tables = { inside: [[], [2], []], shown: { 0: [1, 2], 1: [0, 1, 2], 2: [0] } };
const judge = new PageBelonging(columns, ["cat", "car", "wheel"], tables, (i) => columns.label[i] < 0);

test("what belongs under a picture are boxes of its classes in other pictures, beside chance", () => {
  assert.deepEqual(judge.under(0, [1, 2, 3, 4, 6]), { share: 0.5, chance: 0.5, of: 2, verdict: "none" });
  assert.equal(judge.words("children", 0, [4, 6]), "1 of 2 in other pictures are of a class in this one (no better than chance: 50 %)");
  assert.equal(judge.under(0, [1, 2]), null, "its own boxes are known, not found");
});

test("under a box belong classes seen inside its class, and that there are none is said", () => {
  assert.equal(judge.under(1, [5])?.share, 1);
  assert.equal(judge.words("children", 2, [4]), "No box lies inside a wheel box.");
});

test("over a box lie pictures that show its class and boxes of one seen around it, each kind beside its own chance", () => {
  const found = judge.over(2, [3, 4, 7]);
  assert.deepEqual([found?.share, found?.of], [2 / 3, 3]);
  assert.equal(found?.chance, (2 * (1 / 2) + 1 * (1 / 4)) / 3);
  assert.equal(judge.over(0, [3]), null);
});

test("where nothing says what belongs nothing is said", () => {
  const silent = new PageBelonging(columns, [], null, () => false);
  assert.deepEqual([silent.words("children", 0, [4]), silent.words("parents", 1, [3])], ["", ""]);
});

test("of too few pictures nothing is called better than chance", () => {
  const many = { label: [-1, 1, 2, ...new Array(20).fill(2), ...new Array(20).fill(0)], image: [0, 0, 0, ...new Array(40).fill(1)] };
  const found = Array.from({ length: 20 }, (_, i) => i + 3);
  for (const [few, told] of /** @type {[boolean, string][]} */ ([[false, "better"], [true, "few"]])) // prettier-ignore
    assert.equal(new PageBelonging(many, ["cat", "car", "wheel"], { ...tables, few }, () => true).under(1, found)?.verdict, told);
});

test("chance is told from too few to tell", () => {
  assert.deepEqual(
    [verdict(30, [[100, 0.3]]), verdict(160, [[1000, 0.13]]), verdict(3, [[39, 0.04]]), verdict(3, [[3, 0.3]]), verdict(29, [[30, 0.7], [5, 0.2]]), verdict(4, [[4, 1]])], // prettier-ignore
    ["none", "hardly", "few", "better", "better", "none"],
  );
});
