"""Choosing items: pinned cones and what they share, lasso and box, clicks, facets, words; and taking the set away."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.conftest import random_picture
from tests.page.explorer_page import ExplorerPage


def chosen(explorer: ExplorerPage) -> set[int]:
    """Rows of the selected set."""
    saved = explorer.run("(hypvizExplorer.link(), new URLSearchParams(location.hash.slice(1)).get('set'))")
    return set(explorer.run("Array.from(hypviz.Bits.lengthen(v[0], s.view.count).rows())", saved)) if saved else set()


# ---- cones


def test_pinned_cones_light_what_they_have_in_common_and_list_it(explorer: ExplorerPage) -> None:
    columns = explorer.points()
    scenes = np.flatnonzero(columns["depth"] == 0)
    inside = {int(row): explorer.exterior_angles(int(row)) for row in scenes[:40]}
    holds = {row: angle <= explorer.omega(row) for row, angle in inside.items()}
    first = int(scenes[0])
    second = max((row for row in inside if row != first), key=lambda row: int((holds[row] & holds[first]).sum()))
    explorer.walk(first)
    explorer.page.locator(".hv-pin").click()
    expect(explorer.page.locator(".hv-chip")).to_have_count(1)
    explorer.walk(second)
    shared = holds[first] & holds[second]
    shared[[first, second]] = False
    doubtful = np.any([np.abs(inside[row] - explorer.omega(row)) < 1e-4 for row in (first, second)], axis=0)
    expect(explorer.page.locator(".hv-common-count")).to_contain_text("inside all 2 cones")
    explorer.until("disk.look.common !== null")
    lit = explorer.lit() - {second}
    assert len(lit) > 20 and not {row for row in lit ^ set(np.flatnonzero(shared).tolist()) if not doubtful[row]}
    words = explorer.page.locator(".hv-common-count").inner_text()
    assert int(words.split()[0].replace(",", "")) == len(lit)
    cards = explorer.page.locator(".hv-common .hv-card").all()
    sums = [(inside[first] + inside[second])[int(card.get_attribute("data-row") or -1)] for card in cards]
    assert len(sums) == min(40, len(lit)) and np.all(np.diff(sums) > -1e-4), "closest to both axes first"
    explorer.page.locator(".hv-chip button").last.click()
    explorer.until("disk.look.common === null && s.disk.pins === 0")
    expect(explorer.page.locator(".hv-common")).to_be_hidden()


def test_the_slider_moves_every_pinned_cone(explorer: ExplorerPage) -> None:
    explorer.page.locator(".hv-pin").click()
    explorer.until("s.disk.pins === 1")
    narrow = explorer.page.locator(".hd-pin-edge").get_attribute("d")
    explorer.page.locator(".hv-disk").first.focus()
    for _ in range(4):
        explorer.page.keyboard.press("]")
    explorer.until("Math.abs(disk.look.pins[0].omega - s.answer.calibrated) > 0.15")
    assert explorer.page.locator(".hd-pin-edge").get_attribute("d") != narrow
    assert explorer.run("disk.look.pins[0].omega") == pytest.approx(explorer.run("s.disk.omega"), abs=0.01)


# ---- by hand


def draw(explorer: ExplorerPage, corners: list[tuple[float, float]]) -> None:
    mouse = explorer.page.mouse
    mouse.move(*corners[0])
    mouse.down()
    for corner in corners[1:]:
        mouse.move(*corner, steps=8)
    mouse.up()


def within(corners: list[tuple[float, float]], spots: np.ndarray) -> np.ndarray:
    """Winding number, by the angles under which a point sees the edges."""
    seen = np.arctan2(*(np.array([*corners, corners[0]])[None] - spots[:, None])[:, :, ::-1].transpose(2, 0, 1))
    turns = np.diff(seen, axis=1)
    return np.abs(np.mod(turns + np.pi, 2 * np.pi).sum(axis=1) - np.pi * turns.shape[1]) > np.pi


def spots_of(explorer: ExplorerPage) -> np.ndarray:
    return np.array(explorer.run("Array.from({length: s.disk.n}, (_, i) => Object.values(disk.pixelOf(i)))"))


def stage(explorer: ExplorerPage) -> tuple[float, float, float]:
    box = explorer.page.locator(".hd-stage").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"]


def test_a_lasso_selects_the_points_inside_it(explorer: ExplorerPage) -> None:
    explorer.page.locator("[data-tool=lasso]").click()
    x, y, side = stage(explorer)
    shape = [(0.2, 0.2), (0.5, 0.35), (0.75, 0.2), (0.6, 0.55), (0.3, 0.6)]  # not convex
    corners = [(x + u * side, y + v * side) for u, v in shape]
    draw(explorer, corners)
    expect(explorer.page.locator(".hv-set h3")).to_contain_text("items")
    spots = spots_of(explorer)
    wanted = set(np.flatnonzero(within(corners, spots)).tolist())
    found = chosen(explorer)
    blurred = {row for row in found ^ wanted if min(abs(np.hypot(*(spots[row] - corner))) for corner in corners) > 4}
    assert len(wanted) > 100 and len(blurred) <= 0.01 * len(wanted)
    assert explorer.lit() - {explorer.run("s.answer.row")} <= found
    explorer.page.keyboard.press("Escape")
    assert explorer.run("s.disk.tool") == "move" and explorer.run("s.disk.view.zoom") == 1


def test_shift_draws_a_box_and_shift_click_takes_single_points_in_and_out(explorer: ExplorerPage) -> None:
    x, y, side = stage(explorer)
    explorer.page.keyboard.down("Shift")
    draw(explorer, [(x + 0.55 * side, y + 0.55 * side), (x + 0.7 * side, y + 0.7 * side)])
    explorer.page.keyboard.up("Shift")
    expect(explorer.page.locator(".hv-set")).to_be_visible()
    low, high = np.array([x, y]) + 0.55 * side, np.array([x, y]) + 0.7 * side
    spots = spots_of(explorer)
    wanted = set(np.flatnonzero(((spots > low) & (spots < high)).all(axis=1)).tolist())
    assert chosen(explorer) == wanted and len(wanted) > 10
    row = next(iter(sorted(wanted)))
    explorer.page.locator(".hd-stage").scroll_into_view_if_needed()
    px, py = explorer.pixel(row)
    picked = explorer.run("disk.paint.find([v[0], v[1]], 14).row", px - x, py - y)
    for expected in (wanted ^ {picked}, wanted):
        explorer.page.keyboard.down("Shift")
        explorer.page.mouse.click(px, py)
        explorer.page.keyboard.up("Shift")
        explorer.page.wait_for_timeout(400)
        assert chosen(explorer) == expected
    explorer.page.get_by_role("button", name="Clear").click()
    expect(explorer.page.locator(".hv-set")).to_be_hidden()


# ---- by words and facets


def test_search_and_facets_narrow_down_with_true_counts(explorer: ExplorerPage) -> None:
    menu = explorer.menu("Find")
    expect(menu.locator(".hv-found")).to_have_text(f"{explorer.run('s.view.count'):,} items")
    menu.locator(".hv-search").fill("WHEEL")
    columns = explorer.points()
    named = np.array(["wheel" in name for name in explorer.view.items.classes] + [False])[columns["label"]]
    expect(menu.locator(".hv-found")).to_have_text(f"{named.sum():,} items")
    levels = menu.locator(".hv-facet", has_text="Level")
    for depth in np.unique(columns["depth"][named]):
        name = explorer.run("disk.paint.header.depths[v[0]].name", int(depth))
        entry = levels.locator("label").filter(has=explorer.page.get_by_text(name, exact=True))
        expect(entry.locator("i")).to_have_text(f"{(columns['depth'][named] == depth).sum():,}")
    depth = int(columns["depth"][named][0])
    levels.get_by_label(explorer.run("disk.paint.header.depths[v[0]].name", depth), exact=False).first.check()
    wanted = np.flatnonzero(named & (columns["depth"] == depth))
    expect(menu.locator(".hv-found")).to_have_text(f"{len(wanted):,} items")
    menu.get_by_role("button", name="Show these").click()
    expect(explorer.page.locator(".hv-set")).to_be_visible()
    assert chosen(explorer) == set(wanted.tolist())


@pytest.mark.parametrize("name", ["Same picture", "In this cone", "Contradictions"])
def test_shortcuts_select_what_they_say(explorer: ExplorerPage, name: str) -> None:
    row, omega = explorer.run("[s.answer.row, s.disk.omega]")  # before: the first of what is selected becomes the selected item
    explorer.menu("Find").get_by_role("button", name=name).click()
    expect(explorer.page.locator(".hv-set")).to_be_visible()
    columns = explorer.points()
    wanted = {
        "Same picture": columns["image"] == columns["image"][row],
        "In this cone": explorer.exterior_angles(row) <= omega,
        "Contradictions": (columns["flags"] & 3) > 0,
    }[name]
    difference = chosen(explorer) ^ set(np.flatnonzero(wanted).tolist())
    assert len(difference) <= (3 if name == "In this cone" else 0) and wanted.sum() > 1


# ---- the set


def test_the_set_opens_as_gallery_and_table_from_general_to_specific_and_leaves_as_files(explorer: ExplorerPage, tmp_path: Path) -> None:
    menu = explorer.menu("Find")
    menu.locator(".hv-search").fill("wheel")
    menu.locator(".hv-search").press("Enter")
    explorer.page.wait_for_selector(".hv-tile")
    wanted = chosen(explorer)
    radii = explorer.points()["radius"]
    tiles = [int(tile.get_attribute("data-row") or -1) for tile in explorer.page.locator(".hv-tile").all()]
    assert tiles == sorted(wanted, key=lambda row: (radii[row], row))[:60]
    explorer.page.get_by_role("button", name="show 60 more").click()
    expect(explorer.page.locator(".hv-tile")).to_have_count(min(120, len(wanted)))
    explorer.page.get_by_role("button", name="Table").click()
    lines = explorer.page.locator(".hv-set-list tr[data-row]")
    expect(lines).to_have_count(60)
    assert f"{radii[tiles[0]]:.3f}" in lines.first.inner_text()
    ids = {str(explorer.view.items.item_id[row]) for row in wanted}
    for format, ending in (("CSV", "csv"), ("COCO", "coco.json")):
        explorer.page.locator(".hv-set .hv-menu > summary").click()
        with explorer.page.expect_download() as waiting:
            explorer.page.locator(".hv-set .hv-row", has_text=format).click()
        file = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(file)
        assert file.name.endswith(ending)
        if ending == "csv":
            assert {line["item_id"] for line in csv.DictReader(file.open(encoding="utf-8"))} == ids
        else:
            assert {box["hypviz"]["item_id"] for box in json.loads(file.read_text(encoding="utf-8"))["annotations"]} == ids


# ---- what must not be lost


def test_what_is_on_its_way_is_not_lost_when_the_cone_changes(explorer: ExplorerPage) -> None:
    before, wanted = explorer.run("s.answer.row"), explorer.run("s.answer.children[3].row")
    explorer.run("(hypvizExplorer.walk({row: v[0]}), document.querySelector('[data-by=nearest]').click())", wanted)
    explorer.until("s.answer.row === v[0] && s.answer.elsewhere.by === 'nearest'", wanted)
    explorer.page.locator(".hv-back").click()
    explorer.until("s.answer.row === v[0]", before)


def test_an_upload_arrives_though_the_slider_moves_meanwhile(explorer: ExplorerPage, tmp_path: Path) -> None:
    random_picture((90, 60)).save(tmp_path / "own.png")
    explorer.page.set_input_files(".hv-upload input", tmp_path / "own.png")
    explorer.page.locator(".hv-omega").focus()
    for _ in range(5):
        explorer.page.keyboard.press("ArrowRight")
    explorer.until("s.query.upload && s.disk.extra === 1")


def test_looking_for_what_is_not_there_keeps_the_selection(explorer: ExplorerPage) -> None:
    explorer.menu("Find").get_by_role("button", name="Same picture").click()
    explorer.until("s.set > 1")
    size = explorer.run("s.set")
    explorer.menu("Find").get_by_role("button", name="Unlabelled").click()
    expect(explorer.page.locator(".hv-found")).to_contain_text("no such item")
    assert explorer.run("s.set") == size


def test_keys_work_on_a_page_just_opened_and_after_a_click_on_a_card(explorer: ExplorerPage) -> None:
    page = explorer.page
    page.keyboard.press("?")
    expect(page.locator(".hv-help[open]")).to_be_visible()
    page.keyboard.press("Escape")
    start = explorer.run("s.answer.row")
    page.locator(".hv-children .hv-card").nth(2).focus()
    page.keyboard.press("Enter")
    explorer.until("s.answer.row !== v[0]", start)
    strips = page.evaluate("document.activeElement.closest('.hv-strip') !== null || document.activeElement === document.body")
    assert strips, "the focus goes on in the new list, or is nowhere"
    page.keyboard.press("c")
    explorer.until("s.pins.length > 0")
    page.keyboard.press("Backspace")
    explorer.until("s.answer.row === v[0]", start)


def test_keys_leave_an_aperture_alone(explorer: ExplorerPage) -> None:
    explorer.menu("Show").get_by_label("Narrower farther out").check()
    explorer.close_menu()
    explorer.until("document.querySelector('.hv-omega').disabled")
    before = explorer.page.locator(".hv-omega-value").inner_text(), explorer.page.locator(".hv-omega").input_value()
    explorer.page.keyboard.press("]")
    explorer.page.wait_for_timeout(200)
    assert (explorer.page.locator(".hv-omega-value").inner_text(), explorer.page.locator(".hv-omega").input_value()) == before


def test_the_last_chosen_layout_wins(explorer: ExplorerPage) -> None:
    page = explorer.page
    slow = """(window.plain = window.fetch, window.fetch = async (address, options) => {
      if (String(address).includes("points?layout=umap")) await new Promise((resolve) => setTimeout(resolve, 1500));
      return window.plain(address, options);
    }, null)"""
    explorer.run(slow)
    menu = explorer.menu("Layout")
    menu.get_by_label("UMAP of directions").first.check()
    menu.get_by_label("Tangent PCA").first.check()
    explorer.until("disk.paint.header.layout === 'pca'")
    page.wait_for_timeout(2500)
    assert explorer.run("disk.paint.header.layout") == "pca"
    expect(page.locator(".hv-menu > summary", has_text="Layout:")).to_contain_text("Tangent PCA")
    assert "layout=pca" in page.url
    expect(page.locator(".hd-note")).to_be_hidden()
