"""`python -m hypviz bench disk`: how fast the disk is for data of several sizes, on the server and in a real browser."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, show

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from hypviz.explore.library import Library
    from hypviz.explore.view import View

SIZES = (5_000, 50_000, 100_000, 1_000_000)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chromium-headless-shell")
CLICKS = 7
DRAG_STEPS = 60
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""WebGL in software: the figures are JavaScript's, a graphics card only makes the drawing after it quicker."""
TIME_FRAMES = """() => {
  const paint = hypvizExplorer.disk().paint, frame = paint.frame.bind(paint);
  window.frames_ms = [];
  paint.frame = (gliding) => { const start = performance.now(); frame(gliding); window.frames_ms.push(performance.now() - start); };
}"""
TIME_GLIDES = """() => {
  const moves = hypvizExplorer.disk().moves, animate = moves.animate.bind(moves), ask = window.requestAnimationFrame.bind(window);
  let gliding = 0, last = 0;
  window.glide = {work: new Map(), apart: []};
  window.requestAnimationFrame = (draw) => ask((now) => {
    const start = performance.now();
    draw(now);
    if (gliding) glide.work.set(now, (glide.work.get(now) || 0) + performance.now() - start);
  });
  const watch = (now) => {
    if (gliding && last) glide.apart.push(now - last);
    last = gliding ? now : 0;
    ask(watch);
  };
  ask(watch);
  moves.animate = async (kind, ...rest) => {
    gliding += kind === "data";
    await animate(kind, ...rest);
    gliding -= kind === "data";
  };
}"""
"""While points glide: what JavaScript takes for each frame, all of the page together, and the time between two frames."""
OPEN = """async (view) => {
  const start = performance.now();
  const opened = hypvizExplorer.open(view);
  const drawn = () => (hypvizExplorer.disk()?.state().drawn ?? 0) > 0;
  while (!drawn()) await new Promise(requestAnimationFrame);
  const first = performance.now() - start;
  await opened;
  return [first, performance.now() - start];
}"""
CLICK = """() => new Promise((done) => {
  const before = hypvizExplorer.answer();
  let start = 0;
  addEventListener("pointerup", () => { start = performance.now(); }, {once: true, capture: true});
  const check = () => {
    if (start && hypvizExplorer.answer() !== before) setTimeout(() => done(performance.now() - start)); else requestAnimationFrame(check);
  };
  check();
})"""
"""From the release of the button to the frame that shows the children."""
AT_REST = """async () => {
  await hypvizExplorer.disk().focus.busy;
  await hypvizExplorer.disk().paint.building;
  for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame);
}"""


def disk(
    checkpoint: Checkpoint = "demo",
    sizes: Annotated[Optional[list[int]], typer.Option("--items", min=100, help="Items; may be given several times.")] = None,
    browser: Annotated[bool, typer.Option(help="Measure in a headless browser, too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure the disk on made-up data: layout, payload, first draw, frames while panning and gliding, click to children.

    Figures of the browser need playwright (requirements-dev.txt) and a Chromium or Chrome ($HYPVIZ_CHROMIUM, or on the
    path); without them the rest is measured and what is missing is said.
    """
    missing = browser_missing() if browser else "left out with --no-browser"
    result: dict[str, Any] = {"browser": missing or "measured", "cores": os.cpu_count(), "sizes": []}
    for count in sizes or SIZES:
        typer.echo(f"measuring {count:,} items …", err=True)
        with tempfile.TemporaryDirectory(prefix="hypviz-bench-") as folder:
            result["sizes"].append(_one_size(Path(folder) / "made-up", count, checkpoint, in_browser=not missing))
    show(result, _as_text(result), as_json=as_json)


def _one_size(folder: Path, count: int, checkpoint: str, *, in_browser: bool) -> dict[str, Any]:
    from hypviz.explore.library import Library
    from hypviz.workspace.synthetic import make_workspace

    make_workspace(folder, count, checkpoint=checkpoint)
    library = Library()
    name = library.add_data(str(folder))
    start = time.perf_counter()
    view = library.open(name, checkpoint)
    figures: dict[str, Any] = {"items": count, "open (s)": time.perf_counter() - start}
    figures["layout (s)"] = _seconds(lambda: view.angles)
    figures["payload (s)"] = _seconds(view.points)
    figures["payload (bytes)"] = len(view.points())
    rows = _spread_rows(view)
    _answer(view, rows[0])
    figures["answer to a click (ms)"] = 1e3 * _median([_answer(view, row) for row in rows])
    if in_browser:
        figures |= _in_browser(library, view, rows)
    return figures


def _answer(view: View, row: int) -> float:
    return _seconds(lambda: view.select({"row": row}))


def _in_browser(library: Library, view: View, rows: list[int]) -> dict[str, float]:
    """First draw, frames of a real drag, and real clicks on points, in a page of 1,280 × 900 pixels."""
    from hypviz.server.plain_page import serve_bare

    with serve_bare(library) as address, page_of(address) as page:
        first, ready = page.evaluate(OPEN, view.describe())
        figures = {"first draw (ms)": first, "page ready (ms)": ready}
        page.evaluate(TIME_FRAMES)
        _drag(page)
        frames = page.evaluate("() => window.frames_ms")
        figures |= {"frame (ms)": _median(frames), "frame, slowest of 20 (ms)": _slow(frames)}
        page.evaluate("() => hypvizExplorer.disk().setView({centre: [0, 0], zoom: 1})")
        page.evaluate(TIME_GLIDES)
        figures["click to children (ms)"] = _median([_click(page, row) for row in rows])
        page.evaluate(AT_REST)
        work, apart = page.evaluate("() => [[...glide.work.values()], glide.apart]")
        figures |= {"gliding: frame (ms)": _median(work), "gliding: frame, slowest of 20 (ms)": _slow(work)}
        figures["gliding: between frames (ms)"] = _median(apart)
        figures["page memory (MB)"] = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
        return figures


@contextmanager
def page_of(address: str) -> Iterator[Page]:
    """A page of 1,280 × 900 pixels at an address, once its explorer is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_browser(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(300_000)
        page.goto(address)
        page.wait_for_function("window.hypvizExplorer")
        yield page
        browser.close()


def _drag(page: Page) -> None:
    box = page.locator(".hv-disk .hd-stage").first.bounding_box()
    if box is None:
        raise RuntimeError("the disk is not on the page")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.3 * box["width"], y + 0.1 * box["height"], steps=DRAG_STEPS)
    page.mouse.up()


def _click(page: Page, row: int) -> float:
    """A click where a row is drawn, on it or on a point that covers it, once the disk is at rest."""
    page.evaluate(AT_REST)
    spot = page.evaluate("(row) => hypvizExplorer.disk().pixelOf(row)", row)
    waiting = page.evaluate_handle(f"() => ({{ done: ({CLICK})() }})")
    page.mouse.click(spot["x"], spot["y"])
    return float(page.evaluate("(waiting) => waiting.done", waiting))


def _spread_rows(view: View) -> list[int]:
    """Scenes among the points of the disk, evenly over the data."""
    import numpy as np

    from hypviz.viz.disk import unpack

    header, arrays = unpack(view.points())
    drawn = arrays.get("row", np.arange(header["n"]))
    scenes = drawn[arrays["depth"] == 0]
    return [int(row) for row in scenes[np.linspace(0, len(scenes) - 1, CLICKS).astype(int)]]


def browser_missing() -> str:
    """What stands in the way of measuring in a browser; empty when nothing does."""
    import importlib.util

    if importlib.util.find_spec("playwright") is None:
        return "not measured: playwright is not installed (pip install -r requirements-dev.txt)"
    if _find_browser() is None:
        return "not measured: there is no Chromium or Chrome on the path; set HYPVIZ_CHROMIUM to one"
    return ""


def _find_browser() -> str | None:
    return os.environ.get("HYPVIZ_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _slow(values: list[float]) -> float:
    """The slowest but one of twenty."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _as_text(result: dict[str, Any]) -> str:
    names = list(dict.fromkeys(name for size in result["sizes"] for name in size))
    lines = [f"{name:<28}" + "".join(_cell(size.get(name)) for size in result["sizes"]) for name in names]
    return "\n".join([*lines, f"browser: {result['browser']}"])


def _cell(value: float | None) -> str:
    if value is None:
        return f"{'–':>12}"
    return f"{value:>12,}" if isinstance(value, int) else f"{value:>12.3g}"
