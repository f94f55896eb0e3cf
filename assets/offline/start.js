/** Starts the offline page from what is inside the same file (hypviz/server/offline.py). */
(function () {
  "use strict";
  const { math: M, offlineSearch, offlinePage } = window.hypviz;
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const data = JSON.parse(document.getElementById("hv-data").textContent);
  const buffer = bytes(data.points).buffer;
  const search = offlineSearch({
    ...M.decode(buffer),
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
    held: (header) =>
      `this file holds ${header.how}, and small pictures of ${Object.keys(data.pictures).length.toLocaleString("en")}. ` +
      "Cones and lists are found among these, in all dimensions.",
  });
})();
