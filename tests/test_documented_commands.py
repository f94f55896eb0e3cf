"""Every command in the pages is one that there is: its names, options, kinds of values and arguments, by the parser itself.

Here nothing is run; `tests/docs_run` does that.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from hypviz.cli import app
from hypviz.cli.serve import serve_page
from tests.documented import ROOT, Command, commands, commands_of

COMMANDS = commands()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z_]+) *[?:]?=", MAKEFILE, re.MULTILINE))


@cache
def program(whole: bool) -> Any:
    """The tree of commands with nothing behind it: a call reads the command line and ends.  whole False: nothing is required."""
    tree = typer.main.get_group(app)  # one of its own, which is changed here
    commands = [tree]
    while commands:
        command = commands.pop()
        commands += getattr(command, "commands", {}).values()
        command.callback = lambda **values: None
        command.no_args_is_help, command.invoke_without_command = False, not whole
        for parameter in command.params:
            parameter.required = parameter.required and whole
            if parameter.name != "help":
                parameter.callback = None  # some fetch what is named
    return tree


def parse(words: tuple[str, ...], *, whole: bool) -> None:
    """Read a command line without calling anything; the parser's own errors for what it does not know.

    whole False: a command named in a sentence, which need not state what is required.
    """
    program(whole).main(args=list(words), prog_name="hypviz", standalone_mode=False)


def check(command: Command) -> None:
    """Raise for a command that there is not."""
    if command.program == "hypviz" and command.words != ("COMMAND",):
        parse(command.words, whole=command.whole)
    if command.program == "hypviz":
        return
    stated = dict(word.split("=", 1) for word in command.words if re.match(r"[A-Z_]+=", word))
    targets = [word for word in command.words if word.split("=")[0] not in stated]
    assert targets, "make without a target"
    assert targets[0] in TARGETS, f"the Makefile has no {targets[0]}"
    assert stated.keys() <= VARIABLES, f"the Makefile reads no {stated.keys() - VARIABLES}"
    if targets[0] == "run":
        parse(("app", *shlex.split(stated.get("ARGS", ""))), whole=True)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_it_is_a_command_that_there_is(command: Command) -> None:
    check(command)


def test_the_pages_are_read_whole() -> None:
    """What the patterns would pass over in silence is counted another way."""
    by_program = [one for one in COMMANDS if one.program == "hypviz" and one.whole]
    assert len(by_program) > 60 and len([one for one in COMMANDS if one.program == "make"]) > 25
    shown = {one.words[0] for one in by_program if one.words}
    assert shown >= {"app", "data", "embed", "search", "publish", "push", "train", "finetune", "evaluate", "health", "export"}
    assert any("--backbone" in one.words and "--weights" in one.words for one in by_program), "lines that go on"
    assert any(one.page == "scaling.md" and one.words[0] == "train" for one in by_program), "behind torchrun"
    lines = [line for page in (ROOT / "docs").glob("*.md") for line in page.read_text().splitlines() if re.match(r" {4}.*-m hypviz ", line)]
    assert len(lines) <= len([one for one in COMMANDS if one.page not in ("README.md", "CONTRIBUTING.md")])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("    hypviz embed --workspace WS --colour red", "No such option.*colour"),
        ("    hypviz embedd --workspace WS", "No such command.*embedd"),
        ("    hypviz data sketch --out DIR", "No such command.*sketch"),
        ("    hypviz data", "Missing command"),
        ("    hypviz embed", "Missing parameter: workspace"),
        ("    hypviz embed WS --workspace WS", "unexpected extra argument"),
        ("    hypviz app --port soon", "integer"),
        ("    hypviz evaluate --workspace WS --checkpoint", "requires an argument"),
        ('    make run ARGS="--colour red"', "No such option.*colour"),
        ("    make cake", "has no cake"),
        ("    make test COLOUR=red", "reads no .*COLOUR"),
        ("A sentence with `python -m hypviz publish OUT --colour red` in it.", "No such option.*colour"),
    ],
)
def test_one_that_there_is_not_is_seen(line: str, why: str) -> None:
    (command,) = commands_of("a page", line)
    with pytest.raises(Exception, match=why):
        check(command)


def test_the_page_of_app_py_is_the_same_command() -> None:
    (registered,) = [one for one in app.registered_commands if one.name == "app"]
    assert registered.callback is serve_page
    assert "typer.run(serve_page)" in Path(ROOT / "app.py").read_text(encoding="utf-8")
