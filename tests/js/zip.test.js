/** A zip as the browser packs it, read by what the format says of itself, and its sums by node's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";

import { zip } from "../../assets/shared/zip.js";

/** Names and contents by the central directory. @param {Uint8Array} bytes */
function read(bytes) {
  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  /** @type {Record<string, string>} */
  const found = {};
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 8, true); i > 0; i--) {
    assert.equal(view.getUint32(at, true), 0x02014b50);
    const [sum, size, long, start] = [view.getUint32(at + 16, true), view.getUint32(at + 24, true), view.getUint16(at + 28, true), view.getUint32(at + 42, true)];
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + long));
    assert.equal(view.getUint32(start, true), 0x04034b50);
    const from = start + 30 + view.getUint16(start + 26, true);
    const content = bytes.subarray(from, from + size);
    assert.equal(sum, crc32(content));
    found[name] = Buffer.from(content).toString("latin1");
    at += 46 + long;
  }
  return found;
}

/** As much of a file as is asked of one. @param {Pick<File, "size"|"arrayBuffer">} part */
const fileOf = (part) => /** @type {File} */ (/** @type {unknown} */ (part));

test("every file is in it with its path, letters of all kinds, and nothing in it is packed", async () => {
  const files = { "cars/a.jpg": "\xff\xd8 a picture", "cars/Bär.txt": "", "猫.json": "{}".repeat(5000) };
  const given = Object.entries(files).map(([path, text]) => ({ path, file: new File([Buffer.from(text, "latin1")], path) }));
  /** @type {number[]} */
  const seen = [];
  const blob = await zip(given, (done) => seen.push(done));
  assert.deepEqual(read(new Uint8Array(await blob.arrayBuffer())), files);
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a folder that is too large is refused before anything is read", async () => {
  const file = fileOf({ size: 5e9, arrayBuffer: () => assert.fail("it was read") });
  await assert.rejects(zip([{ path: "a", file }]), /may have 65,000 files and 4\.0 GB; this one has 1 and 5\.0 GB\. Start hypviz with --data FOLDER/);
});

test("a file that is gone is named", async () => {
  const file = fileOf({ size: 1, arrayBuffer: () => Promise.reject(new Error("gone")) });
  await assert.rejects(zip([{ path: "cars/a.jpg", file }]), /cars\/a\.jpg cannot be read by the browser/);
});
