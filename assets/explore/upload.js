/** Pictures of one's own: chosen, dropped or pasted, they are placed among the data. */
import { dropZone } from "../shared/dom.js";

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

  input.addEventListener("change", () => upload(input.files?.[0]));
  dropZone(x.root, "hv-drop", (data) => upload(data.files[0]));
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
