"""The folder that a section is mutated in: links to the checkout, and the settings of the library.

build/mutants/SECTION/            hypviz → the checkout's, tests → the checkout's, pyproject.toml with the library's settings
build/mutants/SECTION/mutants/    the library's: the mutated copy, verdicts, which test reaches which function
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutants.sections import Section

BESIDE = ("assets", "checkpoints", "docs", "README.md", "CHANGELOG.md")
"""What tests read of the checkout besides package and tests."""
LIMIT_S = 60
"""Seconds after which a single test counts as hanging; the slowest takes three on a quiet machine."""


def prepare(section: Section, folder: Path) -> None:
    """Lay the folder out, or bring it up to date; verdicts that are there stay."""
    inside = folder / "mutants"
    inside.mkdir(parents=True, exist_ok=True)
    for name in (section.package, "tests"):
        _link(folder / name, section.root / name)
    for name in BESIDE:
        if (section.root / name).exists():
            _link(inside / name, section.root / name)
    shared = section.root.parent / "shared"
    if shared.exists():
        _link(folder / "shared", shared)
    settings = (section.root / "pyproject.toml").read_text(encoding="utf-8") if (section.root / "pyproject.toml").exists() else ""
    # doctests would run once for every mutant that carries a copy of the docstring
    (folder / "pyproject.toml").write_text(settings.replace("--doctest-modules ", "") + _table(section), encoding="utf-8")


def _link(place: Path, target: Path) -> None:
    if not place.is_symlink():
        place.symlink_to(target, target_is_directory=target.is_dir())


def _table(section: Section) -> str:
    """The library's settings; JSON's strings and lists of strings are TOML's."""
    settings = {
        "source_paths": [section.package],
        "only_mutate": list(section.sources),
        "pytest_add_cli_args_test_selection": section.test_files(),
        "pytest_add_cli_args": [
            *("-p", "tests.mutants.plugin", "-p", "no:cacheprovider", "-p", "no:xdist"),
            # it collects all garbage several times a run, which takes longer than most tests
            *("-p", "no:unraisableexception"),
            *("-o", f"timeout={LIMIT_S}", "-o", "tmp_path_retention_policy=none"),
        ],
        # the process that forks has run no test: nothing that a test remembers (a cached world) hides a mutant
        "process_isolation": "forkserver",
        "use_git_change_detection": False,
        "on_dependency_change": "ignore",
    }
    return "\n[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
