"""The first screen at three sizes with a real mouse and finger, finding, the gallery, and the notice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import open_dataset
from hypviz.explore.view import View
from hypviz.workspace.importing import import_workspace
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer

WIDE = [(1280, 800), (1440, 900)]
HEADER = 52
"""Pixels that the whole page has above the bare explorer of these tests; test_explore.py measures the whole page."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def keep(explorer: ExplorerPage, name: str) -> None:
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        explorer.page.wait_for_timeout(900)
        explorer.page.screenshot(path=f"{folder}/{name}.png")


def box_of(explorer: ExplorerPage, selector: str) -> tuple[float, float, float, float]:
    box = explorer.page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def found(explorer: ExplorerPage, words: str) -> None:
    menu = explorer.menu("Find")
    menu.locator(".hv-search").fill(words)
    menu.locator(".hv-search").press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", WIDE)
def test_disk_picture_and_the_first_row_are_in_sight_at_once(
    open_page: OpenPage, explorer_site: tuple[str, View], size: tuple[int, int], scheme: str
) -> None:
    width, height = size
    explorer = open_explorer(open_page, explorer_site, viewport={"width": width, "height": height}, color_scheme=scheme)
    explorer.page.wait_for_selector(".hv-here .hv-card")
    for selector in (".hd-stage", ".hv-frame", ".hv-here .hv-card", ".hv-band .hv-card"):
        left, top, right, bottom = box_of(explorer, selector)
        assert left >= 0 and top >= 0 and right <= width and bottom <= height - HEADER, (
            f"{selector} is not wholly in sight: {(left, top, right, bottom)}"
        )
    stage, frame = box_of(explorer, ".hd-stage"), box_of(explorer, ".hv-frame")
    assert stage[2] <= frame[0], "side by side"
    assert stage[2] - stage[0] >= 0.6 * (height - HEADER), "the disk is as large as the window allows"
    tops = {
        round(box_of(explorer, selector)[1] / 12) for selector in (".hv-bar > .hv-menu", ".hv-gallery-open", ".hv-omega", ".hv-help-open")
    }
    assert len(tops) <= 2, "one line of tools"
    assert explorer.page.evaluate("document.documentElement.scrollWidth") <= width
    keep(explorer, f"first-{width}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_a_tap_shows_the_answer_over_the_disk(open_page: OpenPage, explorer_site: tuple[str, View], scheme: str) -> None:
    phone = open_explorer(open_page, explorer_site, color_scheme=scheme, **PHONE)
    left, top, right, bottom = box_of(phone, ".hd-stage")
    assert left >= 0 and top >= 0 and right <= 390 and bottom <= 844 - HEADER
    expect(phone.page.locator(".hv-frame")).to_be_hidden()
    peek = phone.page.locator(".hv-peek")
    expect(peek).to_be_visible()
    said = f"{phone.run('s.answer.here.length')} boxes in it, {phone.run('s.answer.elsewhere.total'):,} in its cone elsewhere"
    expect(peek).to_contain_text(said)
    expect(peek).to_contain_text(f"(chance {round(100 * phone.run('s.answer.elsewhere.belong.chance'))} %)")
    phone.page.wait_for_function("document.querySelector('.hv-peek img').naturalWidth > 0")
    _, above, _, foot = box_of(phone, ".hv-peek")
    assert foot <= 844 and above >= box_of(phone, ".hd-stage")[3], "it covers nothing of the disk"
    keep(phone, f"phone-{scheme}")
    row = phone.run("s.answer.listed[0]")
    phone.page.touchscreen.tap(*phone.pixel(row))
    phone.until("s.answer.row !== s.view.start")
    for selector in (".hv-frame", ".hv-here .hv-card"):
        expect(phone.page.locator(selector).first).to_be_visible()
        phone.page.wait_for_function(
            "(name) => { const b = document.querySelector(name).getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; }",
            arg=selector,
        )
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    keep(phone, f"phone-tap-{scheme}")
    expect(peek).to_be_hidden()
    phone.page.locator(".hv-sheet-close").tap()
    expect(phone.page.locator(".hv-frame")).to_be_hidden()
    peek.tap()
    expect(phone.page.locator(".hv-frame")).to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (360, 640), (1280, 800), (1440, 900), (1280, 700)])
def test_no_tool_and_no_name_of_the_cone_lies_on_the_disk(
    open_page: OpenPage, explorer_site: tuple[str, View], size: tuple[int, int]
) -> None:
    width, height = size
    touch = {"has_touch": True, "is_mobile": True} if width < 700 else {}
    explorer = open_explorer(open_page, explorer_site, viewport={"width": width, "height": height}, **touch)
    page = explorer.page

    def nothing_on_the_disk() -> None:
        left, top, right, bottom = box_of(explorer, ".hd-rim")
        middle, radius = np.array([(left + right) / 2, (top + bottom) / 2]), (right - left) / 2
        assert radius > 0.45 * (box_of(explorer, ".hd-stage")[2] - box_of(explorer, ".hd-stage")[0]), "the whole disk is drawn"
        names = [".hd-aside"] if width < 700 else []
        for selector in [*(f"[data-tool={name}]" for name in ("focus", "home", "lasso", "box")), *names]:
            box = np.array(box_of(explorer, selector))
            nearest = np.clip(middle, box[:2], box[2:])
            assert np.hypot(*(nearest - middle)) > radius, f"{selector} covers a part of the disk: {box}"
            assert box[0] >= 0 and box[2] <= width, f"{selector} is cut off"

    def press(selector: str) -> None:
        if touch:
            page.locator(selector).tap()
        else:
            page.locator(selector).click()

    nothing_on_the_disk()
    before = explorer.run("s.disk.focus")
    press("[data-tool=focus]")
    expect(page.locator("[data-tool=focus]")).to_have_attribute("aria-pressed", "false" if before else "true")
    nothing_on_the_disk()
    if touch:
        expect(page.locator(".hd-cone-name")).to_have_count(0)
        expect(page.locator(".hd-aside")).to_contain_text("cone")
    press("[data-tool=lasso]")
    expect(page.locator("[data-tool=lasso]")).to_have_attribute("aria-pressed", "true")
    press("[data-tool=home]")
    nothing_on_the_disk()


def test_what_is_found_is_zoomed_to_and_its_first_item_shown_without_the_old_marks(explorer: ExplorerPage) -> None:
    columns = explorer.points()
    wanted = np.flatnonzero(columns["label"] == list(explorer.view.items.classes).index("sailboat"))
    explorer.until("document.querySelectorAll('.hd-child').length > 0")
    found(explorer, "sailboat")
    first = int(wanted[np.argmin(columns["radius"][wanted])])
    explorer.until("s.answer.row === v[0]", first)
    explorer.until("s.disk.view.zoom > 1.5 || Math.hypot(...s.disk.view.centre) > 0.05")
    expect(explorer.page.locator(".hd-child")).to_have_count(0)
    stage = box_of(explorer, ".hv-disk")
    spots = np.array([explorer.pixel(int(row)) for row in wanted])
    inside = (spots > stage[:2]).all(axis=1) & (spots < stage[2:]).all(axis=1)
    assert inside.mean() >= 0.85, "what was found is in sight"
    explorer.page.locator(".hv-set .hv-tile").nth(1).click()
    explorer.until("document.querySelectorAll('.hd-child').length > 0")
    keep(explorer, "found")


def test_the_whole_set_is_one_click_away_as_pictures_in_several_orders(explorer: ExplorerPage) -> None:
    page, items, radii = explorer.page, explorer.view.items, np.asarray(explorer.view.embedding.radii)
    page.get_by_role("button", name="Pictures", exact=True).click()
    expect(page.locator(".hv-disk").first).to_be_hidden()
    tiles = page.locator(".hv-pictures .hv-tile")
    expect(page.locator(".hv-gallery-count")).to_have_text(f"{len(items.images)} pictures")
    scenes = items.offsets[:-1]
    orders = {
        "radius": scenes[np.argsort(radii[scenes], kind="stable")],
        "row": scenes,
    }
    for name, rows in orders.items():
        page.get_by_label("Order", exact=True).select_option(name)
        page.wait_for_function("(row) => document.querySelector('.hv-pictures .hv-tile')?.dataset.row === row", arg=str(rows[0]))
        shown = [int(value) for value in tiles.evaluate_all("(nodes) => nodes.slice(0, 60).map((node) => node.dataset.row)")]
        assert shown == rows[:60].tolist()
    wide = tiles.first.evaluate("(node) => node.clientWidth")
    page.get_by_label("Size of the pictures").fill("200")
    assert tiles.first.evaluate("(node) => node.clientWidth") > 1.5 * wide
    page.get_by_label("Order", exact=True).select_option("twins")
    page.wait_for_function("(row) => document.querySelector('.hv-pictures .hv-tile')?.dataset.row !== row", arg=str(scenes[0]))
    row = int(tiles.nth(2).get_attribute("data-row") or -1)
    tiles.nth(2).click()
    explorer.until("s.answer.row === v[0]", row)
    expect(page.locator(".hv-pictures .is-chosen")).to_have_attribute("data-row", str(row))
    expect(page.locator(".hv-frame")).to_be_visible()
    keep(explorer, "pictures")
    page.keyboard.press("g")
    expect(page.locator(".hv-disk").first).to_be_visible()


def test_a_notice_stands_above_everything_leads_on_and_stays_away_once_read(explorer: ExplorerPage) -> None:
    page = explorer.page
    expect(page.locator(".hv-notice")).to_be_hidden()
    told = {
        "text": "This model does hardly better than chance on these pictures.",
        "action": {"label": "Use photos", "checkpoint": "photos"},
    }
    page.evaluate("window.hypvizOpen = (...asked) => (window.asked = asked)")
    explorer.run("hypvizExplorer.open({...s.view, notice: v[0]})", told)
    expect(page.locator(".hv-notice")).to_contain_text("hardly better than chance")
    assert box_of(explorer, ".hv-notice")[3] <= box_of(explorer, ".hv-bar")[1]
    page.get_by_role("button", name="Use photos").click()
    assert page.evaluate("window.asked") == [None, "photos"]
    page.locator(".hv-notice-close").click()
    expect(page.locator(".hv-notice")).to_be_hidden()
    explorer.run("hypvizExplorer.open({...s.view, notice: v[0]})", told)
    expect(page.locator(".hv-notice")).to_be_hidden()


def test_a_model_that_knows_nothing_of_the_photographs_says_so_and_offers_another(
    open_page: OpenPage, shared_data: Path, tmp_path: Path
) -> None:
    content = json.loads((shared_data / "car_parts" / "annotations.json").read_text())
    content["images"] = content["images"][:60]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [box for box in content["annotations"] if box["image_id"] in kept]
    (tmp_path / "cars.json").write_text(json.dumps(content))
    made, _ = import_workspace(tmp_path / "cars", read_coco(tmp_path / "cars.json", shared_data / "car_parts" / "images"), name="cars")
    with serve_explorer(made.folder, "demo") as site:
        explorer = open_explorer(open_page, site, viewport={"width": 1280, "height": 800})
        notice = explorer.page.locator(".hv-notice")
        expect(notice).to_contain_text("This model does hardly better than chance on these pictures")
        explorer.page.evaluate("window.hypvizOpen = (...asked) => (window.asked = asked)")
        notice.get_by_role("button", name="Open them with photos").click()
        assert explorer.page.evaluate("window.asked") == [None, "photos"]
        keep(explorer, "notice")


def test_words_are_explained_under_the_question_mark(explorer: ExplorerPage) -> None:
    explorer.page.locator(".hv-help-open").click()
    words = explorer.page.locator(".hv-help")
    for name in ("Root", "Cone", "Calibrated", "Similar, more general", "Level"):
        expect(words.get_by_text(name, exact=True)).to_be_visible()
    keep(explorer, "words")


@pytest.mark.parametrize("width", [1280, 390])
def test_photographs_without_boxes_are_similar_and_contain_nothing(
    width: int, open_page: OpenPage, shared_data: Path, tmp_path: Path
) -> None:
    pictures = tmp_path / "holiday"
    pictures.mkdir()
    for file in sorted((shared_data / "photos" / "images").iterdir())[:12]:
        (pictures / file.name).write_bytes(file.read_bytes())
    workspace, _ = import_workspace(tmp_path / "made", open_dataset(pictures), name="holiday")
    with serve_explorer(workspace.folder, "photos") as site:
        explorer = open_explorer(open_page, site, viewport={"width": width, "height": 800})
        page = explorer.page
        expect(page.locator(".hv-notice")).to_contain_text("no boxes, so nothing here says what contains what")
        expect(page.locator(".hv-children h3")).to_have_text("Most similar 6 of 11 others, by direction")
        expect(page.locator(".hv-children .hv-card")).to_have_count(6)
        assert len(set(explorer.run("s.answer.listed"))) == 6, "all others ringed would say nothing"
        title, caption = page.locator(".hv-caption strong").text_content(), page.locator(".hv-caption").text_content() or ""
        assert title in {file.name for file in pictures.iterdir()} and caption.count(title) == 1, "called by its file, once"
        labels = page.locator(".hv-children .hv-label").all_text_contents()
        assert set(labels) < {file.name for file in pictures.iterdir()}
        for claim in (".hv-parents", ".hv-path", ".hv-band-name", ".hd-cone-name"):
            expect(page.locator(claim).first).not_to_be_visible()
        assert page.locator(".hd-cone").first.get_attribute("d") in ("", None)
        expect(page.locator("button[data-by=entailment]")).to_be_disabled()
        expect(page.locator(".hv-omega")).to_be_disabled()
        assert width == 390 or "cone" not in page.locator(".hv-right").inner_text().replace("in its cone", "")
        keep(explorer, f"no-boxes-{width}")


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_no_label_of_the_disk_covers_another_or_leaves_it(width: int, open_page: OpenPage, explorer_site: tuple[str, View]) -> None:
    explorer = open_explorer(open_page, explorer_site, viewport={"width": width, "height": 844})
    scenes = np.flatnonzero(explorer.view.items.is_scene)[::40]
    for row in [int(explorer.run("s.view.start")), *map(int, scenes)]:
        explorer.walk(row)
        rects = explorer.page.evaluate(
            """[...document.querySelectorAll(".hd-cone-name, .hd-distance-label, .hd-root + .hd-root-dot + .hd-label")].map((node) => {
                 const {left, top, right, bottom} = node.getBoundingClientRect(); return [left, top, right, bottom, node.textContent]; })"""
        )
        stage = box_of(explorer, ".hv-disk")
        named = explorer.page.locator(".hd-aside").inner_text() if width < 700 else " ".join(rect[4] for rect in rects)
        assert len(rects) >= 1 and "cone" in named
        for i, one in enumerate(rects):
            assert one[0] >= stage[0] - 1 and one[2] <= stage[2] + 1, (row, one)
            for other in rects[i + 1 :]:
                apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
                assert apart, (row, one, other)
