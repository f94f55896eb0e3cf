/** Saved views: links with a name, kept in the workspace, to be opened again, renamed and deleted; in the Save menu. */
import { button, el } from "../shared/dom.js";
import { action } from "./parts.js";

/** @typedef {{id: string, name: string, link: string, saved: string}} SavedView */

/** What a link brings back, in words. @param {string} link */
function wordsOf(link) {
  const said = Object.fromEntries(new URLSearchParams(link.slice(1)));
  const parts = [said.checkpoint, said.layout, said.pictures_view && "pictures", said.find && "filter", said.set && "found items"];
  return parts.filter(Boolean).join(" · ");
}

/** Saved views, for the Save menu. @param {import("./explore.js").Explorer} x what the parts share */
export function viewsPart(x) {
  const input = Object.assign(el("input"), { type: "text", maxLength: 60, placeholder: "Name of this view" });
  input.setAttribute("aria-label", "Name of this view");
  const form = el("form", "hv-view-new", input, Object.assign(el("button", "hv-row", "Save view"), { type: "submit" }));
  const list = el("ul", "hv-views");
  const box = el("fieldset", "hv-view-box", el("legend", "", "Views of this workspace"), form, list);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    x.changed.now();
    const name = input.value.trim() || x.answer?.picture.title || "View";
    try {
      const { view } = await x.marks.change("saved", { name, link: location.hash });
      input.value = "";
      x.announce(`Saved as ${view?.name}.`);
    } catch (error) {
      x.complain(error);
    }
  });

  /** @param {SavedView[]} views */
  function take(views) {
    list.replaceChildren(...views.map(entry));
  }

  /** @param {SavedView} view */
  function entry({ id, name, link, saved }) {
    const open = button(el("b", "", name), () => follow(link), "hv-view-open");
    open.append(el("small", "", [wordsOf(link), saved.slice(0, 16).replace("T", " ")].filter(Boolean).join(" · ")));
    open.title = `Open the view “${name}”`;
    /** @type {HTMLButtonElement} */
    const rename = button("✎", () =>
      x.marks.form.ask(rename, { title: "Another name", value: name, run: (next) => x.marks.change("saved/rename", { id, name: next, seen: name }) }), "");
    const drop = action("×", () => x.marks.change("saved/delete", { id, seen: name }), x.complain, "");
    rename.setAttribute("aria-label", `Rename the view ${name}`);
    drop.setAttribute("aria-label", `Delete the view ${name}`);
    return el("li", "", open, rename, drop);
  }

  /** The page opens links when it is loaded. @param {string} link */
  function follow(link) {
    if (location.hash === link) location.reload();
    else location.hash = link;
  }

  return { node: box, take };
}
