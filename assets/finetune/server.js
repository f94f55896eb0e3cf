/** The server's routes of the Fine-tune tab. */
import { ask, json } from "../shared/http.js";

/** @param {string} path below "hypviz/tune/" @returns {Promise<any>} */
export const get = (path) => ask(`tune/${path}`);

/** @param {string} path below "hypviz/tune/" @param {unknown} [body] @returns {Promise<any>} */
export const post = (path, body) => ask(`tune/${path}`, json(body ?? {}));

/** @param {string} path below "hypviz/tune/" @returns {Promise<any>} */
export const remove = (path) => ask(`tune/${path}`, { method: "DELETE" });
