"""What the lock files and requirements say, as requirements of `packaging` with their hashes."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def requirements(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a file in the root, those of included files too, with the hashes that it states."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        line = line.partition(" #")[0].strip()
        if line.startswith("-r "):
            found += requirements(line[3:].strip())
        elif line and not line.startswith("#"):
            wanted, *hashes = re.split(r"\s+--hash=", line)
            found.append((Requirement(wanted), hashes))
    return found


def pinned(requirement: Requirement) -> tuple[str, str]:
    """(name, version) of an exact pin."""
    (only,) = requirement.specifier
    assert only.operator == "==", f"{requirement} is no exact pin"
    return canonicalize_name(requirement.name), only.version


def here(name: str) -> dict[str, str]:
    """Name → version of what a lock file installs on this Python and platform."""
    return dict(pinned(one) for one, _ in requirements(name) if one.marker is None or one.marker.evaluate())
