"""The commands of the pages that are not hypviz's own: make's recipes resolve and take their options, others are run or said why not."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs_run.place import ADVISORY
from tests.docs_run.visited import free_port
from tests.documented import PAGES, PROGRAM, REMARK, ROOT, Command, commands, text_of

MAKE = {
    "audit": "run here, on one advisory",
    "docs": "tests/test_docs_site.py builds the site by its recipe",
    "test": "this is what runs the tests",
    "check": "this is what runs the tests",
    "js": "eslint, tsc and the scripts' own tests, which `make check` runs",
    "fuzz": "100,000 requests take an hour; tests/fuzz_endpoints/test_endpoints.py sends fewer",
    "fuzz-files": "100,000 inputs take an hour; tests/fuzz/test_fuzz.py tries 60 on each target",
    "soak": "half an hour; tests/test_soak.py runs the same program for a minute",
    "mutants": "days; tests/test_mutants.py changes a small package by the same program",
    "demo": "an hour, and it writes over what is shipped",
    "setup": "installs packages; tests/supply/test_cpu.py installs by its recipe from an index of its own",
    "lock": "asks the package index; tests/supply/test_supply.py holds the lock files to the requirements",
    "licences": "asks the package index; tests/supply/test_supply.py holds the page to the lock files",
}
"""Every documented target but `run`, whose page is opened by `test_commands_run.py` → why its recipe is not run whole here."""
OTHER = {
    "pip install .": "tests/test_wheel.py installs the wheel into an empty environment",
    "python -m hatchling build": "tests/test_wheel.py builds the wheel",
    "python -m http.server": "run here",
    "pip install faiss-cpu": "installed where the tests run; tests/search uses it",
    "pip install hypviz[": "the extras are held to pyproject.toml here",
    "pip install .[": "the extras are held to pyproject.toml here",
    "docker": "no Docker is at hand; tests/supply/test_docker.py reads the Dockerfile",
    "hf auth login": "asks the hub for a person's token; tests/hub is logged in by HF_TOKEN",
    "npx tsc": "make check runs it",
    "node --test": "make check runs it",
    "python benchmarks/gpu.py": "tests/test_benches.py runs it in small",
    "python -m pytest": "this is what runs the tests",
}
"""What a documented command of another program begins with → where it is run, or why nowhere."""
TARGETS = [one for one in commands() if one.program == "make" and one.words[0] != "run"]


def other_commands() -> list[str]:
    """Command lines of other programs, from code blocks and sentences."""
    lines = [line for page in PAGES for line in re.sub(r"```python.*?```", "", text_of(page), flags=re.DOTALL).splitlines()]
    codes = [line.strip() for line in lines if line.startswith("    ")] + [
        code for line in lines for code in re.findall(r"`([^`]+)`", line)
    ]
    program = re.compile(r"(?:\S*/)?(?:python3? -m )?(pip|python3?|docker|npx|npm|uvx|pipx|hf|git|node) ")
    shown = [" ".join(shlex.split(REMARK.sub("", code))) for code in codes if program.match(code) and not PROGRAM.match(code)]
    return [re.sub(r"^\S*python3? -m pip", "pip", one) for one in dict.fromkeys(shown)]


def test_the_tables_hold_what_the_pages_show_and_nothing_else() -> None:
    assert MAKE.keys() == {one.words[0] for one in TARGETS}
    shown = other_commands()
    assert len(shown) >= 12
    for line in shown:
        assert any(line.startswith(one) for one in OTHER), line
    for beginning in OTHER:
        assert any(line.startswith(beginning) for line in shown), beginning
    for why in (*MAKE.values(), *OTHER.values()):
        for path in re.findall(r"tests/[\w/.]+", why):
            assert (ROOT / path).exists(), path


def recipe(command: Command, tmp_path: Path) -> list[list[str]]:
    """The lines that make would run, where nothing is set up yet."""
    words = ["make", "-n", f"VENV={tmp_path / 'venv'}", *(word.replace("VALUE", "2") for word in command.words)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [shlex.split(line) for line in done.stdout.splitlines() if "pytest" in line or f"{tmp_path}" in line]


class _Parsed(Exception):
    pass


@pytest.mark.parametrize("command", TARGETS, ids=str)
def test_a_recipe_resolves_and_its_program_takes_the_options(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recipe(command, tmp_path)
    assert lines
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, *arguments: Any) -> Any:
        parse(parser, *arguments)
        raise _Parsed

    for words in lines:
        if "-m" in words and words[words.index("-m") + 1] != "venv":
            module = words[words.index("-m") + 1]
            assert importlib.util.find_spec(module.split(".")[0]) is not None, words
            if module.startswith("tests."):
                with monkeypatch.context() as patch, pytest.raises(_Parsed):
                    patch.setattr(sys, "argv", [module, *words[words.index(module) + 1 :]])
                    patch.setattr(argparse.ArgumentParser, "parse_args", parsed)
                    runpy.run_module(module, run_name="__main__", alter_sys=False)
        elif any(word.endswith(".py") for word in words):
            assert all((ROOT / word).is_file() for word in words if word.endswith(".py")), words


def test_the_audit_looks_the_locked_packages_up(tmp_path: Path) -> None:
    import json

    (command,) = (one for one in TARGETS if one.words[0] == "audit")
    (words,) = (line for line in recipe(command, tmp_path) if "tests/supply/audit.py" in line)
    (tmp_path / "FOLDER_OR_ZIP").mkdir()
    (tmp_path / "FOLDER_OR_ZIP" / "one.json").write_text(json.dumps(ADVISORY), encoding="utf-8")
    script = [str(ROOT / word) if word.endswith(".py") else word for word in words[1:]]
    done = subprocess.run([sys.executable, *script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "1" in done.stdout, done.stdout + done.stderr


def test_extras_that_pages_name_are_there() -> None:
    stated = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    named = {extra for page in PAGES for extra in re.findall(r"pip install \"?(?:hypviz|\.)\[(\w+)\]", text_of(page))}
    assert len(named) >= 4 and named <= set(re.findall(r"^(\w+) = ", stated, re.MULTILINE))


def test_a_published_folder_is_served_by_pythons_own_server(tmp_path: Path) -> None:
    (tmp_path / "OUT").mkdir()
    (tmp_path / "OUT" / "index.html").write_text("<title>published</title>")
    (line,) = (one for one in other_commands() if one.endswith("--directory OUT"))
    port = str(free_port())
    command = [sys.executable, *shlex.split(line)[1:], "--bind", "127.0.0.1", port]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        answer = httpx.Client(transport=httpx.HTTPTransport(retries=8)).get(f"http://127.0.0.1:{port}/")
        assert answer.status_code == 200 and "published" in answer.text
    finally:
        server.terminate()
        server.wait(20)
