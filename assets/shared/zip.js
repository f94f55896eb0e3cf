/** A zip of files, stored as they are: the browser packs a folder, and no file is read twice or copied. */
import { bytes } from "./format.js";

/** The sums of all bytes, by the polynomial that the format names. */
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const MOST_FILES = 65_000; // of a zip without its 64-bit part
const MOST_BYTES = 4e9;

/** @param {Uint8Array} data */
function crc32(data) {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = CRC[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * The part of a zip that describes one file: before its bytes, or in the directory at the end.
 * @param {number} signature which of the two @param {{name: Uint8Array, crc: number, size: number}} entry
 * @param {[2|4, number][]} tail what only this part says: bytes and value of each field
 */
function header(signature, entry, tail) {
  const fixed = signature === 0x04034b50 ? [20] : [20, 20];
  const buffer = new ArrayBuffer(signature === 0x04034b50 ? 30 : 46);
  const view = new DataView(buffer);
  let at = 0;
  /** @type {(size: number, value: number) => unknown} */
  const put = (size, value) => ((size === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true)), (at += size));
  put(4, signature);
  for (const value of fixed) put(2, value);
  put(2, 0x0800); // names are UTF-8
  put(2, 0); // stored
  put(4, 0x00210000); // a date, 1980
  put(4, entry.crc);
  put(4, entry.size);
  put(4, entry.size);
  put(2, entry.name.length);
  for (const [size, value] of tail) put(size, value);
  return buffer;
}

/**
 * A zip of files with their paths; the files themselves are read one by one and not copied.
 * @param {{path: string, file: File}[]} files @param {(done: number) => void} [onDone] @returns {Promise<Blob>}
 */
export async function zip(files, onDone) {
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  if (files.length > MOST_FILES || size > MOST_BYTES)
    throw new Error(`A folder sent by the browser may have ${MOST_FILES.toLocaleString("en")} files and ${bytes(MOST_BYTES)}; this one has ${files.length.toLocaleString("en")} and ${bytes(size)}. Start hypviz with --data FOLDER instead.`);
  const parts = [];
  /** @type {(ArrayBuffer|Uint8Array<ArrayBuffer>)[]} */
  const directory = [];
  let offset = 0;
  for (const [number, { path, file }] of files.entries()) {
    const data = new Uint8Array(await file.arrayBuffer().catch(() => {
      throw new Error(`${path} cannot be read by the browser; is it still there?`);
    })); // prettier-ignore
    const entry = { name: new TextEncoder().encode(path), crc: crc32(data), size: file.size };
    const local = header(0x04034b50, entry, [[2, 0]]);
    parts.push(local, entry.name, file);
    directory.push(header(0x02014b50, entry, [[2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), entry.name); // prettier-ignore
    offset += local.byteLength + entry.name.length + file.size;
    onDone?.(number + 1);
  }
  const length = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, length, true);
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end.buffer], { type: "application/zip" });
}
