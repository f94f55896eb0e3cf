"""The Explore tab in a real browser with a real mouse, on the shipped demo.

With $HYPVIZ_SCREENSHOTS set to a folder, each state is kept there as a picture to look at.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from hypviz.clipart import SPLIT_SEEDS, draw_scene, write_dataset
from hypviz.explore.library import DEMO
from hypviz.explore.view import View
from hypviz.viz.disk import unpack
from hypviz.workspace.store import Workspace
from tests.page.browser import OpenPage, new_page

ROOT = Path(__file__).resolve().parents[2]
READY = ".hv-root[data-ready]"
ALLOWED = "allowed"
"""Folder beside the server's home whose files may be typed into the picker."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application as a person starts it, with one more workspace in its home folder, and one folder that may be named."""
    home = tmp_path_factory.mktemp("home")
    (home.parent / ALLOWED).mkdir(exist_ok=True)
    write_dataset(home / "raw", SPLIT_SEEDS["test"][5000:5006], size=(320, 240), workers=1)
    command = [sys.executable, "-m", "hypviz", "data", "import", str(home / "raw"), "--out", str(home / "six scenes"), "--json"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    port = free_port()
    environment = {**os.environ, "HYPVIZ_HOME": str(home)}
    log = (home / "log.txt").open("wb")
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), "--no-browser", "--allow-root", str(home.parent / ALLOWED)],
        cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    for _ in range(3000):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            assert process.poll() is None, (home / "log.txt").read_text()
            time.sleep(0.2)
    yield address
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)


@pytest.fixture
def page(server: str, open_page: OpenPage) -> Page:
    """The page on the demo, ready to be clicked, for a person who wants no motion."""
    opened = open_page(server, viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    opened.wait_for_selector(READY, timeout=60_000)
    return opened


KINDS = 5
"""Classes that an item to be clicked has among its children elsewhere, at least."""


def keep(page: Page, name: str) -> None:
    """Save a picture of the state for a person to look at, when asked to."""
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.wait_for_timeout(900)  # thumbnails and the disk's glide
        page.screenshot(path=f"{folder}/{name}.png")


def state(page: Page, expression: str) -> object:
    return page.evaluate(f"(() => {{ const s = hypvizExplorer.state(); return {expression}; }})()")


def settled(page: Page, expression: str) -> None:
    """Wait until an expression holds and the disk shows the present answer."""
    page.wait_for_function(f"(() => {{ const s = hypvizExplorer.state(); return s.onDisk && ({expression}); }})()")


def radii(page: Page, strip: str) -> list[float]:
    return [float(card.get_attribute("data-radius") or "nan") for card in page.locator(f"{strip} .hv-card").all()]


def click_row(page: Page, row: int) -> None:
    """Click the point of an item on the disk with the mouse."""
    page.locator(".hd-stage").scroll_into_view_if_needed()
    spot = page.evaluate(f"hypvizExplorer.disk().pixelOf({row})")
    page.mouse.click(spot["x"], spot["y"])


def some_row(page: Page, depth: int) -> int:
    """An item of this depth or deeper that has children elsewhere and stands so alone on the disk that a click on its point can
    only mean it."""
    with urllib.request.urlopen(f"{page.url.split('#')[0]}hypviz/view/{state(page, 's.view.key')}/points") as answer:
        _, columns = unpack(answer.read())
    point = columns["drawn"] * np.exp(1j * columns["angle"].astype(np.float64))
    demo = View(Workspace.open(DEMO), "demo")
    parents = np.unique(demo.hierarchy.edges.parent)
    rows = parents[columns["depth"][parents] >= depth]
    gap = np.abs(point[rows, None] - point[None, :])
    gap[np.arange(len(rows)), rows] = np.inf
    alone = rows[np.argsort(-gap.min(axis=1))]

    def kinds(row: int) -> int:
        return sum(len(band["classes"]) for band in demo.select({"row": row})["elsewhere"]["bands"])

    return next(row for row in alone.tolist() if kinds(row) >= KINDS)


def select_by_mouse(page: Page, depth: int) -> int:
    """Click the point of some item of this depth and wait for its answer; returns its row."""
    row = some_row(page, depth)
    click_row(page, row)
    settled(page, f"s.answer.row === {row}")
    return row


def slide_to(page: Page, share: float) -> None:
    page.locator(".hv-omega").scroll_into_view_if_needed()
    box = page.locator(".hv-omega").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def test_the_demo_disk_is_alive_and_nothing_leaves_the_machine(server: str, browser: Browser) -> None:
    page, errors = new_page(browser, viewport={"width": 1280, "height": 1000})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(server)
    page.wait_for_selector(READY, timeout=60_000)
    assert state(page, "s.disk.n") >= 2000 and state(page, "s.disk.webgl")
    assert state(page, "s.disk.drawn") == state(page, "s.view.count")
    outside = [url for url in requests if not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", url)]
    assert requests and not outside
    assert page.locator(".hd-caption").inner_text().startswith("showing")
    expect(page.locator("#hv-facts")).to_contain_text("clipart world")
    expect(page.locator("#hv-facts")).to_contain_text("licence")
    assert not errors
    keep(page, "1-open")
    page.context.close()


def test_a_click_on_a_point_shows_its_picture_and_its_children_by_norm(page: Page) -> None:
    row = select_by_mouse(page, 1)
    assert state(page, "s.disk.selected") == row
    bands = [
        radii(page, f"[data-band='{band}']")
        for band in sorted(page.locator(".hv-band").evaluate_all("(n) => n.map((b) => b.dataset.band)"))
    ]
    assert sum(map(len, bands)) >= 3
    for inner, outer in pairwise(bands):
        assert max(inner) < min(outer), "from general to specific, band by band"
    assert radii(page, ".hv-parents") == sorted(radii(page, ".hv-parents"))
    marked = page.locator(".hv-chosen")
    expect(marked).to_have_count(1)
    chosen = state(page, "s.answer.picture.chosen")
    assert float(marked.get_attribute("x") or "nan") == pytest.approx(chosen[0])  # type: ignore[index]
    assert page.locator(".hv-box[data-row]").count() > 1
    assert state(page, "s.disk.cone") is not None
    keep(page, "2-click")


def test_walking_on_to_a_child_and_back(page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    before = select_by_mouse(page, 1)
    card = page.locator(".hv-children .hv-card").nth(1)
    target = int(card.get_attribute("data-row") or "-1")
    card.click()
    settled(page, f"s.answer.row === {target}")
    assert page.locator(".hv-caption strong").inner_text() == state(page, "s.answer.picture.title")
    assert f"item={state(page, 's.answer.id')}" in page.url
    keep(page, "3-child")
    page.locator(".hv-back").click()
    settled(page, f"s.answer.row === {before}")


def test_a_click_on_a_box_of_the_picture_selects_the_smallest_one_there(page: Page) -> None:
    settled(page, "s.answer.picture.boxes.length > 3")
    shown, frame = state(page, "s.answer.picture"), page.locator(".hv-overlay").bounding_box()
    assert isinstance(shown, dict) and frame is not None
    box = min(shown["boxes"], key=lambda b: (b["xyxy"][2] - b["xyxy"][0]) * (b["xyxy"][3] - b["xyxy"][1]))
    x = (box["xyxy"][0] + box["xyxy"][2]) / 2 / shown["width"] * frame["width"] + frame["x"]
    y = (box["xyxy"][1] + box["xyxy"][3]) / 2 / shown["height"] * frame["height"] + frame["y"]
    page.mouse.click(x, y)
    settled(page, f"s.answer.row === {box['row']}")


def test_the_slider_widens_the_cone_and_lets_more_items_in(page: Page) -> None:
    select_by_mouse(page, 1)
    slide_to(page, 0.12)
    settled(page, "s.disk.omega < 0.6")
    page.wait_for_timeout(300)
    narrow, cone = state(page, "s.answer.children_total"), state(page, "s.disk.cone")
    slide_to(page, 0.4)
    settled(page, "s.disk.omega > 1.0")
    settled(page, f"s.answer.children_total > {narrow}")
    assert state(page, "s.disk.cone") != cone
    lit = page.locator(".hv-omega-value").inner_text()
    assert f"{state(page, 's.answer.children_total'):,}" in lit
    keep(page, "4-slider")
    page.locator(".hv-reset").click()
    settled(page, "Math.abs(s.disk.omega - s.answer.calibrated) < 0.01")


@pytest.fixture
def own_picture(tmp_path: Path) -> Path:
    path = tmp_path / "my street #1.png"
    Image.fromarray(draw_scene(SPLIT_SEEDS["test"][7007], scene_type="street").pixels).save(path)
    return path


def test_an_own_picture_is_placed_and_a_box_drawn_on_it_too(page: Page, own_picture: Path) -> None:
    page.set_input_files(".hv-upload input", own_picture)
    settled(page, "s.query && s.query.upload")
    assert page.locator(".hv-caption").inner_text().startswith("your picture")
    assert own_picture.name in page.locator(".hv-caption").inner_text()
    assert state(page, "s.disk.extra") == 1
    whole = float(state(page, "s.answer.radius"))  # type: ignore[arg-type]
    assert whole > 0
    expect(page.locator(".hv-children .hv-card").first).to_be_visible()
    keep(page, "5-upload")
    frame = page.locator(".hv-overlay").bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + 0.1 * frame["width"], frame["y"] + 0.3 * frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.3 * frame["width"], frame["y"] + 0.6 * frame["height"], steps=4)
    page.mouse.up()
    settled(page, "s.query.box && s.answer.picture.title === 'your box'")
    assert float(state(page, "s.answer.radius")) != pytest.approx(whole)  # type: ignore[arg-type]
    box = np.array(state(page, "s.query.box"))
    shown = state(page, "s.answer.picture")
    assert isinstance(shown, dict)
    expected = np.array([0.1, 0.3, 0.3, 0.6]) * np.array([shown["width"], shown["height"]] * 2)
    assert np.abs(box - expected).max() < 0.01 * shown["width"]
    keep(page, "6-own-box")


def test_a_pasted_picture_is_taken_like_an_uploaded_one(page: Page) -> None:
    page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 48});
          canvas.getContext('2d').fillRect(8, 8, 30, 30);
          const blob = await new Promise((done) => canvas.toBlob(done));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], 'pasted.png', {type: 'image/png'}));
          document.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}));
        }"""
    )
    settled(page, "s.query && s.query.upload")
    assert "pasted.png" in page.locator(".hv-caption").inner_text()


def test_a_file_that_is_no_picture_gets_one_sentence_and_loses_nothing(page: Page, tmp_path: Path) -> None:
    before = state(page, "s.answer.row")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    page.set_input_files(".hv-upload input", broken)
    alert = page.locator(".hv-error")
    expect(alert).to_be_visible()
    text = alert.locator("span").inner_text()
    assert "broken.jpg" in text and "Traceback" not in text and text.endswith(".")
    assert state(page, "s.answer.row") == before
    keep(page, "7-error")
    alert.locator("button").click()
    expect(alert).to_be_hidden()


def test_another_data_set_is_opened_from_the_picker(page: Page, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = state(page, "s.view.key")
    page.get_by_label("Data", exact=True).click()
    page.get_by_role("option", name="six scenes").click()
    page.wait_for_function(f"hypvizExplorer.state().view.key !== {before!r} && hypvizExplorer.state().answer", timeout=60_000)
    expect(page.locator("#hv-facts")).to_contain_text("six scenes: 6 images")
    page.wait_for_function("hypvizExplorer.state().disk.n === hypvizExplorer.state().view.count")
    assert page.locator(".hv-error").is_hidden()
    # A path may be typed, too, here of own vectors: of a folder that was allowed when the server was started, and of no other.
    allowed = tmp_path_factory.getbasetemp() / ALLOWED / "mine.npz"
    for file in (tmp_path / "mine.npz", allowed):
        np.savez(file, vectors=np.random.default_rng(0).standard_normal((12, 3)), model="tangent", curv=0.5)
        page.get_by_label("Data", exact=True).fill(str(file))
        page.keyboard.press("Enter")
        if file != allowed:
            expect(page.get_by_text("option allow-root").first).to_be_visible()
            expect(page.get_by_label("Data", exact=True)).to_have_value("six scenes")  # what is shown, not what could not be opened
            assert state(page, "s.view.key") != before and state(page, "s.disk.n") == state(page, "s.view.count")
    expect(page.locator("#hv-facts")).to_contain_text("mine: 12 own vectors, 1 class, 1 level")
    expect(page.locator("#hv-facts")).to_contain_text(f"from {allowed.resolve()}")
    expect(page.get_by_label("Data", exact=True)).to_have_value("mine.npz")
    page.wait_for_function("hypvizExplorer.state().disk.n === 12 && hypvizExplorer.state().answer?.picture.title === 'vector'")
    for nothing_to_do in (".hv-words", ".hv-upload", ".hv-hint"):
        expect(page.locator(nothing_to_do)).to_be_hidden()
    keep(page, "own-vectors")


def test_the_address_brings_back_the_item(page: Page, server: str, open_page: OpenPage) -> None:
    select_by_mouse(page, 2)
    again = open_page(page.url)
    again.wait_for_selector(READY, timeout=60_000)
    assert state(again, "s.answer.id") == state(page, "s.answer.id")


def test_arrow_keys_on_the_disk_walk_to_a_child(page: Page) -> None:
    before = select_by_mouse(page, 1)
    page.locator(".hypviz-disk").focus()
    page.keyboard.press("ArrowDown")
    settled(page, f"s.answer.row !== {before}")


@pytest.mark.parametrize("width, height", [(1280, 800), (1440, 900)])
def test_the_first_screen_holds_the_disk_the_picture_and_the_first_row(server: str, open_page: OpenPage, width: int, height: int) -> None:
    page = open_page(server, viewport={"width": width, "height": height})
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_selector(".hv-here .hv-card")
    for selector in (".hd-stage", ".hv-frame", ".hv-here .hv-card", ".hv-band .hv-card", "#hv-top input", "[role=tab] >> visible=true"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None and box["x"] >= 0 and box["y"] >= 0, selector
        assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height, f"{selector} is below the fold"
    assert page.evaluate("scrollY") == 0
    tabs = page.locator("[role=tab]", has_text="Fine-tune").last.bounding_box()
    picker = page.get_by_label("Data", exact=True).bounding_box()
    assert tabs is not None and picker is not None
    assert tabs["x"] + tabs["width"] <= picker["x"] and abs(tabs["y"] - picker["y"]) < 40, "one line"
    keep(page, f"first-screen-{width}")


@pytest.mark.parametrize("width, scheme", [(390, "light"), (390, "dark"), (1280, "dark")])
def test_the_page_fits_narrow_and_dark_screens(server: str, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.wait_for_selector(READY, timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    stage = page.locator(".hd-stage").bounding_box()
    assert stage is not None and stage["width"] > 0.4 * min(width, 900)
    assert stage["y"] + stage["height"] <= 900, "the whole disk is on the first screen"
    assert state(page, "s.disk.theme") == scheme
    for name in ("Data", "Checkpoint"):
        field, arrow = (
            page.locator("#hv-top .container", has=page.get_by_label(name, exact=True)).locator(of) for of in ("input", ".icon-wrap")
        )
        inner = field.evaluate("(node) => node.getBoundingClientRect().right - parseFloat(getComputedStyle(node).paddingRight)")
        free = arrow.evaluate("(node) => node.getBoundingClientRect().left") - inner
        assert free >= 0, "a long name ends before the arrow"
        picker = page.get_by_label(name, exact=True).bounding_box()
        assert picker is not None and picker["x"] >= 0 and picker["x"] + picker["width"] <= width, "within reach"
    keep(page, f"8-{width}-{scheme}")
