"""What `hypviz.show` puts into a notebook, in a real browser: the disk lives in its frame and answers a real click."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

import hypviz
from tests.page.browser import OpenPage
from tests.vectors.test_workspace import CURV, EDGES, LABELS, POINTS


def test_the_disk_in_a_notebook_answers_a_click(open_page: OpenPage, tmp_path: Path) -> None:
    tangent = POINTS.directions * POINTS.radii[:, None]
    disk = hypviz.show(tangent, LABELS, edges=EDGES, curv=CURV, model="tangent", name="four trees", height=700)
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8><body><p>a cell</p>{disk._repr_html_()}", encoding="utf-8")
    page = open_page(notebook.as_uri(), viewport={"width": 1000, "height": 820}, reduced_motion="reduce")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#hv-offline[data-ready=yes]")).to_be_visible()
    assert page.frames[1].evaluate("() => [hypvizOffline.disk.state().n, hypvizOffline.state.row]") == [len(POINTS), 0]
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.wait_for_timeout(900)
        page.screenshot(path=f"{folder}/notebook.png")
    spot = page.frames[1].evaluate("() => hypvizOffline.disk.pixelOf(10)")
    corner = page.locator("iframe").bounding_box()
    assert corner is not None
    page.mouse.click(corner["x"] + spot["x"], corner["y"] + spot["y"])
    page.frames[1].wait_for_function("() => hypvizOffline.state.row === 10")
