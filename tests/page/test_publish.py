"""A published page in a real browser: a folder under some path of a plain file server, which answers as the server would."""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from hypviz.data.formats.coco import read_coco
from hypviz.explore.library import DEMO
from hypviz.explore.view import View
from hypviz.geometry.entailment import exterior_angle
from hypviz.server.publish import PublishSettings, publish
from hypviz.viz.disk import unpack
from hypviz.viz.focus import focus, focus_payload, sides
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import MakeCoco
from tests.page.browser import OpenPage, new_page
from tests.page.test_focus_layout import vectors_site
from tests.worlds import TinyWorld

__all__ = ["vectors_site"]
BELOW = "some/where"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """`python -m http.server` on a folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def published(browser: Browser, folder: Path) -> Iterator[Page]:
    """The page of a folder that lies somewhere below a server's root; every request must stay in it."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with plain_server(folder.parents[len(Path(BELOW).parts)]) as address:
        home = f"{address}/{BELOW}/{folder.name}/"
        page.goto(home)
        page.wait_for_selector("#hv-offline[data-ready=yes]")
        yield page
        page.context.close()
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == [], "it must ask for its own files only"
    assert len(asked) > 8 and not errors, f"script errors on the page: {errors}"


@pytest.fixture(scope="module")
def demo() -> View:
    return View(Workspace.open(DEMO), "demo", device="cpu")


@pytest.fixture(scope="module")
def demo_page(browser: Browser, demo: View, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The demo without its pictures, which the exactness of a layout does not need."""
    folder = tmp_path_factory.mktemp("demo") / BELOW / "page"
    folder.parent.mkdir(parents=True)
    publish(demo, folder, settings=PublishSettings(thumb_size=0, picture_size=0))
    with published(browser, folder) as page:
        yield page


@pytest.fixture(scope="module")
def tiny(tiny_view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / BELOW / "page"
    folder.parent.mkdir(parents=True)
    publish(tiny_view, folder, settings=PublishSettings(title="Eight <scenes>"))
    return folder


FOCUS = """async ([row, omega, scale]) => {
  const { header, arrays } = await hypvizPublished.focus({ query: { row }, omega, scale });
  const search = await hypvizPublished.search;
  const plain = Object.fromEntries(Object.entries(arrays).map(([name, column]) => [name, Array.from(column)]));
  return { header, members: search.members(row, omega), arrays: plain };
}"""


def by_python(view: View, row: int, omega: float, members: list[int], scale: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`viz.focus` for the same selection, from cosines in float64 instead of the float32 of a search."""
    space = view.embedding
    directions = np.asarray(space.directions, np.float64)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    member = np.zeros(len(space), np.bool_)
    member[members] = True
    found = focus(
        space, directions @ directions[row], sides(view.disks.families, float(view.disks.families[row])), radius=float(space.radii[row]),
        omega=omega, member=member, radii=view.disks.radius_scale(scale), apex_row=row,
        min_radius=float(space.radii[row]) if view.answers.cones.outward else None,
    )  # fmt: skip
    return unpack(focus_payload(found))


def check_focus(page: Page, view: View, cases: list[tuple[int, float | None, str]]) -> tuple[float, float]:
    """Hold the page's layouts against Python's; the largest differences of angles from `viz.focus`, and from the server's answers."""
    worst, worst_server = 0.0, 0.0
    for row, given, scale in cases:
        omega = view.index.omega(view.index.query(row)) if given is None else given
        got = page.evaluate(FOCUS, [row, omega, scale])
        arrays = {name: np.array(column) for name, column in got["arrays"].items()}
        server = view.index.cone_members(view.index.query(row), omega)
        for other in set(got["members"]) ^ set(server.tolist()):  # only what lies on the border, to the precision of a search
            ends = [np.asarray(view.embedding.directions[one], np.float64) for one in (row, other)]
            radii = [float(view.embedding.radii[one]) for one in (row, other)]
            ext = float(exterior_angle(ends[0] * radii[0], ends[1] * radii[1], curv=view.embedding.curv))
            assert abs(ext - omega) < 1e-4, (row, other)
        header, exact = by_python(view, row, omega, got["members"], scale)
        answered_header, answered = unpack(view.queries.focus({"row": row}, omega, scale=scale))
        np.testing.assert_allclose(arrays["drawn"], exact["drawn"], atol=1e-7)
        np.testing.assert_allclose(arrays["angle"], exact["angle"], atol=2e-6)
        assert len(arrays["outline_angle"]) == len(exact["outline_angle"]) and got["header"]["edge"] == header["edge"]
        np.testing.assert_allclose(arrays["outline_drawn"], exact["outline_drawn"], atol=1e-7)
        turned = np.abs(np.exp(1j * arrays["outline_angle"]) - np.exp(1j * exact["outline_angle"]))
        assert (turned * exact["outline_drawn"]).max() < 1e-6
        for name in ("true", "drawn"):
            np.testing.assert_allclose(got["header"]["scale"][name], header["scale"][name], atol=1e-9)
        assert got["header"]["ticks"] == header["ticks"] == answered_header["ticks"]
        np.testing.assert_allclose(got["header"]["rings"], answered_header["rings"])
        assert got["header"]["min_radius"] == pytest.approx(answered_header["min_radius"])
        np.testing.assert_allclose(arrays["drawn"], answered["drawn"], atol=1e-7)
        worst = max(worst, float(np.abs(arrays["angle"] - exact["angle"]).max()))
        worst_server = max(worst_server, float(np.abs(arrays["angle"] - answered["angle"]).max()))
    return worst, worst_server


def test_the_layout_around_a_selection_has_the_numbers_of_the_server(demo_page: Page, demo: View) -> None:
    rng = np.random.default_rng(3)
    cases: list[tuple[int, float | None, str]] = [(int(row), None, "stretched") for row in rng.choice(len(demo.items), 16, replace=False)]
    rows = rng.choice(len(demo.items), 8, replace=False).tolist()
    cases += [
        (row, omega, scale)
        for row, (omega, scale) in zip(rows, [(0.3, "linear"), (1.2, "stretched"), (2.0, "linear"), (3.1, "stretched")] * 2, strict=True)
    ]
    worst, server = check_focus(demo_page, demo, cases)
    print(f"largest difference in radians: {worst:.2g} from viz.focus in float64, {server:.2g} from the server's float32 answer")
    assert server < 1e-4  # what float32 cosines are off by, through the stretch


def test_the_layout_of_own_vectors_has_the_numbers_of_the_server(browser: Browser, vectors_site: tuple[str, View], tmp_path: Path) -> None:
    view = vectors_site[1]
    (tmp_path / BELOW).mkdir(parents=True)
    publish(view, tmp_path / BELOW / "vectors")
    with published(browser, tmp_path / BELOW / "vectors") as page:
        rows = np.random.default_rng(0).choice(len(view.items), 12, replace=False).tolist()
        check_focus(page, view, [(row, omega, "stretched") for row, omega in zip(rows, [1.5, 1.8, 2.2, 0.7] * 3, strict=True)])


def shown(page: Page, kind: str) -> list[int]:
    return [int(card.get_attribute("data-row") or -1) for card in page.locator(f".of-{kind} .of-card").all()]


def test_a_click_on_a_point_shows_what_the_server_answers(demo_page: Page, demo: View) -> None:
    page, held = demo_page, 0
    for turn in range(4):
        before = page.evaluate("() => hypvizOffline.state.row")
        page.evaluate("() => hypvizOffline.disk.focus.busy")
        row = page.evaluate(
            """([before, turn]) => { // the next scene or object, well away from the selected one
              const { paint } = hypvizOffline.disk, spots = Array.from({ length: paint.n }, (_, i) => hypvizOffline.disk.pixelOf(i));
              const away = (i) => Math.hypot(spots[i].x - spots[before].x, spots[i].y - spots[before].y) > 60;
              const general = (i) => hypvizPublished.arrays.depth[i] <= 1;
              for (let i = (turn * 2111) % paint.n, tried = 0; tried < paint.n; tried++, i = (i + 1) % paint.n)
                if (i !== before && spots[i].y > 60 && spots[i].y < 840 && general(i) && away(i)) return i;
            }""",
            [before, turn],
        )
        spot = page.evaluate("(row) => hypvizOffline.disk.pixelOf(row)", row)
        page.mouse.click(spot["x"], spot["y"])
        page.wait_for_function("(before) => hypvizOffline.state.row !== before", arg=before)
        row = page.evaluate("() => hypvizOffline.state.row")
        page.wait_for_function("(row) => hypvizOffline.disk.state().selected === row", arg=row)
        page.evaluate("() => hypvizOffline.disk.focus.busy")
        answer = demo.select({"row": row})
        for kind in ("children", "parents"):
            wanted = [card["row"] for card in answer[kind]]
            assert shown(page, kind) == wanted, (row, kind)
            counted = page.locator(f".of-{kind} h3 span").inner_text()
            total = answer[f"{kind}_total"]
            assert counted.startswith(f"{len(wanted)} of {total} " if total > len(wanted) else f"{total} "), counted
        assert page.evaluate("() => hypvizOffline.disk.paint.focus !== null")
        assert page.evaluate("() => location.hash") == f"#row={row}"
        held += answer["members_total"]
    assert held > 0


def test_it_shows_pictures_boxes_and_licences_and_its_title(browser: Browser, tiny: Path, tiny_view: View) -> None:
    with published(browser, tiny) as page:
        assert page.title() == page.locator("h1").inner_text() == "Eight <scenes>"
        box = int(np.flatnonzero(~tiny_view.items.is_scene)[3])
        page.evaluate("(row) => hypvizOffline.select(row)", box)
        page.wait_for_function("(row) => hypvizOffline.state.row === row && document.querySelector('.of-about')", arg=box)
        assert page.locator(".of-now > img").evaluate("(node) => node.decode().then(() => node.naturalWidth)") > 0
        assert page.locator(".of-picture img").evaluate("(node) => node.decode().then(() => node.naturalWidth)") == 192
        told = page.locator(".of-file").inner_text()
        assert str(tiny_view.items.item_id[box]) in told and str(tiny_view.items.images.file_name[tiny_view.items.image[box]]) in told
        frame, mark = (page.locator(f".of-picture {tag}").bounding_box() for tag in ("img", "i"))
        x1, y1, x2, _ = tiny_view.items.xyxy[box]
        assert frame is not None and mark is not None
        assert mark["width"] / frame["width"] == pytest.approx((x2 - x1) / 192, abs=0.02)
        assert (mark["y"] - frame["y"]) / frame["height"] == pytest.approx(y1 / 144, abs=0.02)
        page.locator(".of-pictures").check()
        page.wait_for_selector("img.hd-thumb")
        page.locator("[data-tool=home]").click()
        page.wait_for_function("() => hypvizOffline.disk.paint.focus === null")


def test_a_link_opens_its_item(open_page: OpenPage, tiny: Path) -> None:
    with plain_server(tiny) as address:
        page = open_page(f"{address}/#row=77", reduced_motion="reduce")
        page.wait_for_function("() => window.hypvizOffline?.disk.state().selected === 77")


def test_a_file_that_is_gone_is_one_sentence(open_page: OpenPage, tiny_view: View, tmp_path: Path) -> None:
    publish(tiny_view, tmp_path / "page", settings=PublishSettings(thumb_size=0, picture_size=0))
    (tmp_path / "page/data/directions-000.bin").unlink()
    with plain_server(tmp_path / "page") as address:
        page = open_page(f"{address}/")
        expect(page.locator(".of-failed")).to_contain_text("data/directions-000.bin of this page is not there (status 404)")


def test_a_part_of_the_data_is_a_world_of_its_own(browser: Browser, tiny_world: TinyWorld, tiny_view: View, tmp_path: Path) -> None:
    rows = np.flatnonzero(~tiny_view.items.is_scene)[::2]
    (tmp_path / BELOW).mkdir(parents=True)
    told = publish(tiny_view, tmp_path / BELOW / "part", rows, PublishSettings(picture_size=0))
    assert (told["items"], told["pictures"]) == (len(rows), 0)
    with published(browser, tmp_path / BELOW / "part") as page:
        expect(page.locator(".of-head p:not(.of-notice)")).to_contain_text(f"this page holds {len(rows)} of {len(tiny_view.items)} items")
        row = int(rows[5])
        page.evaluate("(row) => hypvizOffline.select(row)", row)
        every = tiny_view.select({"row": row})
        members = page.evaluate("(row) => hypvizOffline.members(row)", row)
        inside = tiny_view.index.cone_members(tiny_view.index.query(row))
        assert set(members) == set(inside.tolist()) & set(rows.tolist()) and every["row"] == row
        judged, belonging = page.evaluate("(row) => hypvizOffline.judged(row).under", row), tiny_view.lists.belonging
        everywhere = belonging.under(row, np.array(members, np.int64))
        below = belonging.tables(rows)["inside"][int(tiny_view.items.label[row])]  # type: ignore[index]
        others = rows[tiny_view.items.image[rows] != tiny_view.items.image[row]]
        if everywhere is not None:
            assert (judged["share"], judged["of"]) == (pytest.approx(everywhere["share"]), everywhere["of"])
            assert judged["chance"] == pytest.approx(np.isin(tiny_view.items.label[others], below).mean()), "chance draws from the page"


def test_pictures_without_boxes_are_listed_by_similarity(
    browser: Browser, tiny_world: TinyWorld, make_coco: MakeCoco, tmp_path: Path
) -> None:
    images = [{"id": number, "file_name": f"{number}.jpg", "width": 40, "height": 30} for number in range(1, 8)]
    made, _ = import_workspace(tmp_path / "ws", read_coco(make_coco(images=images), tmp_path), name="plain")
    view = View(made, tiny_world.checkpoint, device="cpu")
    (tmp_path / BELOW).mkdir(parents=True)
    publish(view, tmp_path / BELOW / "plain", settings=PublishSettings(picture_size=0))
    with published(browser, tmp_path / BELOW / "plain") as page:
        page.evaluate("() => hypvizOffline.select(2)")
        page.wait_for_function("() => hypvizOffline.disk.state().selected === 2")
        expect(page.locator(".of-children h3")).to_contain_text("Similar by cosine 6 · nearest first")
        assert shown(page, "children") == [card["row"] for card in view.select({"row": 2})["children"]]
        assert shown(page, "parents") == [] and not page.locator(".of-omega").is_visible()


def test_no_file_names_an_address_that_is_not_its_own(tiny: Path) -> None:
    for path in [
        tiny / "index.html",
        *tiny.glob("data/*.json"),
        *(one for one in tiny.glob("page/*") if not one.name.startswith("plotly")),
    ]:
        text = re.sub(r"http://www\.w3\.org/[\w/]+", "", path.read_text(encoding="utf-8"))  # names of vocabularies, which nothing asks for
        text = re.sub(r"^\s*(\*|//).*$", "", text, flags=re.MULTILINE)
        assert not re.search(r"https?://|(?:src|href)=\"/|fetch\([\"'`]/", text), path.name
    assert str(Path.home()) not in (tiny / "data/page.json").read_text() and json.loads((tiny / "data/page.json").read_text())["cones"]
