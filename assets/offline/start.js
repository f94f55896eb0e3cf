/** Starts the offline page from what is inside the same file (hypviz/server/offline.py), where bundle.py writes it after plotly.js. */
import * as M from "../disk/math.js";
import { offlinePage } from "./offline.js";
import { offlineSearch } from "./search.js";

/** @param {string} text */
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
/**
 * @type {import("./offline.js").Content & {points: string, whole: string, pictures: Record<string, string>, answers: import("./search.js").Answers,
 *   directions: {dim: number, values: string}}}
 */
const data = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("hv-data")).textContent);
const buffer = bytes(data.points).buffer;
/** @type {M.Payload} */
const { header, arrays } = M.decode(buffer);
const search = offlineSearch({
  header,
  arrays,
  answers: data.answers,
  dim: data.directions.dim,
  directions: new Int16Array(bytes(data.directions.values).buffer),
  whole: bytes(data.whole),
  cones: data.cones,
});

offlinePage({
  data,
  buffer,
  search: Promise.resolve(search),
  picture: (row) => (data.pictures[row] ? `data:image/jpeg;base64,${data.pictures[row]}` : ""),
  held: (now) =>
    `this file holds ${now.how}, and small pictures of ${Object.keys(data.pictures).length.toLocaleString("en")}. ` +
    "Cones and lists are found among these, in all dimensions.",
});
