/**
 * One line above everything that a person should know of this data with this checkpoint, with a way out:
 * `view.notice = {text, action: {label, href | tab | checkpoint}, propose}`. Dismissed, it stays away until another view is opened.
 */
import { button, el, openTab } from "../shared/dom.js";
import { createProposals } from "./propose.js";

/** The line above everything. @param {import("./explore.js").Explorer} x what the parts share */
export function noticePart(x) {
  const line = x.find(".hv-notice");
  const proposals = createProposals();
  let dismissed = ""; // the key of the view whose notice was read

  function close() {
    dismissed = x.view.key;
    line.hidden = true;
    proposals.show(null);
  }

  /** @param {{label: string, href?: string, tab?: string, checkpoint?: string}} way */
  function actionOf({ label, href, tab, checkpoint }) {
    if (href) return Object.assign(el("a", "hv-notice-action", label), { href });
    return button(label, () => (tab ? openTab(tab) : window.hypvizOpen?.(null, checkpoint ?? null)), "hv-notice-action");
  }

  return {
    nodes: [],
    opened() {
      const { notice, key } = x.view;
      line.hidden = !notice || dismissed === key;
      line.replaceChildren();
      proposals.show(notice?.propose && !line.hidden ? key : null);
      if (!notice) return;
      const away = button("×", close, "hv-notice-close");
      away.setAttribute("aria-label", "Dismiss");
      line.append(el("span", "", notice.text), ...(notice.action ? [actionOf(notice.action)] : []), away, ...(notice.propose ? [proposals.node] : []));
    },
  };
}
