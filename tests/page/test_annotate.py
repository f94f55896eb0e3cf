"""The Annotate tab in a real browser with a real mouse, by keyboard and by touch: every change is on the server's disk.

With $HYPVIZ_SCREENSHOTS set to a folder, each state is kept there as a picture to look at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from hypviz.config import HierarchySettings
from hypviz.data.formats.folder import read_folder
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.explore.library import Library
from hypviz.workspace.store import Workspace
from tests.conftest import random_picture
from tests.page.browser import OpenPage, new_page
from tests.page.explorer_page import ExplorerPage
from tests.page.tab_page import serve_tabs

READY = ".hv-root[data-state=ready]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Three plain pictures without any box, in a workspace of the home folder; yields the address and the workspace."""
    folder = tmp_path_factory.mktemp("annotate")
    (folder / "raw").mkdir()
    for number, size in enumerate([(400, 300), (300, 400), (640, 360)]):
        random_picture(size, number).save(folder / "raw" / f"{number}.png")
    items, report = import_items(read_folder(folder / "raw"))
    before = os.environ.get("HYPVIZ_HOME")
    os.environ["HYPVIZ_HOME"] = str(folder / "home")
    made = Workspace.create(folder / "home" / "plain", items, build_hierarchy(items, HierarchySettings()), name="plain", report=report)
    with serve_tabs(Library(device="cpu"), ("plain", "demo")) as address:
        yield f"{address}/annotate", made.folder
    os.environ.pop("HYPVIZ_HOME")
    if before is not None:
        os.environ["HYPVIZ_HOME"] = before


@pytest.fixture(scope="module")
def page(site: tuple[str, Path], browser: Browser) -> Iterator[Page]:
    """One page for the tests that follow each other."""
    page, errors = new_page(browser, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.goto(site[0])
    page.wait_for_selector(READY)
    yield page
    page.context.close()
    assert not errors, f"script errors on the page: {errors}"


def state(page: Page, expression: str) -> Any:
    return page.evaluate(f"(() => {{ const s = tab.state(); return {expression}; }})()")


def saved(page: Page) -> None:
    page.wait_for_function("!tab.state().busy")
    expect(page.locator(".ha-saved")).to_have_text("All changes saved")


def on_disk(site: tuple[str, Path]) -> list[dict[str, Any]]:
    """The boxes of the COCO file, with their pictures' and classes' names."""
    content = json.loads((site[1] / "annotations.json").read_text())
    names, files = ({one["id"]: one[key] for one in content[kind]} for kind, key in (("categories", "name"), ("images", "file_name")))
    return [{**one, "label": names[one["category_id"]], "file": files[one["image_id"]]} for one in content["annotations"]]


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Page pixels of a place on the picture, in its own pixels."""
    frame = page.locator(".ha-svg").bounding_box()
    view = page.locator(".ha-svg").get_attribute("viewBox")
    assert frame and view
    left, top, width, height = map(float, view.split())
    return frame["x"] + (x - left) / width * frame["width"], frame["y"] + (y - top) / height * frame["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*spot(page, *start))
    page.mouse.down()
    page.mouse.move(*spot(page, *end), steps=5)
    page.mouse.up()


def keep(page: Page, name: str) -> None:
    """Save a picture of the state for a person to look at, when asked to."""
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/annotate-{name}.png", full_page=True)


def box(page: Page) -> list[float]:
    found: list[float] = state(page, "s.boxes.find((box) => box.key === s.key).xyxy")
    return found


def test_boxes_are_drawn_labelled_moved_resized_and_deleted_with_the_mouse(page: Page, site: tuple[str, Path]) -> None:
    expect(page.locator(".ha-list")).to_contain_text("No box yet")
    drag(page, (40, 30), (360, 270))
    assert box(page) == pytest.approx([40, 30, 360, 270], abs=1.5)
    page.keyboard.type("car")  # the field has the focus after a drawing
    page.keyboard.press("Enter")
    drag(page, (80, 180), (140, 240))
    page.keyboard.type("wheel")
    page.keyboard.press("Enter")
    saved(page)
    assert [one["label"] for one in on_disk(site)] == ["car", "wheel"]
    assert on_disk(site)[1]["bbox"] == pytest.approx([80, 180, 60, 60], abs=1.5)
    drag(page, (110, 180), (170, 160))  # by its upper border, off the handle in its middle
    moved = box(page)
    handle = page.locator(".ha-handle.ha-n").bounding_box()
    assert handle and moved[1] < 180, "the handle in the middle of a side resizes"
    drag(page, (92, moved[1]), (122, moved[1] + 10))
    shifted = box(page)
    assert np.subtract(shifted, moved) == pytest.approx([30, 10, 30, 10], abs=1.5), "the border moves"
    drag(page, (shifted[2], shifted[3]), (shifted[2] + 25, shifted[3] + 12))
    assert np.subtract(box(page), shifted) == pytest.approx([0, 0, 25, 12], abs=1.5), "the corner resizes"
    keep(page, "1-drawn")
    page.mouse.click(*spot(page, 300, 100))
    assert state(page, "s.boxes.find((box) => box.key === s.key).label") == "car", "a click selects the smallest box there"
    page.get_by_role("button", name="Delete the selected box").click()
    saved(page)
    assert [one["label"] for one in on_disk(site)] == ["wheel"]
    page.get_by_role("button", name="Undo (Ctrl Z)").click()
    saved(page)
    assert sorted(one["label"] for one in on_disk(site)) == ["car", "wheel"]


def test_a_label_is_completed_and_esc_leaves_it(page: Page) -> None:
    page.locator(".ha-entry", has_text="wheel").click()
    field = page.get_by_role("combobox", name="Label of the selected box")
    field.click()
    expect(page.get_by_role("option")).to_have_text(["car", "wheel"])
    field.fill("CA")
    expect(page.get_by_role("option")).to_have_text(["car"])
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_text("car")
    page.keyboard.press("Escape")
    assert state(page, "s.boxes.find((box) => box.key === s.key).label") == "wheel"
    field.click()
    field.fill("c")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert state(page, "s.boxes.map((box) => box.label)") == ["car", "car"]
    page.keyboard.press("Control+z")
    saved(page)
    assert sorted(state(page, "s.boxes.map((box) => box.label)")) == ["car", "wheel"]


def test_everything_can_be_done_by_keyboard_on_the_next_picture(page: Page, site: tuple[str, Path]) -> None:
    page.locator(".ha-svg").focus()
    page.keyboard.press("PageDown")
    page.wait_for_function("tab.state().image === 1")
    page.locator(".ha-svg").focus()
    page.keyboard.press("i")
    page.keyboard.type("street sign")
    page.keyboard.press("Enter")
    start = box(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert np.subtract(box(page), start) == pytest.approx([1, 10, 1, 10])
    page.keyboard.press("Alt+Shift+ArrowRight")
    assert np.subtract(box(page), start) == pytest.approx([1, 10, 11, 10])
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    saved(page)
    page.keyboard.press("2")  # the second most frequent label, after the two signs
    assert state(page, "s.boxes[1].label") == "car"
    page.keyboard.press("n")
    assert state(page, "s.boxes.find((box) => box.key === s.key).label") == "street sign"
    page.keyboard.press("Shift+N")
    page.keyboard.press("Delete")
    assert state(page, "s.boxes.length") == 1
    for _ in range(9):  # back over both pictures
        page.keyboard.press("Control+z")
        page.wait_for_timeout(30)
    page.wait_for_function("tab.state().image === 0")
    page.keyboard.press("Control+y")
    page.wait_for_function("tab.state().future > 0")
    while state(page, "s.future"):
        page.keyboard.press("Control+Shift+z")
        page.wait_for_timeout(30)
    saved(page)
    assert sorted((one["file"], one["label"]) for one in on_disk(site)) == [("0.png", "car"), ("0.png", "wheel"), ("1.png", "street sign")]
    page.keyboard.press("u")
    page.wait_for_function("tab.state().image === 2")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keys of the annotator")
    page.keyboard.press("Escape")


def test_nothing_is_lost_at_a_reload_and_another_window_is_noticed(page: Page, site: tuple[str, Path], open_page: OpenPage) -> None:
    page.locator(".ha-svg").focus()
    page.keyboard.press(",")
    page.wait_for_function("tab.state().image === 1")
    other = open_page(site[0])
    other.wait_for_selector(READY)
    other.evaluate("tab.turn(1)")
    other.wait_for_function("tab.state().boxes.length === 1")
    page.locator(".ha-entry").click()
    page.locator(".ha-svg").focus()
    page.keyboard.press("ArrowLeft")
    moved = box(page)
    page.reload()  # at once, while it may still be on its way
    page.wait_for_selector(READY)
    page.wait_for_function("tab.state().image === 1")
    assert state(page, "s.boxes[0].xyxy") == moved
    other.locator(".ha-entry").click()
    other.locator(".ha-svg").focus()
    other.keyboard.press("Delete")
    expect(other.locator(".ha-message")).to_contain_text("1.png was changed in another window meanwhile")
    assert state(other, "s.boxes[0].xyxy") == moved
    other.keyboard.press("Control+z")
    saved(other)
    assert state(other, "s.boxes.length") == 0, "one's own state is one step back"
    other.keyboard.press("Control+y")
    saved(other)
    assert len(on_disk(site)) == 3


def test_corrections_are_made_listed_undone_and_used_in_all_tabs(page: Page, site: tuple[str, Path]) -> None:
    page.reload()
    page.wait_for_selector(READY)
    page.evaluate("tab.turn(0)")
    page.wait_for_function("tab.state().image === 0")
    page.locator(".ha-entry", has_text="car").click()
    page.locator(".ha-svg").focus()
    page.keyboard.press("a")
    page.locator(".ha-entry", has_text="wheel").click()
    page.get_by_role("button", name="Take the selected one as B").click()
    page.get_by_role("button", name="“car” is more general than “wheel”").click()
    expect(page.locator(".hc-root")).to_contain_text("“wheel” in 0.png is below “car” in 0.png already.")
    page.get_by_role("button", name="“wheel” is not a child of “car”").click()
    expect(page.locator(".hc-list li")).to_contain_text("wheel in 0.png is not a child of car in 0.png")
    expect(page.locator(".hc-list li")).to_contain_text("1 pair less")
    page.get_by_text("two classes, in every picture").click()
    page.get_by_label("Class A").select_option("wheel")
    page.get_by_label("Class B").select_option("car")
    page.get_by_role("button", name="“wheel” is more general than “car”").click()
    expect(page.locator(".hc-list li")).to_have_count(2)
    keep(page, "2-corrections")
    page.get_by_role("button", name="Undo: wheel is more general than car, in every picture").click()
    expect(page.locator(".hc-list li")).to_have_count(1)
    with page.expect_download() as saving:
        page.locator("[data-file='corrections.csv']").click()
    assert "wheel in 0.png" in saving.value.path().read_text()
    expect(page.locator(".ha-apply")).to_contain_text("changes saved, not used yet")
    page.get_by_role("button", name="Use in all tabs").click()
    page.wait_for_function("opened.length === 1")
    made = Workspace.open(site[1])
    assert sorted(made.items.classes) == ["car", "street sign", "wheel"] and len(made.items) == 6
    rows = {made.items.name(row): row for row in range(6)}
    assert not made.hierarchy.is_related(rows["car"], rows["wheel"])
    expect(page.locator(".ha-apply")).to_be_hidden()
    with page.expect_download() as saving:
        page.locator("[data-file='annotations.json']").click()
    assert len(json.loads(saving.value.path().read_text())["annotations"]) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_room_and_its_fingers_draw(site: tuple[str, Path], open_page: OpenPage, scheme: str) -> None:
    page = open_page(site[0], viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True, is_mobile=True)
    page.wait_for_selector(READY)
    page.evaluate("tab.turn(2)")
    page.wait_for_function("tab.state().image === 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = state(page, "s.boxes.length")
    start, end = spot(page, 100, 60), spot(page, 400, 250)
    touch = page.context.new_cdp_session(page)
    for kind, points in (("touchStart", [start]), ("touchMove", [(250, (start[1] + end[1]) / 2)]), ("touchMove", [end]), ("touchEnd", [])):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    page.wait_for_function(f"tab.state().boxes.length === {before + 1}")
    assert box(page) == pytest.approx([100, 60, 400, 250], abs=4)
    assert page.evaluate("document.activeElement.className") != "ha-label", "the keyboard of a phone would cover the picture"
    narrow, wide = spot(page, 200, 150), spot(page, 300, 150)
    for kind, spread in (("touchStart", 0), ("touchMove", 25), ("touchMove", 50), ("touchEnd", None)):
        points = [] if spread is None else [(narrow[0] - spread, narrow[1]), (wide[0] + spread, wide[1])]
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    view = [float(word) for word in (page.locator(".ha-svg").get_attribute("viewBox") or "").split()]
    assert view[2] < 0.75 * 640, "two fingers zoom"
    page.get_by_role("button", name="Whole picture (0)").click()
    keep(page, f"3-390-{scheme}")
    saved(page)


def test_two_items_of_the_explore_tab_are_corrected_in_a_copy(
    explorer: ExplorerPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path))
    items, edges = explorer.view.items, explorer.view.hierarchy.edges
    pair = int(np.flatnonzero(edges.direct & ~items.is_scene[edges.parent])[0])
    parent, child = int(edges.parent[pair]), int(edges.child[pair])
    explorer.walk(parent)
    explorer.page.locator(".hv-wide > summary").click()
    pop = explorer.page.locator(".hv-wide .hv-pop")
    pop.get_by_role("button", name="Take the selected one as A").click()
    explorer.walk(child)
    pop.get_by_role("button", name="Take the selected one as B").click()
    pop.get_by_role("button", name=f"“{items.name(child)}” is not a child of “{items.name(parent)}”").click()
    expect(pop.locator(".hc-list li")).to_contain_text("less")
    keep(explorer.page, "4-explore")
    expect(pop.locator(".ha-apply")).to_contain_text("1 change saved")
    assert not explorer.errors()
    pop.get_by_role("button", name="Use in all tabs").click()
    expect(pop.locator(".ha-apply")).to_be_hidden()
    made = Workspace.open(tmp_path / "demo-edited")
    assert not made.hierarchy.is_related(parent, child) and made.items.data_hash == items.data_hash
    assert explorer.view.hierarchy.is_related(parent, child), "the shipped demo stays as it is"
