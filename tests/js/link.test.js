/** The words of a link. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { readLink, strangerTo, textOf, viewOf } from "../../assets/explore/link.js";

test("the words of an address are read as they were written", () => {
  Object.assign(globalThis, { location: { hash: "#data=my+cars&item=a%2Fb&omega=0.5" } });
  assert.deepEqual(readLink(), { data: "my cars", item: "a/b", omega: "0.5" });
});

test("a view is read back to five digits, and home says nothing", () => {
  const view = { centre: [0.123456789, -0.5], zoom: 2.5 };
  assert.equal(textOf(view), "0.12346,-0.5,2.5");
  assert.deepEqual(viewOf(String(textOf(view))), { centre: [0.12346, -0.5], zoom: 2.5 });
  assert.equal(textOf({ centre: [0, 1e-9], zoom: 1 }), null);
  for (const text of ["", "1,2", "a,b,c", "0,0,Infinity"]) assert.deepEqual(viewOf(text), {});
});

test("a link about other data or another checkpoint is told, with the way to open it", () => {
  assert.equal(strangerTo({ data: "demo", item: "x" }, ["demo", "photos"]), null);
  const refusal = (/** @type {Record<string, string>} */ link, /** @type {string[]} */ choice) => String(strangerTo(link, choice)?.message);
  assert.match(refusal({ data: "cars" }, ["demo", "demo"]), /names data “cars”, not known here: start hypviz with --data /);
  assert.match(refusal({ data: "a", checkpoint: "b" }, ["c", "d"]), /data “a” and checkpoint “b”/);
});
