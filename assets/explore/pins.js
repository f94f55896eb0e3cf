/**
 * Cones that stay: pinned one by one, and what lies inside all of them ("what do these have in common?"). The present
 * cone counts as one more while something is pinned. All cones follow the ω slider, or each its own aperture.
 */
import { Bits, isRow } from "../shared/bitset.js";
import { button, el } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { fillStrip } from "./lists.js";

const MOST = 4; // as many as cones can be told apart by colour

export function pinsPart(x) {
  /** @type {{query: Object, id: string|null, cone: Object}[]} a place, its item id, and what the server said of its cone */
  let pins = [];
  let asked = 0;
  let shared = null; // rows inside all cones
  const bar = x.find(".hv-pins");
  const strip = x.find(".hv-common");
  const pinButton = button("Pin cone", () => turn(), "hv-pin");
  pinButton.title = "Keep this cone while you go on, and see what several have in common (C)";

  const key = (query) => JSON.stringify(query);
  const here = () => pins.findIndex((pin) => x.query && key(pin.query) === key(x.query));
  const queries = () => [...pins.map((pin) => pin.query), ...(pins.length && x.query && here() < 0 ? [x.query] : [])];

  /** Pin the present cone, or let it go. */
  async function turn() {
    if (!x.answer) return;
    if (here() >= 0) return remove(here());
    if (x.answer.how === "cosine") return x.announce("There is no cone here to pin: items are listed by similarity.");
    if (pins.length === MOST) return x.complain(new Error(`At most ${MOST} cones can be pinned; remove one first.`));
    pins.push({ query: x.query, id: x.answer.id });
    x.announce(`Cone of ${x.answer.picture.title} pinned, ${pins.length} in all.`);
    await refresh();
  }

  async function remove(at) {
    pins.splice(at, 1);
    await refresh();
  }

  /** Ask for every cone at the present half-angle, and for what they share; then show it. */
  async function refresh() {
    const number = ++asked;
    const { omega, kind } = x.coneSetting();
    try {
      const all = queries();
      const cones = await Promise.all(pins.map(({ query }) => x.api.ask("cone", { query, omega, kind })));
      const found = all.length > 1 ? await x.api.ask("common", { queries: all, omega, kind }) : null;
      if (number !== asked) return; // a later question has overtaken this one
      pins.forEach((pin, i) => (pin.cone = cones[i]));
      shared = found && Bits.decode(found.members, x.view.count);
      write();
      writeCommon(found, all.length);
      for (const disk of x.disks()) draw(disk);
    } catch (error) {
      if (number === asked) x.complain(error);
    }
    x.changed();
  }

  /** What `save` wrote. @param {string} name */
  async function pinOf(name) {
    if (name.startsWith("~")) return { id: null, query: { text: decodeURIComponent(name.slice(1)) } };
    return { id: name, query: await x.api.get(`row/${encodeURIComponent(name)}`) };
  }

  function draw(disk) {
    const placed = pins.filter(({ cone }) => cone).map(({ cone }) => {
      const place = cone.row === null ? { polar: { angle: cone.angles[x.layout(disk)], radius: cone.radius } } : { row: cone.row };
      return { ...place, omega: cone.omega };
    }); // prettier-ignore
    return disk.setPins(placed, shared);
  }

  function write() {
    pinButton.textContent = here() >= 0 ? "Unpin cone" : "Pin cone";
    pinButton.disabled = !x.answer || (x.answer.how === "cosine" && here() < 0); // a cone is there to be pinned
    bar.hidden = !pins.length;
    bar.replaceChildren(
      ...pins.map(({ query, cone }, i) => {
        const chip = el("span", `hv-chip hv-chip-${i}`, el("b", "", String(i + 1)));
        chip.append(button(cone?.label || "…", () => x.walk(query), ""));
        const close = button("×", () => remove(i), "");
        close.setAttribute("aria-label", `Remove the cone of ${cone?.label}`);
        chip.append(close);
        return chip;
      }),
    );
  }

  function writeCommon(found, cones) {
    strip.hidden = !found;
    if (!found) return;
    bar.append(el("span", "hv-common-count", `${count(found.total)} ${found.total === 1 ? "item lies" : "items lie"} inside all ${cones} cones`));
    const content = { title: "In common", cards: found.items, total: found.total, order: `inside all ${cones} cones, closest to their axes first` };
    fillStrip(strip, "common", content, x.thumbUrl, (row) => x.walk({ row }));
  }

  return {
    nodes: [pinButton],
    draw,
    turn,
    /** After a new answer: the present cone may be one more, or another one. */
    async shown() {
      write();
      if (pins.length) await refresh();
    },
    shared: () => shared,
    rows: () => pins.map(({ query }) => query.row).filter(isRow),
    opened() {
      pins = [];
      shared = null;
      asked++;
      strip.hidden = true;
      write();
    },
    /** Items by their id, words after a "~"; an own picture is not part of a link. */
    save: () => ({ pins: pins.map(({ id, query }) => id || (query.text && `~${encodeURIComponent(query.text)}`)).filter(Boolean).join(",") || null }),
    async restore({ pins: saved }) {
      const names = (saved || "").split(",").filter(Boolean).slice(0, MOST);
      const found = await Promise.allSettled(names.map(pinOf));
      pins = found.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
      if (pins.length) await refresh();
      const failed = found.find(({ status }) => status === "rejected");
      if (failed) throw failed.reason; // the others are there all the same
    },
  };
}
