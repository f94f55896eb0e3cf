"""The button that proposes boxes for pictures without any, pressed with a real mouse: progress, stop, going on, and the new set."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hypviz.data.formats.detect import open_dataset
from hypviz.errors import DataError
from hypviz.explore.proposing import set_name
from hypviz.inference.propose import _Looking
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import MakePicture
from tests.page.explorer_page import explorer_on
from tests.worlds import TinyWorld


def press(page: Page, button: Locator) -> None:
    """With the mouse, at the middle of a button."""
    expect(button).to_be_enabled()
    box = button.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_boxes_are_proposed_from_the_notice_stopped_and_gone_on_with(
    browser: Browser, home: Path, tiny_world: TinyWorld, tmp_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_picture(tmp_path / "photos" / f"{number}.png", (72, 60), seed=number)
    import_workspace(tmp_path / "ws", open_dataset(tmp_path / "photos"), name="holiday")
    look, may_go_on, looked = _Looking.at, threading.Event(), []

    def at(looking: _Looking, image: int) -> Any:
        if image == 1:
            assert may_go_on.wait(90)
        if image == 2 and 2 not in looked:
            looked.append(image)
            raise DataError("2.png: the file ends too early.")
        looked.append(image)
        return look(looking, image)

    monkeypatch.setattr(_Looking, "at", at)
    with explorer_on(browser, tmp_path / "ws", str(tiny_world.checkpoint)) as explorer:
        page = explorer.page
        page.evaluate("() => { window.opened = []; window.hypvizOpen = (...choice) => opened.push(choice); }")
        line, go = page.locator(".hv-propose"), page.locator(".hv-propose-go")
        expect(page.locator(".hv-notice")).to_contain_text("These pictures have no boxes")
        expect(line).to_contain_text("in a new set; this one stays as it is. 3 pictures take less than a minute on a free CPU core.")
        expect(line).to_contain_text("Nobody checks the boxes")
        expect(go).to_have_text("Propose boxes")
        press(page, go)
        expect(line).to_contain_text("Proposing boxes: looked at 1 of 3 pictures")
        assert 0 < float(page.locator(".hv-propose progress").evaluate("(node) => node.value")) < 1
        expect(page.locator(".hv-notice-close")).to_be_hidden()
        press(page, line.get_by_role("button", name="Stop"))
        expect(line).to_contain_text("stopping …")
        may_go_on.set()
        expect(line).to_contain_text("2 of 3 pictures are done and kept.")
        expect(go).to_have_text("Go on proposing boxes")
        press(page, go)
        expect(line.get_by_role("alert")).to_have_text("2.png: the file ends too early.")
        press(page, go)
        expect(go).to_have_text("Open the set with proposed boxes")
        assert looked == [0, 1, 2, 2], "no picture is looked at again"
        name = set_name(explorer.view)
        assert Workspace.open(home / name).name == "holiday, proposed boxes"
        assert page.evaluate("opened") == [[name, None]], "whoever pressed the button is taken there"
        press(page, go)
        assert page.evaluate("opened") == [[name, None]] * 2
