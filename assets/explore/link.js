/**
 * The address of what is on the screen: data, checkpoint, item, layout, view, colours, pins and selection, all behind
 * the #, so that it never leaves the browser. Each part saves and restores its own words.
 */

/** @typedef {import("./types.js").Link} Link */
/** @typedef {Record<string, string|number|null|undefined>} Words   of parts, for a link; what is null, undefined or empty is left out */

/** Words of the present address. @returns {Link} */
export const readLink = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write the words that say something into the address, without a step in the history. @param {Words} words */
function writeLink(words) {
  const said = Object.entries(words).filter(([, value]) => value !== null && value !== undefined && value !== "");
  history.replaceState(null, "", `#${new URLSearchParams(said.map(([name, value]) => [name, String(value)]))}`);
}

/** The explorer's own words, and all its parts' words, into the address and back. @param {import("./explore.js").Explorer} x what the parts share */
export function linkPart(x) {
  /** Bring back what a link says; what it says wrongly is told, and the rest is brought back all the same. @param {Link} said */
  async function restore(said) {
    const strange = strangerTo(said, x.view.choice || []);
    /** @type {Error[]} */
    const problems = strange ? [strange] : [];
    /** @type {Link} */
    const link = strange ? {} : said;
    /** @param {() => Promise<unknown>} run */
    const attempt = (run) => run().catch((error) => problems.push(error));
    /** @type {import("./types.js").Query} the first place */
    let start = { row: x.view.start };
    await attempt(() => x.layouts.restore(link));
    if (link.text && x.view.words) start = { text: link.text };
    if (link.item) await attempt(async () => (start = await x.api.get(`row/${encodeURIComponent(link.item)}`)));
    await attempt(() => x.shows.restore(link));
    await attempt(() => x.rows.restore(link));
    if (link.focus === "0") await x.disk.setFocus(false);
    await x.walk(start, { remember: false });
    await attempt(() => x.pins.restore(link));
    await attempt(() => x.set.restore(link));
    await attempt(() => x.selects.restore(link));
    await attempt(() => x.gallery.restore(link));
    await attempt(() => x.hist.restore(link));
    if (link.at) await x.disk.setView(viewOf(link.at));
    if (link.at2 && x.second) await x.second.setView(viewOf(link.at2));
    if (problems.length) x.complain(problems[0]);
  }

  /** Everything on the screen into the address. */
  function write() {
    if (!x.answer) return;
    writeLink({
      data: x.view.choice?.[0],
      checkpoint: x.view.choice?.[1],
      item: x.present.id,
      text: x.query?.text,
      omega: x.coneSetting().omega,
      ...x.layouts.save(),
      ...x.shows.save(),
      ...x.classes.save(),
      ...x.rows.save(),
      ...x.gallery.save(),
      ...x.hist.save(),
      ...x.selects.save(),
      ...x.pins.save(),
      focus: x.disk.focus.on ? null : "0",
      at: placeOf(x.disk),
      at2: x.second && placeOf(x.second),
      ...x.set.save(),
      n: x.set.get() ? x.view.count : null,
    });
  }

  return { restore, write };
}

/**
 * An Error when a link is about other data or another checkpoint than those that are open; null otherwise.
 * @param {Link} link @param {string[]} choice data and checkpoint
 */
export function strangerTo(link, choice) {
  const other = ["data", "checkpoint"].filter((word, i) => link[word] && link[word] !== choice[i]);
  if (!other.length) return null;
  const named = other.map((word) => `${word} “${link[word]}”`).join(" and ");
  return new Error(`The link names ${named}, not known here: start hypviz with --${other[0]} and open the link again.`);
}

/** Where a disk has been moved to, as "x,y,zoom"; null for home. @param {import("../disk/disk.js").Disk} disk */
const placeOf = (disk) => textOf(disk.state().view);

/** A view as "x,y,zoom"; null for home. @param {{centre: number[], zoom: number}} view @returns {string|null} */
export function textOf({ centre, zoom }) {
  const moved = zoom !== 1 || Math.hypot(...centre) > 1e-6;
  return moved ? [...centre, zoom].map((value) => Number(value.toFixed(5))).join(",") : null;
}

/** What `textOf` wrote; home for anything else. @param {string} text "x,y,zoom" @returns {import("../disk/disk.js").View} */
export function viewOf(text) {
  const [x, y, zoom] = text.split(",").map(Number);
  return [x, y, zoom].every(Number.isFinite) ? { centre: [x, y], zoom } : {};
}

