"""The class tree on the page: written and saved with the mouse, folded and checked in Find, and shown level by level."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hypviz.explore.library import DEMO
from hypviz.explore.view import View
from hypviz.storage import keeping
from hypviz.workspace.class_trees import read_taxonomy_of, write_taxonomy_of
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer

TREE = """thing
  vehicle
    bicycle
    boat
      sailboat
      ferry
    car
    truck
    bus
    tractor
  animal
    dog
    cat
    cow
    sheep
    duck
    chicken
  furniture
    chair
    table
    desk
    sofa
"""
GROUPS = {"vehicle": ("bicycle", "sailboat", "ferry", "car", "truck", "bus", "tractor")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, View]]:
    """The bare explorer over the demo, with a home folder of its own, where its class tree goes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(tmp_path_factory.mktemp("home")))
        with serve_explorer() as served:
            yield served


@pytest.fixture
def explorer(site: tuple[str, View], open_page: OpenPage) -> ExplorerPage:
    write_taxonomy_of(DEMO, None)
    assert keeping.is_shipped(DEMO)
    return open_explorer(open_page, site)


def write_tree(explorer: ExplorerPage, text: str = TREE) -> None:
    """By the mouse: Find, "Class tree…", the text, Save."""
    explorer.menu("Find").get_by_role("button", name="Class tree…").click()
    editor = explorer.page.get_by_role("dialog", name="Class tree")
    editor.get_by_role("textbox").fill(text)
    expect(editor.get_by_role("status")).to_contain_text("classes are in the class tree")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor).to_be_hidden()
    explorer.until("s.view.tree && s.answer")


def show_level(explorer: ExplorerPage, level: int) -> None:
    """By the mouse; 0 for the classes as they are."""
    explorer.menu("Show").get_by_role("radio", name=f"Level {level}" if level else "As they are").check()
    explorer.close_menu()
    explorer.until("s.view.tree.level === v[0] && document.querySelector('.hv-root').dataset.ready === s.view.key", level)


def test_a_tree_is_written_checked_while_it_is_written_and_saved(explorer: ExplorerPage) -> None:
    page = explorer.page
    expect(page.get_by_text("Classes, by the class tree")).to_have_count(0)
    explorer.menu("Find").get_by_role("button", name="Class tree…").click()
    editor = page.get_by_role("dialog", name="Class tree")
    text = editor.get_by_role("textbox")
    text.fill("vehicle\n   car\n  bus")
    expect(editor.get_by_role("status")).to_contain_text("line 3: 'bus' is indented by 2 spaces")
    expect(editor.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    text.fill("vehicle\n  car\n  Buss")
    expect(editor.get_by_role("status")).to_contain_text("Buss (near: bus, bush)")
    text.fill("vehicle\ncar\nbus")
    text.press("Control+End")
    text.press("Tab")
    expect(text).to_have_value("vehicle\ncar\n  bus")
    text.press("Escape")
    expect(editor.get_by_role("button", name="Close")).to_be_focused()
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor).to_be_hidden()
    explorer.until("s.view.tree && s.answer")
    tree = read_taxonomy_of(DEMO)
    assert tree is not None and tree.to_text() == "vehicle\ncar\n  bus\n" and not (DEMO / "taxonomy.txt").exists()
    assert explorer.errors() == []


def test_a_file_is_brought_and_removed_again(explorer: ExplorerPage, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"vehicle": ["Car", "bus"], "unheard": ["of"]}')
    explorer.menu("Find").get_by_role("button", name="Class tree…").click()
    editor = explorer.page.get_by_role("dialog", name="Class tree")
    editor.locator("input[type=file]").set_input_files(tmp_path / "mine.json")
    expect(editor.get_by_role("textbox")).to_have_value("vehicle\n  Car\n  bus\nunheard\n  of\n")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor).to_be_hidden()
    explorer.until("s.view.tree && s.answer")
    explorer.menu("Find").get_by_role("button", name="Class tree…").click()
    editor.get_by_role("button", name="Remove").click()
    expect(editor).to_be_hidden()
    explorer.until("!s.view.tree && s.answer")
    assert read_taxonomy_of(DEMO) is None


def test_a_check_of_an_inner_name_finds_all_below_it(explorer: ExplorerPage) -> None:
    write_tree(explorer)
    items = explorer.view.items
    rows = [row for row in range(len(items)) if items.name(row) in GROUPS["vehicle"]]
    menu = explorer.menu("Find")
    line = menu.locator(".hv-tree > li", has_text="vehicle")
    expect(line.locator("> label i")).to_have_text(f"{len(rows):,}")
    line.get_by_role("button", name="What is below vehicle").click()
    expect(line.get_by_text("sailboat")).to_be_hidden()  # folded
    line.get_by_role("button", name="What is below vehicle").click()
    line.locator("> label").click()
    expect(menu.locator(".hv-found")).to_have_text(f"{len(rows):,} items")
    expect(line.get_by_role("checkbox", name="ferry")).to_be_checked()
    line.get_by_role("checkbox", name="ferry").uncheck()
    expect(line.locator("> label input")).to_be_checked(indeterminate=True)
    line.get_by_role("checkbox", name="ferry").check()
    expect(menu.locator(".hv-found")).to_have_text(f"{len(rows):,} items")
    menu.get_by_role("button", name="Show these").click()
    explorer.until("s.set === v[0]", len(rows))
    assert explorer.run("Array.from(disk.look.set.rows())") == rows


def test_the_levels_change_names_colours_and_cards_and_stand_in_the_link(
    explorer: ExplorerPage, open_page: OpenPage, site: tuple[str, View]
) -> None:
    write_tree(explorer)
    row = next(row for row in range(len(explorer.view.items)) if explorer.view.items.name(row) == "ferry")
    explorer.walk(row)
    assert explorer.run("Boolean(disk.paint.focus)")
    show_level(explorer, 1)
    explorer.until("s.answer.row === v[0] && disk.paint.focus", row)  # around the selection as before
    show_level(explorer, 0)
    explorer.until("s.answer.row === v[0] && disk.paint.focus", row)
    explorer.run("disk.setFocus(false)")
    place = explorer.pixel(row)
    show_level(explorer, 1)
    explorer.until("s.answer.row === v[0]", row)
    assert explorer.run("[s.view.tree.level, s.answer.picture.title]") == [1, "vehicle"]
    assert explorer.pixel(row) == pytest.approx(place, abs=1)
    explorer.menu("Colour").get_by_role("radio", name="Class", exact=True).check()
    explorer.close_menu()
    assert {"vehicle", "animal", "furniture"} <= set(explorer.page.locator(".hd-legend").inner_text().split("\n")) | set(
        explorer.run("disk.paint.header.classes")
    )
    labels = explorer.run("s.answer.elsewhere.bands.flatMap((band) => band.classes.map((card) => card.label))")
    assert not set(labels) & set(GROUPS["vehicle"])
    explorer.page.wait_for_function("location.hash.includes('classes_as=1') && location.hash.includes('colour=class')")
    again = open_explorer(open_page, site, "#" + explorer.page.url.split("#")[1])
    assert again.run("[s.view.tree.level, s.answer.row, s.answer.picture.title]") == [1, row, "vehicle"] and again.errors() == []
    show_level(again, 2)
    again.until("s.answer.picture.title === 'boat'")
    show_level(again, 0)
    again.until("s.answer.picture.title === 'ferry'")
    assert "classes_as" not in again.page.url


def test_a_link_to_a_level_that_there_is_not_says_so(explorer: ExplorerPage, open_page: OpenPage, site: tuple[str, View]) -> None:
    again = open_explorer(open_page, site, "#classes_as=2")
    assert "no class tree" in again.errors()[0] and again.run("s.answer.row") == again.run("s.view.start")


def test_a_phone_has_the_levels_and_the_tree_too(open_page: OpenPage, site: tuple[str, View]) -> None:
    from hypviz.data.formats.taxonomy import parse_taxonomy

    write_taxonomy_of(DEMO, parse_taxonomy(TREE, "made"))
    phone = open_explorer(open_page, site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    show_level(phone, 1)
    menu = phone.menu("Find")
    expect(menu.locator(".hv-tree > li", has_text="animal")).to_be_visible()
    box, wide = menu.bounding_box(), phone.page.viewport_size
    assert box is not None and wide is not None and box["x"] >= 0 and box["x"] + box["width"] <= wide["width"]
    menu.get_by_role("button", name="Class tree…").click()
    editor = phone.page.get_by_role("dialog", name="Class tree")
    expect(editor.get_by_role("textbox")).to_have_value(TREE)
    box = editor.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= wide["width"] and box["height"] <= wide["height"]
    assert phone.errors() == []
