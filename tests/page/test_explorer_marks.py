"""Tags, saved views and the linked histograms, by mouse and keys, in one browser and in two."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from hypviz.explore.library import DEMO
from hypviz.explore.view import View
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer

Site = tuple[str, View]


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """The explorer over a copy of the demo that may be written to."""
    shutil.copytree(DEMO.parent, tmp_path / "demo")
    (tmp_path / "demo" / "workspace" / "marks.json").unlink(missing_ok=True)
    with serve_explorer(tmp_path / "demo" / "workspace") as site:
        yield site


def kept(site: Site) -> dict[str, list[str]]:
    path = site[1].workspace.folder / "marks.json"
    tags: dict[str, list[str]] = json.loads(path.read_text())["tags"] if path.exists() else {}
    return tags


def say(explorer: ExplorerPage, name: str) -> None:
    """Type a name into the small form and send it."""
    explorer.page.locator(".hv-name input").fill(name)
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".hv-name")).to_be_hidden()


def gallery(explorer: ExplorerPage) -> None:
    explorer.page.locator(".hv-gallery-open").click()
    explorer.page.wait_for_selector(".hv-pictures .hv-tile")


def test_a_card_is_tagged_by_key_and_by_button_and_found_filtered_and_exported(own_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, own_site)
    page, ids = explorer.page, own_site[1].items.item_id
    gallery(explorer)
    tiles = page.locator(".hv-pictures .hv-tile")
    rows = [int(tiles.nth(place).get_attribute("data-row") or -1) for place in range(3)]
    tiles.nth(0).focus()
    page.keyboard.press("t")
    say(explorer, "look again")
    expect(tiles.nth(0)).to_have_attribute("data-tags", "look again")
    page.keyboard.press("ArrowRight")
    tiles.nth(1).focus()
    page.keyboard.press("t")  # the tag given last
    expect(tiles.nth(1)).to_have_attribute("data-tags", "look again")
    tiles.nth(2).hover()
    page.locator(".hv-flag").click()
    expect(tiles.nth(2)).to_have_attribute("data-tags", "look again")
    assert set(kept(own_site)["look again"]) == {str(ids[row]) for row in rows}

    tiles.nth(0).focus()
    page.keyboard.press("t")
    expect(tiles.nth(0)).not_to_have_attribute("data-tags", "look again")
    page.locator(".hv-gallery-bar [aria-label='What to show']").select_option("tag:look again")
    expect(page.locator(".hv-gallery-count")).to_have_text("2 items")
    with page.expect_download() as saved:
        page.locator(".hv-gallery-tag button", has_text="Ids").click()
    assert set(Path(saved.value.path()).read_text().split()) == {str(ids[row]) for row in rows[1:]}

    menu = explorer.menu("Find")
    menu.get_by_label("look again").check()
    menu.get_by_text("Show these").click()
    explorer.until("s.set === 2 && v.includes(s.answer.row)", *rows[1:])  # the first of them is shown
    page.locator(".hv-gallery-open").click()
    explorer.until("s.disk.size > 0")
    assert_lit(explorer, rows[1:])


def test_the_selected_item_shows_its_tags_and_they_go_by_their_cross(own_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, own_site)
    page = explorer.page
    page.locator(".hv-tag-add").click()
    say(explorer, "harbour")
    expect(page.locator(".hv-tags .hv-tag")).to_have_text("harbour×")
    explorer.walk(explorer.run("s.answer.row") + 1)
    expect(page.locator(".hv-tags .hv-tag")).to_have_count(0)
    explorer.walk(explorer.run("s.view.start"))
    page.get_by_role("button", name="Take the tag harbour away").click()
    expect(page.locator(".hv-tags .hv-tag")).to_have_count(0)
    assert kept(own_site) == {}


def test_all_that_was_found_is_tagged_at_once_renamed_and_deleted(own_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, own_site)
    page = explorer.page
    explorer.menu("Find").get_by_text("Same picture").click()
    explorer.until("s.set > 5")
    found = explorer.run("s.set")
    page.locator(".hv-set-tools button", has_text="Tag").click()
    say(explorer, "one scene")
    page.wait_for_function("() => document.querySelector('[data-tags=\"one scene\"]')")
    assert len(kept(own_site)["one scene"]) == found
    gallery(explorer)
    page.locator(".hv-gallery-bar [aria-label='What to show']").select_option("tag:one scene")
    page.locator(".hv-gallery-tag button", has_text="Rename").click()
    say(explorer, "harbour scene")
    page.wait_for_function("() => document.querySelector('[data-tags=\"harbour scene\"]')")
    assert list(kept(own_site)) == ["harbour scene"]
    page.locator(".hv-gallery-tag button", has_text="Delete tag").click()
    page.wait_for_function("() => !document.querySelector('[data-tags]')")
    assert kept(own_site) == {}


def test_what_two_browsers_tag_and_save_stays_both(own_site: Site, open_page: OpenPage) -> None:
    first, second = open_explorer(open_page, own_site), open_explorer(open_page, own_site)
    for number, explorer in enumerate((first, second)):
        explorer.walk(20 + number)
        explorer.page.locator(".hv-tag-add").click()
        say(explorer, "both")
        expect(explorer.page.locator(".hv-tags .hv-tag")).to_have_text("both×")
        menu = explorer.menu("Save")
        menu.get_by_label("Name of this view").fill("Mine")
        menu.get_by_text("Save view").click()
        expect(menu.locator(".hv-views li")).to_have_count(number + 1)
        explorer.close_menu()
    assert set(kept(own_site)["both"]) == {str(own_site[1].items.item_id[row]) for row in (20, 21)}
    menu = first.menu("Save")
    menu.get_by_role("button", name="Rename the view Mine").click()
    say(first, "Boats")
    expect(menu.locator(".hv-views b")).to_have_text(["Mine (2)", "Boats"])
    first.close_menu()
    second.menu("Save").get_by_role("button", name="Delete the view Mine", exact=True).click()
    expect(second.page.locator(".hv-error span")).to_contain_text("was renamed to 'Boats' in another browser; nothing was changed")


def test_a_saved_view_brings_back_selection_layout_filter_and_pictures(own_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, own_site)
    page = explorer.page
    explorer.walk(30)
    menu = explorer.menu("Find")
    menu.get_by_label("door").first.check()
    menu.get_by_text("Show these").click()
    explorer.until("s.set > 100 && s.answer.row !== 30")
    found, row = explorer.run("[s.set, s.answer.row]")
    gallery(explorer)
    menu = explorer.menu("Save")
    menu.get_by_label("Name of this view").fill("Doors")
    menu.get_by_text("Save view").click()
    expect(menu.locator(".hv-views li")).to_have_count(1)
    explorer.close_menu()
    page.goto(own_site[0])
    page.wait_for_selector(".hv-root[data-ready]")
    assert explorer.run("s.set") == 0
    with page.expect_navigation():
        explorer.menu("Save").get_by_title("Open the view “Doors”").click()
    page.wait_for_selector(".hv-root[data-ready]")
    explorer.until("s.answer?.row === v[0] && s.set === v[1]", row, found)
    expect(page.locator(".hv-pictures")).to_be_visible()
    expect(explorer.menu("Find").get_by_label("door").first).to_be_checked()
    explorer.menu("Save").get_by_role("button", name="Delete the view Doors").click()
    expect(page.locator(".hv-views li")).to_have_count(0)


def assert_lit(explorer: ExplorerPage, rows: list[int]) -> None:
    """The disk is at rest and lights these rows and the selected item, no other."""
    explorer.until("s.disk.selected === s.answer.row")
    explorer.run("disk.focus.busy.then(() => disk.paint.building)")
    assert explorer.lit() == set(rows) | {explorer.run("s.answer.row")}


def drag_range(explorer: ExplorerPage, start: float, end: float) -> None:
    chart, box = explorer.page.locator(".hv-hist-chart"), None
    while box is None or box != chart.bounding_box():  # until the page has come to rest
        box = chart.bounding_box()
        explorer.page.wait_for_timeout(200)
    y = box["y"] + box["height"] / 2
    explorer.page.mouse.move(box["x"] + start * box["width"], y)
    explorer.page.mouse.down()
    explorer.page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    explorer.page.mouse.up()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_brushed_range_and_a_class_light_the_items_on_disk_and_in_the_gallery(
    explorer_site: Site, open_page: OpenPage, width: int
) -> None:
    explorer = open_explorer(open_page, explorer_site, viewport={"width": width, "height": 844})
    page, view = explorer.page, explorer.view
    page.locator(".hv-hist-open").click()
    expect(page.locator(".hv-hist-words")).to_contain_text("in its cone")
    edges = np.array(view.queries.histograms({})["radius"]["edges"])
    drag_range(explorer, 4.5 / 40, 9.5 / 40)
    radii = np.asarray(view.embedding.radii, np.float64)
    inside = (radii >= edges[4]) & (radii < edges[10])
    explorer.until("s.set === v[0]", int(inside.sum()))
    row = explorer.run("s.answer.row")
    assert_lit(explorer, np.flatnonzero(inside).tolist())
    first = page.locator(".hv-hist-class").first
    most = int(np.bincount(view.items.label[inside] + 1).max())
    expect(first).to_contain_text(f"{most:,}")  # the classes of the range, no longer those of everything
    label = int(first.get_attribute("data-class") or -9)
    first.click()
    both = inside & (view.items.label == label)
    explorer.until("s.set === v[0]", int(both.sum()))
    assert_lit(explorer, np.flatnonzero(both).tolist())
    assert explorer.run("s.answer.row") == row, "the selected item stays"
    gallery(explorer)
    expect(page.locator(".hv-gallery-count")).to_contain_text(f"{int(both.sum()):,}")
    page.locator(".hv-hist-head .hv-link").click()
    explorer.until("s.set === 0")


def test_the_range_chosen_last_is_the_one_that_is_lit(explorer_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, explorer_site)
    page, view = explorer.page, explorer.view
    page.locator(".hv-hist-open").click()
    expect(page.locator(".hv-hist-words")).to_contain_text("in its cone")
    edges = np.array(view.queries.histograms({})["radius"]["edges"])
    radii = np.asarray(view.embedding.radii, np.float64)

    def beyond(first: int) -> int:
        return int((radii >= edges[first]).sum())

    held: list[Route] = []
    page.route("**/find", lambda route: route.continue_() if held else held.append(route))
    low = page.get_by_label("From this distance to the root on")
    low.fill("12")
    while not held:
        page.wait_for_timeout(20)
    low.fill("20")
    explorer.until("s.set === v[0]", beyond(20))
    with page.expect_response("**/find"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert explorer.run("s.set") == beyond(20), "an answer that was overtaken replaced a later one"
    page.evaluate(
        """() => {
            const low = document.querySelector(".hv-hist-radius input");
            low.value = 15;
            low.dispatchEvent(new Event("input"));
            document.querySelector(".hv-set-tools > button:last-child").click();  // what changes the set draws the bars anew
        }"""
    )
    explorer.until("s.set === v[0]", beyond(15))


def test_the_histograms_go_by_keyboard_and_follow_selection_and_filter(explorer_site: Site, open_page: OpenPage) -> None:
    explorer = open_explorer(open_page, explorer_site)
    page = explorer.page
    page.locator(".hv-disk").first.focus()
    page.keyboard.press("h")
    words = page.locator(".hv-hist-words")
    expect(words).to_contain_text(f"{explorer.run('s.answer.members_total'):,} in its cone")
    explorer.walk(3)
    expect(words).to_contain_text(f"{explorer.run('s.answer.members_total'):,} in its cone")
    page.get_by_label("From this distance to the root on").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    edges = explorer.view.queries.histograms({})["radius"]["edges"]
    count = int(np.count_nonzero(np.asarray(explorer.view.embedding.radii, np.float64) >= edges[3]))
    explorer.until("s.set === v[0]", count)
    expect(words).to_contain_text(f"{count:,} found")
    page.locator(".hv-hist-class").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".hv-hist-class[aria-pressed=true]")).to_have_count(1)
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true", "the focus stays on the class"
    page.wait_for_function("() => location.hash.includes('classes')")
    page.reload()
    page.wait_for_selector(".hv-root[data-ready]")
    expect(page.locator(".hv-hist-class[aria-pressed=true]")).to_have_count(1)
    explorer.until("s.answer && s.set < v[0] && s.set > 0", count)
