/**
 * Pictures of one's own: one that is chosen, dropped or pasted is placed among the data; a zip, a folder or several are taken in as a set
 * and opened in place of the data.
 */
import { bring, dropped } from "../finetune/bring.js";
import { get } from "../finetune/server.js";
import { button, dropZone, el } from "../shared/dom.js";

/** @typedef {import("../finetune/types.js").Brought} Brought */

/** Whether files are a set and no single picture. @param {Brought[]} files */
export const isSet = (files) => files.length !== 1 || files[0].path.includes("/") || /\.zip$/i.test(files[0].path);

/**
 * Take a set in and open it, with the shipped checkpoint that suits it.
 * @param {import("./explore.js").Explorer} x what the parts share @param {Brought[]} files
 */
async function openSet(x, files) {
  const words = el("span");
  const coming = bring(files, { toDraw: true, tell: (text) => (words.textContent = text) });
  const line = el("div", { class: "hv-notice", role: "status" }, words, button("Cancel", () => coming.cancel(), "hv-notice-action"));
  x.find(".hv-notice").after(line);
  try {
    const name = await coming.done;
    const { suited } = await get(`set/${encodeURIComponent(name)}`);
    window.hypvizOpen?.(name, suited ?? null);
  } catch (error) {
    x.complain(error);
  } finally {
    line.remove();
  }
}

/** @param {import("./explore.js").Explorer} x what the parts share */
export function uploadPart(x) {
  /** @type {HTMLInputElement} */
  const input = x.find(".hv-upload input");

  /** @param {File|undefined} file */
  async function upload(file) {
    if (!x.view || !file) return;
    const place = ++x.places; // whoever goes elsewhere meanwhile stays there; a new ω does not matter
    x.root.classList.add("hv-busy");
    try {
      const headers = { "X-File-Name": encodeURIComponent(file.name || "pasted picture") };
      const { upload: token } = await (await x.api.fetch("upload", { method: "POST", headers, body: new Blob([file]) })).json();
      if (place === x.places) await x.walk({ upload: token });
    } catch (error) {
      x.complain(error);
    } finally {
      x.root.classList.remove("hv-busy");
      input.value = "";
    }
  }

  /** @param {DataTransfer} data */
  async function take(data) {
    try {
      const files = await dropped(data);
      if (!files.length) return;
      if (isSet(files) && window.hypvizOpen) await openSet(x, files);
      else await upload(files[0].file);
    } catch (error) {
      x.complain(error);
    }
  }

  input.addEventListener("change", () => upload(input.files?.[0]));
  dropZone(x.root, "hv-drop", take);
  document.addEventListener("paste", (event) => {
    const file = x.root.isConnected && [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) upload(file);
  });
  return {
    nodes: [],
    /** Own vectors come without a model, so no picture can be placed among them. */
    opened() {
      for (const name of [".hv-upload", ".hv-hint"]) x.find(name).hidden = x.view.own_vectors;
    },
  };
}
