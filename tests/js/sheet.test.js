/** The boxes of all pictures, their history and their way to a server that a test makes up. */
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.addEventListener ??= () => {};
const { Sheet } = await import("../../assets/annotate/sheet.js");

/** @typedef {import("../../assets/annotate/sheet.js").Box} Box */

/** @param {string} key @param {number} [x] its left side @returns {Box} */
const box = (key, x = 0) => ({ key, xyxy: [x, 0, x + 10, 10], label: "car" });

/** A server with two pictures; it keeps what it is sent, and refuses while `refuses` says so. */
function server() {
  /** @type {Map<number, Box[]>} */
  const kept = new Map([[0, [box("a")]], [1, []]]);
  const sent = /** @type {[number, string[]][]} */ ([]);
  const self = { kept, sent, refuses: /** @type {string|null} */ (null), ask };
  /** @type {import("../../assets/annotate/sheet.js").Ask} */
  async function ask(path, options) {
    const image = Number(/picture\/(\d+)/.exec(path)?.[1]);
    if (path.startsWith("annotate/set")) return { data: "set", counts: [1, 0], classes: [] };
    if (options?.method === "PUT") {
      /** @type {{boxes: Box[]}} */
      const { boxes } = JSON.parse(String(options.body));
      self.sent.push([image, boxes.map((one) => one.key)]);
      if (self.refuses) throw Object.assign(new Error(self.refuses), { answered: true });
      kept.set(image, boxes);
      return { data: "set", picture: { image, version: self.sent.length, boxes }, classes: [], pending: 1 };
    }
    return { image, version: 0, boxes: kept.get(image) };
  }
  return self;
}

async function opened(from = server()) {
  /** @type {{saved: boolean, error?: unknown}[]} */
  const states = [];
  const sheet = new Sheet({ ask: from.ask, onShow: () => {}, onState: (state) => states.push(state) });
  await sheet.open("set");
  await sheet.turn(0);
  return { sheet, from, states };
}

test("a change is sent at once, and said to be saved when it is", async () => {
  const { sheet, from, states } = await opened();
  sheet.change([box("a"), box("b", 20)], "b");
  assert.equal(sheet.selected?.key, "b");
  assert.equal(sheet.busy, true);
  await sheet.settled();
  assert.deepEqual(from.kept.get(0)?.map((one) => one.key), ["a", "b"]);
  assert.deepEqual([states[0].saved, states.at(-1)?.saved], [false, true]);
});

test("the newest boxes of a picture overtake those that wait", async () => {
  const { sheet, from } = await opened();
  for (const key of ["b", "c", "d"]) sheet.change([...sheet.boxes, box(key)], key);
  await sheet.settled();
  assert.deepEqual(from.sent, [[0, ["a", "b"]], [0, ["a", "b", "c", "d"]]]);
});

test("one history goes over all pictures, back and forth", async () => {
  const { sheet } = await opened();
  sheet.change([], null);
  await sheet.turn(1);
  sheet.change([box("z")], "z");
  await sheet.undo();
  assert.deepEqual([sheet.image, sheet.boxes.length], [1, 0]);
  await sheet.undo();
  assert.deepEqual([sheet.image, sheet.boxes.map((one) => one.key)], [0, ["a"]]);
  await sheet.redo();
  await sheet.redo();
  assert.deepEqual([sheet.image, sheet.boxes.map((one) => one.key)], [1, ["z"]]);
  await sheet.redo();
  await sheet.settled();
});

test("no change is none, and a new one ends what was undone", async () => {
  const { sheet } = await opened();
  sheet.change([box("a")], "a");
  assert.equal(sheet.past.length, 0);
  sheet.change([], null);
  await sheet.undo();
  sheet.change([box("n")], "n");
  assert.equal(sheet.future.length, 0);
  await sheet.settled();
});

test("what is refused is the server's again, and undo brings the refused back", async () => {
  const from = server();
  const { sheet, states } = await opened(from);
  from.refuses = "Somebody else changed it.";
  sheet.change([box("mine")], "mine");
  await sheet.settled();
  assert.deepEqual(sheet.boxes.map((one) => one.key), ["a"]);
  assert.equal(/** @type {Error} */ (states.at(-1)?.error).message, "Somebody else changed it.");
  from.refuses = null;
  await sheet.undo();
  assert.deepEqual(sheet.boxes.map((one) => one.key), ["mine"]);
  await sheet.settled();
  assert.deepEqual(from.kept.get(0)?.map((one) => one.key), ["mine"]);
});
