"""Fixtures of the page tests."""

from tests.page.browser import browser, open_page

__all__ = ["browser", "open_page"]
