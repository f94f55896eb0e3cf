"""Words on the page, with a real mouse and keys, on eight photographs through a MERU checkpoint with random weights."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.page.explorer_page import ExplorerPage, explorer_on
from tests.worlds import MeruWorld


@pytest.fixture(scope="module")
def words(browser: Browser, meru_world: MeruWorld) -> Iterator[ExplorerPage]:
    """One page for all tests, as a newcomer finds it."""
    with explorer_on(browser, meru_world.workspace, str(meru_world.checkpoint)) as explorer:
        yield explorer


def keep(page: ExplorerPage, name: str) -> None:
    if folder := os.environ.get("HYPVIZ_SCREENSHOTS"):
        page.page.wait_for_timeout(900)
        page.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_typed_words_land_on_the_disk_and_retrieve_by_entailment(words: ExplorerPage) -> None:
    page = words.page
    expect(page.locator(".hv-words-how")).to_contain_text("By entailment")
    page.locator(".hv-disk").first.focus()
    page.keyboard.press("w")
    page.keyboard.type("a crowded street")
    page.keyboard.press("Enter")
    words.until("s.query?.text === v[0]", "a crowded street")
    expect(page.locator(".hv-caption strong")).to_have_text("“a crowded street”")
    text = words.view.words.query("a crowded street")
    assert words.run("s.answer.radius") == pytest.approx(text.radius, rel=1e-5)
    words.until("s.disk.extra === 1")
    # Random weights put everything behind the words: no child within ω, and one click widens the cone to the closest.
    closest = words.view.index.around(text).closest
    assert closest is not None and closest > words.view.index.omega(text)
    page.locator(".hv-children .hv-none button").click()
    words.until("s.answer.children_total > 0")
    assert words.run("s.answer.children_total") == len(words.view.index.children(text, closest + 0.03).rows)
    assert "text=a+crowded+street" in page.url
    keep(words, "words")


def test_the_way_to_the_root_in_words_is_walked_by_its_chips(words: ExplorerPage) -> None:
    page = words.page
    words.walk(words.view.describe()["start"])
    expect(page.locator(".hv-word-way h3")).to_contain_text(f"of {len(words.view.items.classes)} ")
    expect(page.locator(".hv-chips .hv-chip-root")).to_have_text("root")
    page.locator(".hv-own-words summary").click()
    page.get_by_label("Words of your own").fill("sky, a street\n")
    page.get_by_role("button", name="Use these too").click()
    expect(page.locator(".hv-word-way h3")).to_contain_text(f"of {len(words.view.items.classes) + 2} ")
    page.get_by_label("Search the pictures with words").fill("a street")
    page.get_by_role("button", name="Search", exact=True).click()
    words.until("s.query?.text === v[0]", "a street")
    chip = page.locator(".hv-chips button", has_text="a street")  # a word is the nearest to itself, and entails itself
    expect(chip).to_be_visible()
    found = words.view.to_root({"text": "a street"}, ["sky", "a street"])
    assert [one.inner_text() for one in page.locator(".hv-chips button").all()] == [w["text"] for w in found["words"] if not w["root"]]
    keep(words, "words-way")
    words.walk(3)
    expect(page.locator(".hv-chips .hv-chip-root")).to_have_text("root")
    page.locator(".hv-back").click()
    expect(chip).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.body.classList.add('dark')")
    keep(words, "words-phone-dark")
