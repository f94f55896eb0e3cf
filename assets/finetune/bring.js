/** Files on their way to the server: dropped, packed into one zip, sent, and followed until they are taken in as a set. */
import { bytes, timeLeft } from "../shared/format.js";
import { address } from "../shared/http.js";
import { zip } from "../shared/zip.js";
import { get, post } from "./server.js";

const POLL_MS = 500; // while a set is taken in

/**
 * Send a file with its progress; resolves to the server's JSON.
 * @param {string} path below "hypviz/tune/" @param {Blob} blob @param {string} name @param {(share: number) => void} onShare
 * @param {AbortSignal} signal ends it @returns {Promise<any>}
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

/** Files of a drop, folders walked, with their paths. @param {DataTransfer} transfer */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  /** @type {{path: string, file: File}[]} */
  const files = [];
  /** @param {FileSystemEntry} entry of a file or a folder */
  async function walk(entry) {
    if (entry.isFile) {
      /** @type {File} */
      const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
      files.push({ path: entry.fullPath.replace(/^\//, ""), file });
      return;
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    for (;;) {
      /** @type {FileSystemEntry[]} */
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
  /** @type {string|null} */
  let id = null;
  async function run() {
    if (!files.length) throw new Error("There is no file in what was dropped.");
    const one = files.length === 1 && /\.zip$/i.test(files[0].path) ? files[0].file : null;
    const name = one ? one.name : `${files[0].path.split("/")[0].replace(/\.[^.]*$/, "") || "pictures"}.zip`;
    /** @param {number} done */
    const packing = (done) => tell(`packing ${done.toLocaleString("en")} of ${files.length.toLocaleString("en")} files`, (0.2 * done) / files.length);
    const packed = one || (await zip(files, packing));
    /** @param {number} share */
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

