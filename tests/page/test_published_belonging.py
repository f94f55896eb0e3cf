"""What a published page says of how much of its lists belongs, held against the server's figures, in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from hypviz.data.items import whole_pictures
from hypviz.explore.view import View
from hypviz.server.publish import publish
from tests.page.test_focus_layout import vectors_site
from tests.page.test_publish import BELOW, demo, demo_page, published

__all__ = ["demo", "demo_page", "vectors_site"]


def check_belonging(page: Page, view: View, rows: list[int]) -> list[str]:
    """Hold what a page says of its lists against the server's figures for the very same lists; the verdicts that were met."""
    met = []
    code = "async (rows) => { await hypvizOffline.ready; return rows.map((row) => [hypvizOffline.members(row), hypvizOffline.parents(row), hypvizOffline.judged(row)]); }"  # noqa: E501
    for row, (members, parents, judged) in zip(rows, page.evaluate(code, rows), strict=True):
        scene = bool(whole_pictures(view.items)[row])
        wanted = {
            "under": view.lists.belonging.under(row, np.array(members, np.int64)),
            "over": None if scene else view.lists.belonging.over(row, np.array(parents, np.int64)),
        }
        for side, expected in wanted.items():
            assert judged[side] == (expected and pytest.approx(expected)), (row, side)
            met += [expected["verdict"]] if expected else []
    return met


def test_it_says_how_much_belongs_with_the_numbers_of_the_server(demo_page: Page, demo: View) -> None:
    demo_page.wait_for_selector(".of-children .of-card")
    rows = np.random.default_rng(5).choice(len(demo.items), 60, replace=False).tolist() + demo.items.offsets[:8].tolist()
    met = check_belonging(demo_page, demo, rows)
    assert len(met) > 60 and {"better", "none", "empty"} <= set(met), "what is met seldom is not tested"
    scene = int(demo.items.offsets[3])
    demo_page.evaluate("(row) => hypvizOffline.select(row)", scene)
    belong = demo.select({"row": scene})["elsewhere"]["belong"]
    share, chance = (round(100 * belong[name]) for name in ("share", "chance"))
    told = f"{share} % of those in other pictures are of a class in this one (chance {chance} %)"
    expect(demo_page.locator(".of-children .of-belong")).to_have_text(told)


def test_where_no_box_has_a_class_nothing_is_said_of_what_belongs(browser: Browser, vectors_site: tuple[str, View], tmp_path: Path) -> None:
    (tmp_path / BELOW).mkdir(parents=True)
    publish(vectors_site[1], tmp_path / BELOW / "vectors")
    with published(browser, tmp_path / BELOW / "vectors") as page:
        page.locator(".of-omega").fill("3")
        expect(page.locator(".of-children .of-card").first).to_be_visible()
        expect(page.locator(".of-belong")).to_have_count(0)
