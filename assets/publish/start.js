/**
 * Starts a published page from the files beside it (hypviz/server/publish.py). Every address is relative, so that the folder works
 * wherever it is put. The points are drawn first; the directions, by which everything is found, follow and say how far they are.
 */
import * as M from "../disk/math.js";
import { offlinePage } from "../offline/offline.js";
import { offlineSearch } from "../offline/search.js";
import { el } from "../shared/dom.js";
import { focusLayout } from "./focus_layout.js";
import { levelChoice, linkedLevel, linkOf } from "./levels.js";

const TURNS = 4; // shards under way at a time

/**
 * @typedef {{family: Float32Array, whole: Uint8Array, parent: Int32Array, child: Int32Array, pictured: Uint8Array}} Known   one value an item, or a pair
 * @typedef {import("../offline/belonging.js").Tables} Tables
 * @typedef {{shards: number, shard_rows: number, dim: number}} Cut   of the directions, into files
 * @typedef {{id: string, file: string, licence: string, box: number[], size: number[], picture: number|null}} Card
 * @typedef {import("../offline/offline.js").Content & {answers: import("../offline/search.js").Answers, directions: Cut, cards: {shard_rows: number},
 *   how: string, levels: import("./levels.js").Level[]}} Page
 */

const root = /** @type {HTMLElement} */ (document.getElementById("hv-offline"));

/** @param {string} name */
async function file(name) {
  const answer = await fetch(name).catch(() => null);
  if (!answer?.ok) throw new Error(`The file ${name} of this page ${answer ? `is not there (status ${answer.status})` : "cannot be read; open the folder through a web server"}.`);
  return answer;
}
/** @param {string} name */
const json = async (name) => (await file(name)).json();
/** @param {string} name */
const buffer = async (name) => (await file(name)).arrayBuffer();
/** @param {number} number */
const numbered = (number) => String(number).padStart(3, "0");

/** @param {Error} error */
function fail(error) {
  root.querySelector(".of-failed")?.remove();
  root.append(Object.assign(el("p", "of-failed", error.message), { role: "alert" }));
}

/** All directions in one array, by shards. @param {Cut} cut @param {number} n @param {(share: number) => void} onProgress */
async function directions({ shards, shard_rows: rows, dim }, n, onProgress) {
  const all = new Float32Array(n * dim);
  let [next, done] = [0, 0];
  const fetchSome = async () => {
    while (next < shards) {
      const shard = next++;
      all.set(new Float32Array(await buffer(`data/directions-${numbered(shard)}.bin`)), shard * rows * dim);
      onProgress(++done / shards);
    }
  };
  await Promise.all(Array.from({ length: TURNS }, fetchSome));
  return all;
}

/**
 * What is known of an item besides its point, by shards that are fetched when one of their items is shown.
 * @param {number} size @returns {(place: number) => Promise<Card>}
 */
function cardsOf(size) {
  /** @type {Map<number, Promise<Record<keyof Card, unknown[]>>>} */
  const shards = new Map();
  return async (place) => {
    const shard = Math.floor(place / size);
    if (!shards.has(shard)) shards.set(shard, json(`data/cards-${numbered(shard)}.json`));
    const columns = await /** @type {Promise<Record<keyof Card, unknown[]>>} */ (shards.get(shard));
    return /** @type {Card} */ (Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[place % size]])));
  };
}

/** The picture with the item's box, its file, licence and id. @param {(place: number) => Promise<Card>} card */
function aboutOf(card) {
  return async (/** @type {number} */ place) => {
    const { id, file: name, licence, box, size, picture } = await card(place);
    const node = el("div", "of-about");
    if (picture !== null) {
      const frame = el("div", "of-picture", Object.assign(el("img"), { src: `pictures/${numbered(Math.floor(picture / 1000))}/${picture}.jpg`, alt: name }));
      const [x1, y1, x2, y2] = box;
      const [wide, high] = size;
      if (x2 - x1 < wide || y2 - y1 < high) {
        const mark = el("i");
        Object.assign(mark.style, { left: `${(100 * x1) / wide}%`, top: `${(100 * y1) / high}%`, width: `${(100 * (x2 - x1)) / wide}%`, height: `${(100 * (y2 - y1)) / high}%` });
        frame.append(mark);
      }
      node.append(frame);
    }
    node.append(el("p", "of-file", [name, licence && `licence: ${licence}`, id].filter(Boolean).join(" · ")));
    return node;
  };
}

/**
 * Let a page switch levels, and write what it shows into its address. Several clicks in a row: the last one counts.
 * @param {Page} data @param {number} level @param {{relabel: (points: ArrayBuffer, classes: Tables|null) => Promise<void>, state: {row: number|null}}} page
 */
function switchLevels(data, level, page) {
  let turn = 0;
  const onLink = () => history.replaceState(null, "", location.pathname + location.search + linkOf(page.state.row, level));
  const show = async (/** @type {number} */ asked) => {
    const mine = ++turn;
    const points = await buffer(pointsOf(asked));
    if (mine !== turn) return;
    level = asked;
    await page.relabel(points, tablesOf(data, asked));
    onLink();
  };
  if (data.levels.length) root.querySelector(".of-colour")?.closest("label")?.after(levelChoice(data.levels, level, show, fail));
  return onLink;
}

/** What belongs to what at a level. @param {Page} data @param {number} level */
const tablesOf = (data, level) => (level ? data.levels.find((one) => one.level === level)?.judged : data.classes) ?? null;
/** @param {number} level */
const pointsOf = (level) => (level ? `data/level-${level}.bin` : "data/points.bin");

async function start() {
  /** @type {[Page, ArrayBuffer]} */
  const [data, searched] = await Promise.all([json("data/page.json"), buffer("data/search.bin")]);
  const level = linkedLevel(data.levels, location.hash);
  const points = await buffer(pointsOf(level));
  /** @type {M.Payload} */
  const { header, arrays } = M.decode(points);
  /** @type {{header: object, arrays: Known}} */
  const { arrays: known } = M.decode(searched);
  const rows = arrays.row || Int32Array.from({ length: header.n }, (_, i) => i);
  /** @type {Map<number, number>} */
  const placeOf = new Map(Array.from(rows, (row, i) => [row, i]));
  const place = (/** @type {number|null|undefined} */ row) => /** @type {number} */ (placeOf.get(/** @type {number} */ (row)));
  const progress = el("p", "of-progress");
  root.after(progress);
  const search = directions(data.directions, header.n, (share) => {
    progress.textContent = share < 1 ? `Directions of the items: ${Math.round(100 * share)} %` : "";
  }).then((found) =>
    offlineSearch({ header, arrays, answers: data.answers, dim: data.directions.dim, directions: found, whole: known.whole, cones: data.cones }),
  );
  search.catch(fail);

  const radii = { stretched: new M.Scale(header.scale), linear: new M.Scale(/** @type {{scale: M.Table}} */ (header.linear).scale) };
  /** @type {import("../disk/focus.js").Ask} */
  async function focus({ query, omega, scale }) {
    const found = await search;
    const own = place(/** @type {{row?: number}|null|undefined} */ (query)?.row);
    const member = new Uint8Array(header.n);
    for (const j of found.members(own, omega)) member[j] = 1;
    return focusLayout({
      space: header, versine: found.versines(own), family: known.family, radius: arrays.radius, own, omega, member,
      radii: radii[scale] || radii.stretched, outward: data.answers.cones.outward, distance: (...pair) => found.distance(...pair),
        coincident: (...pair) => found.coincident(...pair),
    });
  }

  const linked = Number(new URLSearchParams(location.hash.slice(1)).get("row") ?? NaN);
  if (placeOf.has(linked)) data.state.row = linked;
  const pairs = Array.from({ length: known.parent.length }, (_, k) => [known.parent[k], known.child[k]]);
  const about = aboutOf(cardsOf(data.cards.shard_rows));
  let onLink = () => {};
  const page = offlinePage({
    data: { ...data, edges: pairs, classes: tablesOf(data, level) },
    buffer: points,
    search,
    picture: (row) => (known.pictured[place(row)] ? `thumbs/${numbered(Math.floor(row / 1000))}/${row}.jpg` : ""),
    held: () => `${data.how}. Cones and lists are found among these, in all dimensions, by this page itself.`,
    focus,
    about: (row) => about(place(row)),
    onSelect: () => onLink(),
  });
  onLink = switchLevels(data, level, page);
  window.hypvizPublished = { focus, search, header, arrays, known };
  await page.ready;
}

start().catch(fail);
