// What is dropped on Explore is a picture to place, or a set to open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSet } from "../../assets/explore/upload.js";

const file = new File([], "0.jpg");
const of = (/** @type {string[]} */ ...paths) => paths.map((path) => ({ path, file }));

test("one loose picture is placed; a zip, a folder and several pictures are a set", () => {
  assert.equal(isSet(of("0.jpg")), false);
  for (const set of [of("my cars.ZIP"), of("cars/0.jpg"), of("0.jpg", "1.jpg")]) assert.equal(isSet(set), true);
});
