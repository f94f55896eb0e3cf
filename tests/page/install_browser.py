"""Make sure that there is a browser for the page tests: an installed Chromium or Chrome, else install one.

As root on Debian by apt, elsewhere Playwright's own build. Run by `make test`. The headless shell is installed, and tried first: a page
costs it 1.5 s of processor time less than Chromium, which opens a window with pages of its own around every one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = (
    "chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip
DEBIAN = ("chromium-headless-shell", "chromium")
"""Packages, the first that there is; an older release may have the second alone."""


def installed() -> bool:
    """Whether a browser is there already."""
    if os.environ.get("HYPVIZ_CHROMIUM") or any(map(shutil.which, NAMES)):
        return True
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)  # noqa: PTH110


def main() -> None:
    """Install a browser when none is there; exits with one sentence when that fails."""
    if installed():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update", "-q")
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", next(filter(known, DEBIAN), DEBIAN[-1]))
    else:
        run(sys.executable, "-m", "playwright", "install", "chromium")


def known(package: str) -> bool:
    """Whether apt could install a package."""
    return not subprocess.run(["apt-cache", "show", "-q", package], capture_output=True, check=False).returncode


def run(*command: str) -> None:
    """Run a command, or exit with one sentence."""
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"error: the page tests need a browser and `{' '.join(command)}` failed; install Chromium and run again.")


if __name__ == "__main__":
    main()
