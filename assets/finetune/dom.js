/** What the parts of the Fine-tune tab share: the server's routes, numbers and times in words, files as one zip. */
import { address, ask, timeLeft } from "../shared/dom.js";

const POLL_MS = 500; // while a set is taken in
const json = { "Content-Type": "application/json" };

export const get = (path) => ask(`tune/${path}`);
export const post = (path, body) => ask(`tune/${path}`, { method: "POST", headers: json, body: JSON.stringify(body ?? {}) });
export const remove = (path) => ask(`tune/${path}`, { method: "DELETE" });

/** "3 min 20 s", "1 h 5 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export const bytes = (count) => (count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`);

/** A number in a form: no more digits than it has. */
export const plain = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));

/**
 * Send a file with its progress; resolves to the server's JSON. @param {Blob} blob @param {(share: number) => void} onShare
 */
function send(path, blob, name, onShare, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address(`tune/${path}`));
    request.setRequestHeader("X-File-Name", encodeURIComponent(name));
    request.upload.onprogress = (event) => event.lengthComputable && onShare(event.loaded / event.total);
    request.onerror = () => reject(new Error("The hypviz server does not answer; is it still running?"));
    request.onabort = () => reject(new Error("The upload was cancelled; nothing was changed."));
    request.onload = () => {
      try {
        const content = JSON.parse(request.responseText);
        if (content.error) reject(new Error(content.error));
        else resolve(content);
      } catch {
        reject(new Error(`The server answered with status ${request.status}.`));
      }
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(blob);
  });
}

/* ---------------------------------------------------------------- a zip of files, stored as they are */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const MOST_FILES = 65_000; // of a zip without its 64-bit part
const MOST_BYTES = 4e9;

function crc32(data) {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = CRC[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function header(signature, entry, tail) {
  const fixed = signature === 0x04034b50 ? [20] : [20, 20];
  const buffer = new ArrayBuffer(signature === 0x04034b50 ? 30 : 46);
  const view = new DataView(buffer);
  let at = 0;
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
 * @param {{path: string, file: File}[]} files @param {(done: number) => void} onDone @returns {Promise<Blob>}
 */
export async function zip(files, onDone) {
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  if (files.length > MOST_FILES || size > MOST_BYTES)
    throw new Error(`A folder sent by the browser may have ${MOST_FILES.toLocaleString("en")} files and ${bytes(MOST_BYTES)}; this one has ${files.length.toLocaleString("en")} and ${bytes(size)}. Start hypviz with --data FOLDER instead.`);
  const parts = [];
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
  const length = directory.reduce((sum, part) => sum + (part.byteLength ?? part.length), 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, length, true);
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end.buffer], { type: "application/zip" });
}

/** Files of a drop, folders walked, with their paths. @param {DataTransfer} transfer */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  async function walk(entry) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      files.push({ path: entry.fullPath.replace(/^\//, ""), file });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at a time
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  }
  if (!entries.length) return [...transfer.files].map((file) => ({ path: file.name, file }));
  for (const entry of entries) await walk(entry);
  return files;
}

/**
 * Send files to the server as a set and follow until it is taken in; one zip goes as it is, all else is packed here.
 * @param {{path: string, file: File}[]} files @param {{toDraw: boolean, tell: (words: string, share: number) => void}} options toDraw:
 *   pictures without boxes are welcome @returns {{done: Promise<string>, cancel: () => void}} the name of the set
 */
export function bring(files, { toDraw, tell }) {
  const abort = new AbortController();
  let id = null;
  async function run() {
    if (!files.length) throw new Error("There is no file in what was dropped.");
    const one = files.length === 1 && /\.zip$/i.test(files[0].path) ? files[0].file : null;
    const name = one ? one.name : `${files[0].path.split("/")[0].replace(/\.[^.]*$/, "") || "pictures"}.zip`;
    const packing = (done) => tell(`packing ${done.toLocaleString("en")} of ${files.length.toLocaleString("en")} files`, (0.2 * done) / files.length);
    const packed = one || (await zip(files, packing));
    const sending = (share) => tell(`sending ${name}, ${bytes(packed.size)}`, 0.2 + 0.2 * share);
    id = (await send(`set${toDraw ? "?to_draw=true" : ""}`, packed, name, sending, abort.signal)).intake;
    for (;;) {
      const job = await get(`intake/${id}`);
      if (job.state === "done") return job.set;
      if (job.state !== "running") throw new Error(job.error || `${name} was not taken in: it was cancelled. Nothing was changed.`);
      const left = timeLeft(job.seconds_left ?? null);
      tell(`${name}: ${job.what}${left && `, ${left}`}`, 0.4 + 0.6 * job.share);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  const cancel = () => (id ? post(`intake/${id}/cancel`).catch(() => {}) : abort.abort());
  return { done: run(), cancel };
}

