/**
 * Letters that travel with a picture: Arimo, as wide as Helvetica and Arial, is written into an SVG, so that it looks the same where
 * neither is installed. Of its files (assets/fonts, SIL Open Font License) only those are taken whose letters occur.
 */

/** @type {Record<string, string>} */
const FILES = {
  "cyrillic-ext": "0460-052F 1C80-1C8A 20B4 2DE0-2DFF A640-A69F FE2E-FE2F",
  cyrillic: "0301 0400-045F 0490-0491 04B0-04B1 2116",
  "greek-ext": "1F00-1FFF",
  greek: "0370-0377 037A-037F 0384-038A 038C 038E-03A1 03A3-03FF",
  hebrew: "0307-0308 0590-05FF 200C-2010 20AA 25CC FB1D-FB4F",
  vietnamese: "0102-0103 0110-0111 0128-0129 0168-0169 01A0-01A1 01AF-01B0 0300-0301 0303-0304 0308-0309 0323 0329 1EA0-1EF9 20AB",
  "latin-ext": "0100-02BA 02BD-02C5 02C7-02CC 02CE-02D7 02DD-02FF 0304 0308 0329 1D00-1DBF 1E00-1E9F 1EF2-1EFF 2020 20A0-20AB 20AD-20C0 2113 2C60-2C7F A720-A7FF",
  latin: "0000-00FF 0131 0152-0153 02BB-02BC 02C6 02DA 02DC 0304 0308 0329 2000-206F 20AC 2122 2191 2193 2212 2215 FEFF FFFD",
}; // the letters of each, as the package @fontsource/arimo says
const HEX = 16;
const FOLDER = new URL("../fonts/", import.meta.url);
const LETTERS = "Arimo, Helvetica, Arial, 'Liberation Sans', sans-serif"; // the others for what Arimo has no letter for
const loaded = new Map();

/** The files that hold the letters of a text. @param {string} text @returns {string[]} */
function filesFor(text) {
  const codes = [...new Set(text)].map((letter) => /** @type {number} */ (letter.codePointAt(0)));
  return Object.keys(FILES).filter((name) =>
    FILES[name].split(" ").some((range) => {
      const [low, high = low] = range.split("-").map((end) => parseInt(end, HEX));
      return codes.some((code) => code >= low && code <= high);
    }),
  );
}

/** A file as a data URL, fetched once. @param {string} name @returns {Promise<string>} */
function dataUrl(name) {
  if (!loaded.has(name)) loaded.set(name, read(name).catch((error) => (loaded.delete(name), Promise.reject(error))));
  return loaded.get(name);
}

/** @param {string} name */
async function read(name) {
  const answer = await fetch(new URL(`arimo-${name}-400-normal.woff2`, FOLDER));
  if (!answer.ok) throw new Error(`The letters of the figure (${name}) could not be loaded: ${answer.status}. Reload the page and save again.`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return `data:font/woff2;base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

/**
 * An SVG with its letters in it. @param {string} svg @returns {Promise<string>}
 * @throws {Error} when the letters cannot be loaded
 */
export async function withLetters(svg) {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const texts = [...root.querySelectorAll("text")];
  if (!texts.length) return svg;
  for (const node of [root, ...texts]) if (node !== root || root.hasAttribute("font-family")) node.setAttribute("font-family", LETTERS);
  const names = filesFor(texts.map((text) => text.textContent).join(""));
  const faces = await Promise.all(
    names.map(async (name) => {
      const range = FILES[name].split(" ").map((part) => `U+${part}`);
      return `@font-face{font-family:Arimo;src:url(${await dataUrl(name)}) format("woff2");unicode-range:${range.join(",")}}`;
    }),
  );
  const style = root.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = faces.join("");
  root.prepend(style);
  return new XMLSerializer().serializeToString(root);
}

