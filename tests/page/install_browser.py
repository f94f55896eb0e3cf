"""Make sure that there is a browser for the page tests: an installed Chromium or Chrome, else install one.

As root on Debian or Ubuntu by apt, elsewhere Playwright's own build. Run by `make test`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


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
        commands = [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    for command in commands:
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
            sys.exit(f"error: the page tests need a browser and `{' '.join(command)}` failed; install Chromium and run again.")


if __name__ == "__main__":
    main()
