"""Fixtures of the page tests."""

from collections.abc import Iterator

import pytest

from hypviz.explore.view import View
from tests.page.browser import OpenPage, browser, open_page, windows
from tests.page.explorer_page import ExplorerPage, open_explorer, serve_explorer

__all__ = ["browser", "explorer", "explorer_site", "open_page", "windows"]


@pytest.fixture(scope="session")
def explorer_site() -> Iterator[tuple[str, View]]:
    """The bare explorer over the demo, once for all tests."""
    with serve_explorer() as served:
        yield served


@pytest.fixture
def explorer(open_page: OpenPage, explorer_site: tuple[str, View]) -> ExplorerPage:
    """The explorer on a fresh page."""
    return open_explorer(open_page, explorer_site)
