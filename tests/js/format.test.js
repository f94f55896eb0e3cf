/** Numbers in words. */
import assert from "node:assert/strict";
import { test } from "node:test";

import * as F from "../../assets/shared/format.js";

test("numbers have a minus sign that is one, and a dash where nothing was measured", () => {
  assert.deepEqual([F.number(1.23456), F.number(-0.5, 1), F.number(null), F.number(undefined)], ["1.235", "−0.5", "–", "–"]);
});

test("shares are in per cent, steps and places are not", () => {
  assert.deepEqual([F.measured("R@10", 0.1234), F.unitOf("R@10")], ["12.3", " %"]);
  assert.deepEqual([F.measured("TIE@1", 2.5), F.unitOf("TIE@1")], ["2.50", ""]);
  assert.deepEqual([F.measured("R@1", 0.1, true), F.measured("R@1", -0.1, true), F.measured("R@1", null)], ["+10.0", "−10.0", "–"]);
});

test("amounts have their thousands apart, and words an s for all but one", () => {
  assert.deepEqual([F.count(1234567), F.plural(1, "item"), F.plural(1200, "item"), F.plural(0, "item")], ["1,234,567", "1 item", "1,200 items", "0 items"]);
});

test("distances near the root do not read as 0", () => {
  assert.deepEqual([F.distance(1.23456), F.distance(0.01), F.distance(0.0012345), F.distance(0)], ["1.235", "0.010", "0.0012", "0.000"]);
  assert.deepEqual([F.trim(1.0000001), F.trim(0.123456), F.plain(0.1 + 0.2), F.plain("x")], ["1", "0.1235", "0.3", "x"]);
});

test("times are as long as they are said to be", () => {
  assert.deepEqual([F.duration(-1), F.duration(59.4), F.duration(200), F.duration(3900)], ["0 s", "59 s", "3 min 20 s", "1 h 5 min"]);
  assert.deepEqual([F.timeLeft(null), F.timeLeft(0), F.timeLeft(40), F.timeLeft(200)], ["", "about 1 s left", "about 40 s left", "about 3 min left"]);
});

test("sizes of files go up with their units", () => {
  assert.deepEqual([F.bytes(1), F.bytes(999_999), F.bytes(2e6), F.bytes(3.21e9)], ["1 kB", "1000 kB", "2 MB", "3.2 GB"]);
});

test("facts fill lines, none is cut, and a long one has a line of its own", () => {
  const facts = ["one", "two", "a fact that is longer than a line", "three"];
  assert.deepEqual(F.wrapped(facts, 12), ["one · two", "a fact that is longer than a line", "three"]);
  assert.equal(F.wrapped(facts, 1e3).length, 1);
  assert.deepEqual(F.wrapped([], 9), []);
});

test("a part that is not nothing is never said to be 0 %", () => {
  assert.deepEqual([F.shareOf(1, 4), F.shareOf(1, 1000), F.shareOf(0, 9), F.shareOf(2, 3)], ["25 %", "under 1 %", "0 %", "67 %"]);
});

test("a file is called by its name, whatever folders it is in", () => {
  assert.deepEqual(["street 2026/0.jpg", "0.jpg", "a/b/"].map(F.fileName), ["0.jpg", "0.jpg", "a/b/"]);
});
