/** Sets of rows as bits, held to sets of numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Bits, isRow } from "../../assets/shared/bitset.js";

/** @type {[number[], number][]} rows, and how many there are */
const sets = [[[], 0], [[], 9], [[0], 1], [[7, 8], 9], [[0, 1, 2, 63, 64, 65], 70], [[999_999], 1_000_000]];
for (let count = 1; count < 300; count += 37) sets.push([Array.from({ length: count }, (_, i) => i).filter((i) => (i * i + count) % 5 < 2), count]);

test("a set says of every row whether it is in it", () => {
  for (const [rows, count] of sets) {
    const [bits, wanted] = [Bits.of(rows, count), new Set(rows)];
    for (let row = 0; row < Math.min(count + 9, 400); row++) assert.equal(bits.has(row), wanted.has(row));
    assert.deepEqual([...bits.rows()], rows);
    assert.equal(bits.size, rows.length);
  }
});

test("base64 is read back, and is the server's order of bits", () => {
  for (const [rows, count] of sets) assert.deepEqual([...Bits.decode(Bits.of(rows, count).encode(), count).rows()], rows);
  assert.equal(Bits.of([0, 9], 16).encode(), Buffer.from([1, 2]).toString("base64"));
});

test("a link's text is read back, and neighbours take one byte each", () => {
  for (const [rows, count] of sets) {
    const text = Bits.of(rows, count).shorten();
    assert.match(text, /^[\w-]*$/);
    assert.deepEqual([...Bits.lengthen(text, count).rows()], rows);
  }
  const run = Array.from({ length: 300 }, (_, i) => 5000 + i);
  assert.ok(Bits.of(run, 1e6).shorten().length <= Math.ceil((301 * 4) / 3));
});

test("a text of somebody else's is refused in words", () => {
  assert.throws(() => Bits.lengthen("a+b", 9), /is damaged, so it is left out/);
  assert.throws(() => Bits.lengthen("abcde", 9), /is damaged/);
  assert.throws(() => Bits.lengthen(Bits.of([8], 9).shorten(), 8), /names items that are not there/);
});

test("and keeps what is in both", () => {
  assert.deepEqual([...Bits.of([1, 2, 3, 8], 9).and(Bits.of([0, 2, 8], 9)).rows()], [2, 8]);
});

test("only whole numbers from 0 on are rows", () => {
  assert.deepEqual([0, 5, -1, 1.5, null, undefined, "1", NaN].map(isRow), [true, true, false, false, false, false, false, false]);
});
