"""What an import left out, on the whole page in a real browser: shown with the data it is of, gone with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hypviz.data.formats.coco import read_coco
from hypviz.explore.library import Library
from hypviz.server.server import build_site
from hypviz.workspace.importing import import_workspace
from tests.conftest import MakeCoco
from tests.page.browser import OpenPage
from tests.page.serving import serving
from tests.worlds import TinyWorld


@pytest.fixture
def site(tiny_world: TinyWorld, make_coco: MakeCoco, tmp_path: Path, home: Path) -> Iterator[str]:
    """The page on a set of which a picture and its box are gone; the tiny world, of which nothing is, can be chosen."""
    images = [{"id": number, "file_name": name, "width": 40, "height": 30} for number, name in ((1, "a.jpg"), (2, "<i>b.jpg"))]
    boxes = [{"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 9, 9]} for number in (1, 2)]
    path = make_coco(images=images, annotations=boxes)
    (tmp_path / "<i>b.jpg").unlink()
    made, _ = import_workspace(tmp_path / "ws", read_coco(path, tmp_path), name="lossy")
    library = Library(device="cpu", extra={"lossy": made.folder, "whole": tiny_world.workspace})
    checkpoint = library.add_checkpoint(str(tiny_world.checkpoint))
    with serving(build_site(library, "lossy", checkpoint)) as address:
        yield address


def test_the_report_is_shown_with_its_data(site: str, open_page: OpenPage) -> None:
    page = open_page(site, viewport={"width": 1280, "height": 900})
    report = page.locator("#hv-report details")
    expect(report.locator("summary")).to_have_text("1 of 2 images and 1 of 2 boxes that were read are kept. 1 left out.")
    expect(report.locator("li")).to_be_hidden()
    report.locator("summary").click()
    expect(report.locator("li")).to_contain_text("1 × missing")
    expect(report.locator("li")).to_contain_text("<i>b.jpg")
    with page.expect_popup() as opened:
        report.get_by_text("The whole report").click()
    assert '"count":1' in opened.value.content().replace(" ", "")
    page.wait_for_selector(".hv-root[data-ready]")
    page.evaluate("hypvizOpen('whole', null)")
    expect(page.locator("#hv-report")).to_be_hidden()
