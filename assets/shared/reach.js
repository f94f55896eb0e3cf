/**
 * Says in one sentence what keeps the page from its server: files that do not come, a queue that is not there, a proxy that holds
 * answers back. It stands inside the page itself (hypviz/server/page_html.py), since whatever is wrong may keep every other file away.
 */
(function () {
  "use strict";
  const PATIENCE_MS = 30_000; // Gradio sends a word at least every 15 s
  const QUEUE = /\/gradio_api\/queue\/(join|data)\/?$/;

  // The addresses in the page are relative: without a slash at its end they would lead one folder too high.
  if (!location.pathname.endsWith("/")) history.replaceState(history.state, "", `${location.pathname}/${location.search}${location.hash}`);

  const base = () => new URL(".", location.href).pathname;

  /** What a server behind a proxy has to be started with to be reached as this page is; "" for one on this machine. */
  function advice() {
    const path = base() === "/" ? [] : [`--root-path ${base().replace(/\/$/, "")}`];
    const name = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname) ? [] : [`--allow-host ${location.host}`];
    const options = [...path, ...name].join(" ");
    return options && `; behind this proxy hypviz is to be started with ${options}`;
  }

  /** @type {HTMLElement|null} */
  let bar = null;

  /** @param {string} sentence shown above everything else, "" for none */
  function say(sentence) {
    if (!sentence) return void (bar && (bar.hidden = true));
    if (!bar) {
      bar = document.createElement("p");
      bar.id = "hv-unreached";
      bar.setAttribute("role", "alert");
      bar.style.cssText = "position:fixed;z-index:9999;top:0;left:0;right:0;margin:0;padding:10px 16px;background:#9a3412;color:#fff;font:15px/1.45 system-ui,sans-serif";
    }
    const shown = bar;
    shown.textContent = sentence;
    shown.hidden = false;
    const show = () => document.body.append(shown);
    if (document.body) show();
    else addEventListener("DOMContentLoaded", show);
  }

  /** What an answer that is none says of itself: the sentence of hypviz, else its status. @param {Response} answer */
  async function reason(answer) {
    const told = await answer.clone().json().catch(() => ({}));
    const words = typeof told?.error === "string" ? `: “${told.error.replace(/[.\s]+$/, "")}”` : "";
    return answer.ok ? "what came is a page and no answer, perhaps a sign-in of the proxy" : `the answer has status ${answer.status}${words}`;
  }

  /** @param {Response} answer */
  const isPage = (answer) => (answer.headers.get("Content-Type") || "").startsWith("text/html");

  /** One request to the queue, watched until its first word. @param {string} address @param {Promise<Response>} asking */
  async function watched(address, asking) {
    const queue = new URL(address, location.href);
    const named = `${queue.origin}${queue.pathname}`;
    const silent = setTimeout(
      () => say(`The page waits for the queue of its server at ${named}, and nothing came for ${PATIENCE_MS / 1000} seconds; a proxy that holds answers back must pass them on as they come (switch off its buffering).`),
      PATIENCE_MS,
    );
    try {
      const answer = await asking;
      if (!answer.ok || isPage(answer)) {
        say(`The page cannot reach the queue of its server at ${named}: ${await reason(answer)}${advice()}.`);
      } else {
        const reader = answer.clone().body?.getReader();
        await reader?.read();
        reader?.cancel().catch(() => {});
        say("");
      }
    } catch (error) {
      if (/** @type {Error|null} */ (error)?.name !== "AbortError" && !leaving) say(`The page cannot reach the queue of its server at ${named}: no answer came; is hypviz still running, and does a proxy lead there?`);
    } finally {
      clearTimeout(silent);
    }
  }

  let leaving = false; // a page that is left breaks its requests off
  for (const event of ["beforeunload", "pagehide"]) addEventListener(event, () => (leaving = true));
  addEventListener("pageshow", () => (leaving = false));

  const fetched = window.fetch;
  window.fetch = function (input, init) {
    const asking = fetched.call(this, input, init);
    const address = String(input instanceof Request ? input.url : input);
    if (QUEUE.test(address.split(/[?#]/)[0])) watched(address, asking);
    return asking;
  };

  addEventListener(
    "error",
    ({ target }) => {
      const address = target instanceof HTMLScriptElement ? target.src : target instanceof HTMLLinkElement && target.rel === "stylesheet" ? target.href : "";
      if (address && !/iframeResizer/.test(address)) say(`The page cannot load its own file ${address.split("?")[0]}; is hypviz still running${advice()}?`);
    },
    true, // such errors do not bubble
  );

  window.hypvizReach = { say, PATIENCE_MS };
})();
