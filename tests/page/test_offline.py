"""The offline page: one file, opened from disk, that asks for nothing and still finds the true cones."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from hypviz.data.items import whole_pictures
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.search.index import Index
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from hypviz.server import routes
from tests.page.browser import OpenPage, new_page
from tests.worlds import TinyWorld

OMEGA = 2.15
DATA = '<script type="application/json" id="hv-data">'


@pytest.fixture(scope="module")
def view(tiny_world: TinyWorld) -> View:
    return LIBRARY.open(LIBRARY.add_data(str(tiny_world.workspace)), str(tiny_world.checkpoint))


LIBRARY = Library(device="cpu")


@pytest.fixture(scope="module")
def file(view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    client = TestClient(routes.build_app(LIBRARY), base_url="http://localhost")
    state = {"row": 4, "omega": OMEGA, "colour": "depth", "layout": "pca", "view": {"centre": [0.1, 0.05], "zoom": 1.5}, "pins": [20]}
    answer = client.post(f"/hypviz/view/{view.key}/offline.html", json=state)
    assert answer.status_code == 200 and answer.headers["content-disposition"].endswith('.html"')
    path = tmp_path_factory.mktemp("offline") / "disk.html"
    path.write_bytes(answer.content)
    return path


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """One page for all tests, as it was opened for the first of them."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("#hv-offline[data-ready=yes]")
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    keep(page, "offline")
    yield page
    page.context.close()
    outside = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    assert outside == [], "the file must not ask for anything"
    assert not errors, f"script errors on the page: {errors}"


def keep(page: Page, name: str) -> None:
    folder = os.environ.get("HYPVIZ_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def disk(page: Page, code: str) -> Any:
    return page.evaluate(f"() => hypvizOffline.{code}")


def test_it_opens_as_it_was_left(page: Page) -> None:
    state = disk(page, "disk.state()")
    assert (state["n"], state["selected"], state["colourBy"], state["pins"]) == (141, 4, "depth", 1)
    assert state["view"]["zoom"] == 1.5 and state["view"]["centre"] == pytest.approx([0.1, 0.05])
    assert state["omega"] == pytest.approx(OMEGA)


def test_its_rings_carry_the_true_distances(page: Page, view: View) -> None:
    shown = page.locator(".hd-under text, .hd-over text").all_text_contents()
    for ring in view.disks.scale.rings()[:-1]:
        assert f"{ring.true:.4g}" in shown
    assert f"{view.disks.scale.rings()[-1].true:.4g} from root" in shown


def test_its_cones_hold_what_the_server_would_say(page: Page, view: View) -> None:
    found = page.evaluate("() => Array.from({length: 141}, (_, row) => hypvizOffline.members(row))")
    for row, members in enumerate(found):
        sure, maybe = (set(view.index.cone_members(view.index.query(row), OMEGA + wide).tolist()) for wide in (-2e-3, 2e-3))
        assert sure <= set(members) <= maybe
    assert sum(map(len, found)) > 500, "cones with next to nothing in them say nothing"


def with_answers(view: View, file: Path, answers: Retrieval) -> bytes:
    """The file as it would be had the checkpoint these answers, with every cone as it was calibrated."""
    text = file.read_text(encoding="utf-8")
    start = text.index(DATA) + len(DATA)
    content, end = json.JSONDecoder().raw_decode(text, start)
    content["answers"] = asdict(answers)
    content["state"] |= {"omega": None, "kind": "angle"}
    return (text[:start] + json.dumps(content).replace("<", "\\u003c") + text[end:]).encode()


@pytest.mark.parametrize("parents_at", ["candidate", "query"])
@pytest.mark.parametrize(
    ("children", "parents", "contents"),
    [
        (Ranking(), Ranking(), None),
        (Ranking("cosine"), Ranking("distance"), Ranking("angle", "sum")),
        (Ranking("angle + cosine", "sum", 3.0), Ranking("angle + cosine", "candidate", 2.0), None),
        (Ranking("angle", "candidate"), Ranking("angle", "sum"), Ranking("cosine")),
    ],
)
def test_it_answers_by_the_checkpoints_own_rule(
    open_page: OpenPage,
    view: View,
    file: Path,
    tmp_path: Path,
    children: Ranking,
    parents: Ranking,
    contents: Ranking | None,
    parents_at: str,
) -> None:
    radii = np.sort(view.embedding.radii)
    cones = Cones((2.6, 2.0, 1.2), (float(radii[30]), float(radii[90])), outward=True)
    answers = Retrieval(children, parents, cones, parents_at=parents_at, parents_omega=1.1, contents=contents)
    index = Index(view.embedding, answers, whole=whole_pictures(view.items))
    (changed := tmp_path / "disk.html").write_bytes(with_answers(view, file, answers))
    page = open_page(changed.as_uri(), reduced_motion="reduce")
    page.wait_for_selector("#hv-offline[data-ready=yes]")
    code = "(rows) => rows.map((row) => [hypvizOffline.members(row), hypvizOffline.children(row), hypvizOffline.parents(row)])"
    asked, counts = range(0, 141, 7), np.zeros(3, int)
    for row, lists in zip(asked, page.evaluate(code, list(asked)), strict=True):
        around = index.around(index.query(row))
        expected = [around.members, around.children.rows, around.parents.rows]
        for given, wanted in zip(lists, expected, strict=True):
            # Directions of 16 bits decide otherwise only about what lies on a border.
            assert len(set(given) ^ set(wanted.tolist())) <= max(1, len(wanted) // 20), (row, given, wanted)
        assert [float(view.embedding.radii[one]) for one in lists[1]] == sorted(float(view.embedding.radii[one]) for one in lists[1])
        counts += [len(wanted) for wanted in expected]
    assert (counts > 40).all(), "lists with next to nothing in them say nothing"


def test_it_says_how_much_belongs_with_the_numbers_of_the_server(page: Page, view: View) -> None:
    rows, said = range(0, 141, 3), 0
    code = "(rows) => rows.map((row) => [hypvizOffline.members(row), hypvizOffline.parents(row), hypvizOffline.judged(row)])"
    for row, (members, parents, judged) in zip(rows, page.evaluate(code, list(rows)), strict=True):
        under = view.lists.belonging.under(row, np.array(members, np.int64))
        over = view.lists.belonging.over(row, np.array(parents, np.int64))
        assert judged["under"] == (under and pytest.approx(under)) and judged["over"] == (over and pytest.approx(over)), row
        said += (under is not None) + (over is not None)
    assert said > 20, "lists of which nothing is said test nothing"


def test_a_click_on_a_point_shows_its_children(page: Page, view: View) -> None:
    page.evaluate("() => hypvizOffline.disk.setView({centre: [0, 0], zoom: 1})")
    scene = int(view.items.offsets[2])
    spot = disk(page, f"disk.pixelOf({scene})")
    page.mouse.click(spot["x"], spot["y"])
    page.wait_for_function("() => hypvizOffline.state.row !== 4")
    row = disk(page, "state.row")
    assert page.locator(".of-now h2").inner_text() == view.items.name(row)
    shown = [int(card.get_attribute("data-row") or -1) for card in page.locator(".of-children .of-card").all()]
    expected = view.index.children(view.index.query(row), OMEGA)
    assert set(shown) == set(expected.rows.tolist())
    assert [float(view.embedding.radii[r]) for r in shown] == sorted(float(view.embedding.radii[r]) for r in shown)
    page.locator(".of-children .of-card").first.click()
    page.wait_for_function(f"() => hypvizOffline.state.row === {shown[0]}")
    keep(page, "offline-clicked")


def test_the_slider_widens_the_cone_and_dragging_moves_the_disk(page: Page) -> None:
    before = page.locator(".of-bar output").inner_text()
    page.locator(".of-omega").evaluate("(node) => { node.value = 3.1; node.dispatchEvent(new Event('input')); }")
    page.wait_for_function(f"() => document.querySelector('.of-bar output').textContent !== {before!r}")
    assert disk(page, "disk.state().omega") == pytest.approx(3.1)
    box = page.locator(".hd-stage").bounding_box()
    assert box is not None
    centre = disk(page, "disk.state().view.centre")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 90, y + 30)
    page.mouse.down()
    page.mouse.move(x + 60, y + 90, steps=4)
    page.mouse.up()
    page.wait_for_function(f"() => String(hypvizOffline.disk.state().view.centre) !== '{centre[0]},{centre[1]}'")


def test_it_fits_a_phone_in_the_dark(open_page: OpenPage, file: Path) -> None:
    page = open_page(file.as_uri(), viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce")
    page.wait_for_selector("#hv-offline[data-ready=yes]")
    page.locator(".of-pictures").check()
    page.wait_for_selector("img.hd-thumb")
    keep(page, "offline-phone")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_names_cannot_end_the_script_they_are_in() -> None:
    from hypviz.server.offline import _closed, _inert

    assert "<" not in _inert({"name": "</script><img src=x>"})
    assert _closed("a = '</SCRIPT>'; b = '<!--'") == "a = '<\\/SCRIPT>'; b = '<\\!--'"
