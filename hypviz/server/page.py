"""The page: a picker for data and checkpoint, and the tabs. All drawing is in `assets/*.js`."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from hypviz.data.items import only_pictures
from hypviz.errors import HypvizError, os_sentence, page_sentence
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.inference.embed import SHIPPED
from hypviz.server.api import add_api
from hypviz.server.edge import EdgeSettings
from hypviz.server.page_files import ANNOTATE, EVALUATE, EXPLORE, TUNE, sources
from hypviz.workspace.import_report import report_of

log = logging.getLogger(__name__)

HEAD = '<div class="hv-head"><h1>hypviz</h1></div>'
SIGN_OUT = '<form class="hv-out" method="post" action="hypviz/logout"><button>Sign out</button></form>'
INTRO = (
    "Walk through pictures in hyperbolic space: whole scenes lie near the centre of the disk, their objects and parts farther out. "
    "Click a point, a box or a picture; the question mark explains every word and key."
)
MOUNT = """
(async () => {
  const sources = SOURCES, at = (path) => new URL(path, document.baseURI).href, ahead = document.createDocumentFragment();
  for (const path of sources.modules)
    ahead.append(Object.assign(document.createElement('link'), {rel: 'modulepreload', href: at(path)}));
  document.head.append(ahead);
  await (window.hypvizPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement('script'), fail = () => reject(new Error('cannot load plotly'));
    document.head.append(Object.assign(script, {src: at(sources.plotly), onload: resolve, onerror: fail}));
  }));
  await import(at(sources.main));
  const part = window.VARIABLE = await hypviz.FUNCTION(element.querySelector('.hv-root'));
  const open = () => props.value && props.value.key && part.open(props.value);
  watch('value', open);
  open();
})();
"""
"""Fetch a tab's modules at once instead of one import after another, and plotly, once a page; then mount the tab's part and hand it
every view that is opened. Addresses are made whole: a script that Gradio makes of a text has none of its own to be relative to."""

READ_LINK = "() => location.hash.slice(1)"
OPENER = """
window.hypvizOpen = (data, checkpoint) => (data || checkpoint ? trigger('select', {data, checkpoint}) : trigger('submit', {}));
"""
"""How the scripts open other data or another checkpoint; null keeps the present one, two of them only make the pickers
read their lists anew."""


def mount(function: str, variable: str, entry: str) -> str:
    """The script that starts a tab: `hypviz.function` makes its part, which the page knows as `variable`; its modules are fetched ahead."""
    return MOUNT.replace("SOURCES", sources(entry)).replace("VARIABLE", variable).replace("FUNCTION", function)


def theme() -> gr.themes.Base:
    """Neutral colours and the machine's own fonts: nothing is fetched from a font host."""
    sans, mono = ["system-ui", "Segoe UI", "Roboto", "sans-serif"], ["ui-monospace", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="orange", neutral_hue="slate", font=sans, font_mono=mono)


def build_page(library: Library, *, data: str, checkpoint: str, settings: EdgeSettings | None = None) -> gr.Blocks:
    """The Gradio page over a library, opening `data` through `checkpoint` first; a read-only server's has no tabs that change things."""
    settings = settings or EdgeSettings()
    writable = not settings.read_only
    with gr.Blocks(title="hypviz", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="hv-top"):
            gr.HTML(HEAD + (SIGN_OUT if settings.auth else ""), apply_default_css=False, scale=0, min_width=80)
            # A path may be typed: a folder or a file of vectors on the server's machine.
            data_box = gr.Dropdown(library.data_choices(), value=data, label="Data", min_width=80, allow_custom_value=True)
            checkpoint_box = gr.Dropdown(library.checkpoint_choices(), value=checkpoint, label="Checkpoint", min_width=80)
            facts = gr.HTML(elem_id="hv-facts", apply_default_css=False, scale=0, min_width=36)
        with gr.Tabs():
            with gr.Tab("Explore"):
                report = gr.HTML(elem_id="hv-report", apply_default_css=False)
                explorer = _part("hv-explorer", mount("mountExplorer", "hypvizExplorer", EXPLORE))
            with gr.Tab("Evaluate"):
                evaluator = _part("hv-evaluator", mount("mountEvaluator", "hypvizEvaluator", EVALUATE))
            with gr.Tab("Annotate", visible=writable):
                annotator = _part("hv-annotator", mount("mountAnnotator", "hypvizAnnotator", ANNOTATE))
            with gr.Tab("Fine-tune", visible=writable):
                tuner = _part("hv-tuner", mount("mountTuner", "hypvizTuner", TUNE))
        link = gr.Textbox(visible=False)
        bridge = gr.HTML(html_template="<i></i>", js_on_load=OPENER, elem_id="hv-bridge", apply_default_css=False)
        parts = [explorer, evaluator, annotator, tuner]
        choice, shown = [data_box, checkpoint_box], [*parts, facts, report]
        opened = _opener(library)
        opening = [page.load(_linked(library, data, checkpoint), link, choice, js=READ_LINK).then(opened, choice, shown)]
        suited = data_box.input(partial(suited_choice, library), choice, checkpoint_box, show_progress="full", show_progress_on=parts)
        for event in (suited.then, checkpoint_box.input):
            opening.append(event(opened, choice, shown, show_progress="full", show_progress_on=parts))
        opening[1].success(partial(_by_name, library), data_box, data_box)
        bridge.submit(partial(_pickers, library), choice, choice)
        chosen = bridge.select(_chosen(library), choice, choice)
        opening.append(chosen.then(opened, choice, shown, show_progress="full", show_progress_on=parts))
        for one in opening:
            one.failure(partial(_back_to, library), [explorer, *choice], choice)
        add_api(library, writable=writable)
    return page


def _pickers(library: Library, data: str, checkpoint: str) -> tuple[gr.Dropdown, gr.Dropdown]:
    """Both pickers with what there is now: sets and checkpoints are added while the page is open."""
    return gr.Dropdown(library.data_choices(), value=data), gr.Dropdown(library.checkpoint_choices(), value=checkpoint)


def _back_to(library: Library, view: dict[str, Any] | None, data: str, checkpoint: str) -> tuple[gr.Dropdown, gr.Dropdown]:
    """Both pickers with what is shown, where something else could not be opened."""
    shown = (view or {}).get("choice") or (data, checkpoint)
    return _pickers(library, *shown)


def _by_name(library: Library, data: str) -> Any:
    """The picker of data after a path was typed into it: it shows the folder's name."""
    return gr.Dropdown(library.data_choices(), value=data) if library.path_of(data) else gr.skip()


def suited_choice(library: Library, data: str, checkpoint: str) -> str:
    """The checkpoint to open newly chosen data with: a shipped one gives way to the shipped one that suits, any other stays.

    Data that cannot be read change nothing here: opening them says why.
    """
    if checkpoint not in SHIPPED:
        return checkpoint
    try:
        suited = library.suited(data)
    except (HypvizError, OSError):
        return checkpoint
    return suited if suited in library.checkpoint_names() else checkpoint


def _linked(library: Library, data: str, checkpoint: str) -> Callable[[str], tuple[gr.Dropdown, gr.Dropdown]]:
    """Choose the data and the checkpoint that the address names (see assets/explore/link.js), where they are known here."""

    def follow(link: str) -> tuple[gr.Dropdown, gr.Dropdown]:
        named = {word: values[-1] for word, values in parse_qs(link or "").items()}
        names = named.get("data", data), named.get("checkpoint", checkpoint)
        known = names[0] in library.data_names(), names[1] in library.checkpoint_names()
        return _pickers(library, names[0] if known[0] else data, names[1] if known[1] else checkpoint)

    return follow


def _chosen(library: Library) -> Callable[..., tuple[gr.Dropdown, gr.Dropdown]]:
    """The pickers after a script has asked for something to be opened."""

    def choose(data: str, checkpoint: str, event: gr.EventData) -> tuple[gr.Dropdown, gr.Dropdown]:
        names = event._data or {}
        known = names.get("data") in library.data_names(), names.get("checkpoint") in library.checkpoint_names()
        return _pickers(library, names["data"] if known[0] else data, names["checkpoint"] if known[1] else checkpoint)

    return choose


def _part(name: str, script: str) -> gr.HTML:
    """What a tab holds: an element that `script` fills."""
    return gr.HTML(html_template='<div class="hv-root"></div>', js_on_load=script, elem_id=name, min_height=640, apply_default_css=False)


def _opener(library: Library) -> Callable[..., tuple[Any, ...]]:
    def opened(data: str, checkpoint: str, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        def report(done: int, total: int | None) -> None:
            progress((done, total), desc="Embedding", unit="items")

        try:
            view = library.open(data, checkpoint, on_progress=report)
            described = {**view.describe(), "choice": [data, checkpoint]}
            return described, described, described, described, facts_html(view, library.path_of(data)), report_html(view)
        except (HypvizError, OSError) as error:
            sentence = os_sentence(error) if isinstance(error, OSError) else str(error)
            if sentence is None:
                raise
            log.warning("%s", sentence)
            raise gr.Error(page_sentence(sentence), duration=None, print_exception=False) from None

    return opened


def report_html(view: View) -> str:
    """What was left out of the data, and what was taken for something; nothing when all that was read is kept. Every word is escaped."""
    report = report_of(view.workspace)
    if not (report["left_out"] or report["notes"]):
        return ""
    left = sum(entry["count"] for entry in report["left_out"])
    first = next((note[:1].upper() + note[1:] for note in report["notes"]), "")  # it follows a sentence
    words = " ".join(filter(None, [report["kept"], f"{left:,} left out." if left else "", "" if left else first]))
    items = [
        f"<li>{entry['count']:,} × {html.escape(entry['reason'])}{_examples(entry.get('examples') or [])}</li>"
        for entry in report["left_out"]
    ]
    items += [f"<li>{html.escape(note)}</li>" for note in report["notes"]]
    address = f"hypviz/view/{view.key}/report"
    return (
        f'<details class="hv-report"><summary>{html.escape(words)}</summary><ul>{"".join(items)}</ul>'
        f'<a href="{address}" target="_blank" rel="noopener">The whole report</a></details>'
    )


def _examples(examples: list[str]) -> str:
    return f": <span>{html.escape('; '.join(map(str, examples)))}</span>" if examples else ""


def facts_html(view: View, path: str = "") -> str:
    """What data and checkpoint are, behind an ⓘ; path: of data that go by one, "" for others. Every word is escaped."""
    values = view.facts()
    facts = {name: html.escape(f"{value:,}" if isinstance(value, int) else str(value)) for name, value in values.items()}
    curv, place = f"{view.card.curv:.2f}", f" · from {html.escape(path)}" if path else ""
    cones = "" if view.workspace.vectors is not None or only_pictures(view.items) else f"<p>{facts['cones']}</p>"
    held = f"{facts['images']} images, {facts['boxes']} boxes" if view.workspace.vectors is None else f"{facts['images']} own vectors"
    title = "What the data and the checkpoint are, and their licences"
    return (
        f'<details class="hv-menu hv-info"><summary title="{title}" aria-label="{title}">i</summary>'
        f'<div class="hv-pop hv-facts"><p>{INTRO}</p>'
        f"<p><b>{facts['data']}</b>: {held}, {facts['classes']} {'class' if values['classes'] == 1 else 'classes'}, "
        f"{facts['levels']} {'level' if values['levels'] == 1 else 'levels'} · licence: {facts['data_licence']}{place}</p>"
        f"<p><b>{facts['checkpoint']}</b>: {facts['backbone']} → {facts['dimension']}-d {facts['geometry']}, curvature −{curv} "
        f"· licence: {facts['checkpoint_licence']}. {facts['description']}</p>{cones}</div></details>"
    )
