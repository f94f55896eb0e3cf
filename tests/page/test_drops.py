"""Files dropped on the page, as the browser gets them from the desktop: a picture, a folder, a zip, loose pictures."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hypviz.explore.library import Library
from tests.conftest import random_picture
from tests.page.browser import OpenPage
from tests.page.explorer_page import ExplorerPage
from tests.page.tab_page import serve_tabs


@pytest.fixture
def tabs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Annotate and Fine-tune with a home folder of their own; yields the server's address."""
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    with serve_tabs(Library(device="cpu"), ("demo", "demo")) as address:
        yield address


@pytest.fixture
def boxed(tmp_path: Path) -> Path:
    """A folder of 130 small pictures with COCO boxes of two classes: more than a browser lists of a folder at once."""
    folder = tmp_path / "my cars"
    (folder / "images").mkdir(parents=True)
    images, boxes = [], []
    for number in range(130):
        random_picture((64, 48), number).save(folder / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 48})
        for part, bbox in enumerate([[2, 2, 56, 40], [10, 10, 20, 16]]):
            boxes.append({"id": 2 * number + part, "image_id": number, "category_id": part + 1, "bbox": bbox})
    categories = [{"id": 1, "name": "car"}, {"id": 2, "name": "wheel"}]
    (folder / "annotations.json").write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))
    return folder


def drop(page: Page, target: str, paths: Sequence[Path]) -> None:
    """Drag files from the desktop over the middle of a node, and let go of them there."""
    box = page.locator(target).bounding_box()
    assert box
    spot = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver"):
        session.send("Input.dispatchDragEvent", {"type": kind, **spot, "data": data})
    expect(page.locator(f"{target}.ht-over, {target}.hv-drop")).to_have_count(1)  # it says that it would take them
    session.send("Input.dispatchDragEvent", {"type": "drop", **spot, "data": data})
    expect(page.locator(f"{target}.ht-over, {target}.hv-drop")).to_have_count(0)


def test_a_picture_dropped_on_the_explorer_is_placed(explorer: ExplorerPage, tmp_path: Path) -> None:
    path = tmp_path / "my street #2.png"
    random_picture((120, 90), 1).save(path)
    drop(explorer.page, ".hv-root", [path])
    explorer.until("s.query.upload && s.disk.extra === 1")
    expect(explorer.page.locator(".hv-caption")).to_contain_text(path.name)


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_set_dropped_on_the_explorer_is_taken_in_and_opened_with_the_checkpoint_that_suits(
    explorer: ExplorerPage, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "my cars"
    folder.mkdir()
    random_picture((64, 48), 1).save(folder / "0.png")
    with zipfile.ZipFile(tmp_path / "my cars.zip", "w") as archive:
        archive.write(folder / "0.png", "0.png")
    page, sent = explorer.page, []
    page.route(
        "**/tune/set?to_draw=true", lambda route: (sent.append(route.request.headers["x-file-name"]), route.fulfill(json={"intake": "7"}))
    )
    page.route("**/tune/intake/7", lambda route: route.fulfill(json={"state": "done", "set": "my cars-1"}))
    page.route("**/tune/set/my%20cars-1", lambda route: route.fulfill(json={"suited": "photos"}))
    page.evaluate("window.opened = []; window.hypvizOpen = (...choice) => opened.push(choice); 0")
    drop(page, ".hv-root", [folder if kind == "folder" else tmp_path / "my cars.zip"])
    page.wait_for_function("window.opened.length")
    assert page.evaluate("opened") == [["my cars-1", "photos"]] and sent == ["my%20cars.zip"]
    expect(page.locator(".hv-error")).to_be_hidden()
    expect(page.locator(".hv-notice[role=status]:visible")).to_have_count(0)


def test_a_file_that_is_no_picture_dropped_there_gets_a_sentence(explorer: ExplorerPage, tmp_path: Path) -> None:
    before = explorer.run("s.query")
    (tmp_path / "notes.png").write_text("no picture")
    drop(explorer.page, ".hv-root", [tmp_path / "notes.png"])
    expect(explorer.page.locator(".hv-error")).to_contain_text("notes.png")
    assert explorer.run("s.query") == before


def test_a_folder_dropped_to_learn_from_is_taken_in_whole(tabs: str, boxed: Path, open_page: OpenPage) -> None:
    page = open_page(f"{tabs}/tune")
    page.wait_for_selector(".hv-root[data-state=ready]")
    drop(page, ".ht-drop", [boxed])
    expect(page.locator(".ht-summary")).to_contain_text("my cars 130 pictures, 260 boxes, 2 classes")
    assert page.evaluate("opened") == [[None, None]], "the picker of data knows it"
    page.get_by_role("button", name="Look at them in Explore").click()
    assert page.evaluate("opened.at(-1)[0]").startswith("my cars-")


def test_a_zip_dropped_to_learn_from_is_taken_in(tabs: str, boxed: Path, open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(boxed.rglob("*.*")):
            archive.write(file, file.relative_to(boxed))
    page = open_page(f"{tabs}/tune")
    page.wait_for_selector(".hv-root[data-state=ready]")
    drop(page, ".ht-drop", [path])
    expect(page.locator(".ht-summary")).to_contain_text("packed 130 pictures, 260 boxes")


def test_pictures_dropped_on_the_annotator_can_be_drawn_on(tabs: str, boxed: Path, open_page: OpenPage) -> None:
    page = open_page(f"{tabs}/annotate")
    page.wait_for_selector(".hv-root[data-state=ready]")
    page.get_by_role("button", name="Open pictures …").click()
    drop(page, ".ha-open", sorted((boxed / "images").glob("1?.png")))
    expect(page.locator(".ha-of")).to_have_text("of 10")
    expect(page.locator(".ha-open")).to_be_hidden()
