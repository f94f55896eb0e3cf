/**
 * The address of what is on the screen: data, checkpoint, item, layout, view, colours, pins and selection, all behind
 * the #, so that it never leaves the browser. Each part saves and restores its own words.
 */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});
  const { Bits } = hypviz;

  /** Rows as base64url: the gaps between them in bytes of seven bits, so that neighbours take one byte each. */
  Bits.prototype.shorten = function () {
    const bytes = [];
    let last = -1;
    for (const row of this.rows()) {
      let gap = row - last - 1;
      last = row;
      for (; gap > 127; gap >>>= 7) bytes.push((gap & 127) | 128);
      bytes.push(gap);
    }
    return new Bits(Uint8Array.from(bytes), 0).encode().replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };

  /** What `shorten` made. @param {string} text @param {number} count of rows @returns {Bits} */
  Bits.lengthen = function (text, count) {
    const rows = [];
    let [row, gap, shift] = [-1, 0, 0];
    for (const character of atob(text.replaceAll("-", "+").replaceAll("_", "/"))) {
      const byte = character.charCodeAt(0);
      gap += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte & 128) continue;
      row += gap + 1;
      [gap, shift] = [0, 0];
      if (row >= count) throw new Error("The selection of this link names items that are not there, so it is left out.");
      rows.push(row);
    }
    return Bits.of(rows, count);
  };

  /** Words of the present address. @returns {Object<string, string>} */
  const readLink = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

  /** Write the words that say something into the address, without a step in the history. */
  function writeLink(words) {
    const said = Object.entries(words).filter(([, value]) => value !== null && value !== undefined && value !== "");
    history.replaceState(null, "", `#${new URLSearchParams(said)}`);
  }

  Object.assign(hypviz, { readLink, writeLink });
})();
