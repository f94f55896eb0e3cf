"""The commands that the pages show: lines of code blocks, and code inside sentences."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")), *sorted((ROOT / "examples").glob("*.ipynb")),
)  # fmt: skip
PROGRAM = re.compile(
    r"^(?P<variables>(?:[A-Z_]+=\S+ +)*)"
    r"(?:\S*torchrun (?P<torchrun>.*?)-m hypviz|\S*python\S* -m hypviz|hypviz|\S*python\S* (?P<app>app\.py)|(?P<make>make))"
    r"(?P<rest> .*|)$"
)
"""What a line begins with that is a command of ours, behind variables of the environment."""
HEADING = re.compile(r"#{1,6} (.*)")
REMARK = re.compile(r"\s#\s.*| {2,}(?!-).*")
"""What stands behind a command on its line, in the pages' layout."""


@dataclass(frozen=True)
class Command:
    """A command line of a page.

    program: "hypviz" or "make".  words: what follows.  whole: stands on a line of its own, so that it says all that is needed.
    variables: NAME=VALUE before it.  torchrun: torchrun's own options where it starts the processes.  section: the heading above.
    """

    page: str
    program: str
    words: tuple[str, ...]
    whole: bool
    variables: tuple[str, ...] = ()
    torchrun: tuple[str, ...] = ()
    section: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.page}: {self.program} {shlex.join(self.words)}"


def commands() -> list[Command]:
    """Every command of every page, each once a page."""
    return list(dict.fromkeys(one for page in PAGES for one in commands_of(page.name, text_of(page))))


def text_of(page: Path) -> str:
    """A page's text; of a notebook that of its cells in words."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def commands_of(page: str, text: str) -> Iterator[Command]:
    """The commands in a page's text, in its order; a backslash at the end of a line goes on with the next."""
    lines = re.sub(r" *\\\n\s*", " ", text).splitlines()
    fenced, section = False, ""
    for line in lines:
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield from _command(page, section, line.strip(), whole=True)
        elif heading := HEADING.match(line):
            section = heading[1]
        for code in re.findall(r"`([^`\n]+)`", line):
            yield from _command(page, section, code, whole=False)


def _command(page: str, section: str, line: str, *, whole: bool) -> Iterator[Command]:
    match = PROGRAM.match(REMARK.sub("", line).rstrip())
    if match is None:
        return
    words = tuple(word for word in shlex.split(match["rest"].replace(" …", " VALUE").replace("…", "")) if not word.startswith("["))
    before = {"variables": tuple(match["variables"].split()), "torchrun": tuple(shlex.split(match["torchrun"] or "")), "section": section}
    if match["make"]:
        yield Command(page, "make", words, whole, **before)
    else:
        yield Command(page, "hypviz", (("app", *words) if match["app"] else words), whole, **before)
