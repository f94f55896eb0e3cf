/** A figure as PDF: the browser's print writes vectors and embeds the fonts. */
import { el } from "../shared/dom.js";

/** Print a picture alone on a page of its own size: "Save as PDF" there gives a vector file. @param {string} svg @param {string} page size in CSS */
export async function toPrinter(svg, page) {
  const frame = el("iframe");
  frame.style.cssText = "position: fixed; right: 0; bottom: 0; width: 0; height: 0; border: 0";
  frame.className = "hd-print";
  frame.srcdoc = `<!doctype html><title>hypviz figure</title><style>@page { size: ${page}; margin: 0 }
    body { margin: 0 } svg { display: block }</style>${svg}`;
  document.querySelectorAll(".hd-print").forEach((old) => old.remove());
  await new Promise((resolve) => [(frame.onload = resolve), document.body.append(frame)]);
  const own = /** @type {Window} */ (frame.contentWindow);
  own.onafterprint = () => frame.remove();
  own.print();
}

