/** Talking to a server, here one that a test makes up. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

Object.assign(globalThis, { document: { baseURI: "http://localhost/lab/" } });
const { Api, address, ask, query, request } = await import("../../assets/shared/http.js");

const real = globalThis.fetch;
afterEach(() => (globalThis.fetch = real));
const answer = (/** @type {string} */ body, status = 200) => (globalThis.fetch = async () => new Response(body, { status }));

test("routes lie below the page, wherever it is", () => {
  assert.equal(address("tune/jobs"), "http://localhost/lab/hypviz/tune/jobs");
  assert.equal(new Api("k1").url("thumb/3"), "http://localhost/lab/hypviz/view/k1/thumb/3");
});

test("what says nothing is not asked", () => {
  assert.equal(query({ a: 1, b: null, c: undefined, d: "", e: 0, f: "x y" }), "a=1&e=0&f=x+y");
});

test("the server's own sentence is the error's, and it answered", async () => {
  answer('{"error": "There is no such item."}', 404);
  await assert.rejects(request("row/x"), { message: "There is no such item.", answered: true });
  answer('{"error": "Not now."}');
  await assert.rejects(ask("row/x"), { message: "Not now.", answered: true });
});

test("an answer without words, and none at all, are told apart", async () => {
  answer("<html>", 502);
  await assert.rejects(ask("x"), { message: "The server answered with status 502.", answered: true });
  globalThis.fetch = async () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(ask("x"), { message: "The hypviz server does not answer; is it still running?", answered: false });
});

test("a question to a view is JSON to its own route", async () => {
  /** @type {[unknown, RequestInit?]} */
  let seen = [null];
  globalThis.fetch = async (...given) => ((seen = given), new Response('{"omega": 1}'));
  assert.deepEqual(await new Api("k").ask("cone", { query: { row: 3 } }), { omega: 1 });
  assert.equal(seen[0], "http://localhost/lab/hypviz/view/k/cone");
  assert.deepEqual([seen[1]?.method, seen[1]?.body], ["POST", '{"query":{"row":3}}']);
});
