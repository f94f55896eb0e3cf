/** Talking to the server. Every failure is an Error with one sentence for the person. */

const SILENT = "The hypviz server does not answer; is it still running?";

/** The whole address of a route. @param {string} path below "hypviz/" @returns {string} */
export const address = (path) => new URL(`hypviz/${path}`, document.baseURI).href;

/** Values as the words after "?"; what is null, undefined or empty is left out. @param {Record<string, unknown>} values @returns {string} */
export const query = (values) =>
  new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) => (value === null || value === undefined || value === "" ? [] : [[name, String(value)]])),
  ).toString();

/** Options of a request that carries JSON. @param {unknown} body @returns {RequestInit} */
export const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/**
 * The server's answer to a request that it did.
 * @param {string} path below "hypviz/" @param {RequestInit} [options] @returns {Promise<Response>}
 * @throws {Error} with the server's own sentence; `answered` is false on one that did not answer at all
 */
export async function request(path, options) {
  const response = await fetch(address(path), options).catch(() => null);
  if (!response) throw Object.assign(new Error(SILENT), { answered: false });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw Object.assign(new Error(error || `The server answered with status ${response.status}.`), { answered: true });
}

/** JSON from the server. @param {string} path below "hypviz/" @param {RequestInit} [options] @returns {Promise<any>} */
export async function ask(path, options) {
  const response = await request(path, options);
  const content = await response.json().catch(() => ({ error: `The server answered with status ${response.status}.` }));
  if (content?.error) throw Object.assign(new Error(content.error), { answered: true });
  return content;
}

/** The server's routes for one view. */
export class Api {
  /** @param {string} key of the view */
  constructor(key) {
    this.key = key;
  }

  /** @param {string} path */
  path(path) {
    return `view/${this.key}/${path}`;
  }

  /** @param {string} path @returns {string} its whole address */
  url(path) {
    return address(this.path(path));
  }

  /** @param {string} path @param {RequestInit} [options] */
  fetch(path, options) {
    return request(this.path(path), options);
  }

  /** @param {string} path @returns {Promise<any>} */
  get(path) {
    return ask(this.path(path));
  }

  /** @param {string} path @param {unknown} body */
  post(path, body) {
    return request(this.path(path), json(body));
  }

  /** @param {string} path @param {unknown} body @returns {Promise<any>} */
  ask(path, body) {
    return ask(this.path(path), json(body));
  }
}

/** What lies at an address, as a data URL. @param {string} address_ @returns {Promise<string>} */
export async function dataUrl(address_) {
  const answer = await fetch(address_).catch(() => null);
  if (!answer?.ok) throw new Error("a picture could not be read");
  const blob = await answer.blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error("a picture could not be read"));
    reader.readAsDataURL(blob);
  });
}
