"""Renew requirements.lock and requirements-dev.lock: every package, for every Python and platform at once, with the hashes of its files."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--quiet", "--universal", "--python-version", "3.10", "--generate-hashes", "--no-header", "--no-annotate")


def resolve(requirements: str, lock: str, *more: str) -> None:
    """Write a lock file; what it pins already stays, unless the requirements or `--upgrade` say otherwise."""
    from uv import find_uv_bin

    subprocess.run([find_uv_bin(), "pip", "compile", *OPTIONS, requirements, "--output-file", lock, *more], cwd=ROOT, check=True)


if __name__ == "__main__":
    resolve("requirements.txt", "requirements.lock")
    resolve("requirements-dev.txt", "requirements-dev.lock", "--constraints", "requirements.lock")
