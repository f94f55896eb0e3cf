"""The documented commands as what is run of them: each once, in the sections of their pages, with names and sizes put in place."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass

from tests.docs_run.table import COMPLETED, NAMES, NAMES_OF, NOT_RUN, SMALLER
from tests.documented import Command, commands
from tests.test_documented_commands import parse


@dataclass(frozen=True)
class Line:
    """A command line of hypviz as a page shows it; `make run` is the one that it starts.  whole: see `Command`."""

    words: tuple[str, ...]
    whole: bool
    variables: tuple[str, ...] = ()
    torchrun: tuple[str, ...] = ()

    def __str__(self) -> str:
        return shlex.join(self.words)


def line_of(command: Command) -> Line | None:
    """None for a command of make's that is not `make run`."""
    if command.program == "hypviz":
        return Line(command.words, command.whole, command.variables, command.torchrun)
    if command.words[:1] != ("run",):
        return None
    arguments = "".join(word.removeprefix("ARGS=") for word in command.words if word.startswith("ARGS="))
    return Line(("app", *shlex.split(arguments)), True)


def sections() -> dict[tuple[str, str], list[Line]]:
    """The lines to run by (page, heading), in the pages' order, each where it stands first."""
    seen: set[tuple[object, ...]] = set()
    placed: dict[tuple[str, str], list[Line]] = {}
    for command in sorted(commands(), key=lambda one: not one.whole):
        line = line_of(command)
        if line is None or (line.words, line.torchrun, line.variables) in seen:
            continue
        seen.add((line.words, line.torchrun, line.variables))
        if f"hypviz {line}".strip() not in NOT_RUN and not is_name(line):
            placed.setdefault((command.page, command.section), []).append(line)
    return placed


def is_name(line: Line) -> bool:
    """Whether a sentence only names a command that is shown whole elsewhere: `hypviz train` beside `hypviz train --workspace …`."""
    return (
        not line.whole
        and not is_complete(line)
        and any(
            other is not None and other.whole and other.words[: len(line.words)] == line.words != other.words
            for other in map(line_of, commands())
        )
    )


def is_complete(line: Line) -> bool:
    """Whether a command says all that it requires."""
    try:
        parse(line.words, whole=True)
    except Exception:
        return False
    return True


def to_run(line: Line, **places: str) -> list[str]:
    """The words that are run.  places: what stands in braces in `NAMES`."""
    text = str(line)
    command = " ".join(line.words[:2])
    names = NAMES | NAMES_OF.get(command, {})
    words = [names.get(word, word).format(**places) if word in names else os.path.expandvars(word) for word in line.words]
    fitting = [one for one in SMALLER if text == one.words or text.startswith(f"{one.words} ")]
    if fitting:
        words = max(fitting, key=lambda one: len(one.words)).applied(words)
    return [*filter(None, words), *shlex.split(COMPLETED.get(text, ("", ""))[0])]
