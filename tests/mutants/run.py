"""Change one operator, number or argument of the code at a time, and see whether a test notices:  make mutants ARGS="--section metrics"

All mutants of all sections by default; `--sample 200` tries as many of each section and gives the share that was killed with its
interval. What was tried is remembered in build/mutants/SECTION, so the same command goes on where it was stopped. Survivors are tried
again once a test file of their section has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.mutants.estimate import interval, sample
from tests.mutants.folder import prepare
from tests.mutants.mutant import Mutant
from tests.mutants.sections import ROOT, SECTIONS, Section

EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
AIM = 0.9
"""Share of the mutants that the tests should kill."""


@dataclass(frozen=True)
class Outcome:
    """What became of a section: mutants that were tried, how many were killed, all there are, those that got away."""

    tried: int
    killed: int
    whole: int
    survivors: list[Mutant]

    @property
    def share(self) -> float:
        """Killed of tried; 1 when nothing was."""
        return self.killed / self.tried if self.tried else 1.0

    def line(self) -> str:
        """One line for people."""
        low, high = interval(self.killed, self.tried, self.whole)
        return f"{self.killed:,} of {self.tried:,} killed, {self.share:.1%} ({low:.1%} – {high:.1%} of all {self.whole:,})"


def listed_equivalent() -> set[tuple[str, str, str]]:
    """(where, was, now) of the mutants that are listed as equivalent."""
    entries = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []
    return {(entry["where"], entry["was"].strip(), entry["now"].strip()) for entry in entries}


def in_process(folder: Path, request: dict[str, object]) -> list[Mutant]:
    """Ask `mutating` in a process of its own; the mutants with their statuses. RuntimeError when it fails, after it said why."""
    (folder / "request.json").write_text(json.dumps(request))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="hypviz-mutants-") as own:  # other runs of pytest clear the folder that all share
        environment["PYTEST_DEBUG_TEMPROOT"] = own
        done = subprocess.run([sys.executable, "-m", "tests.mutants.mutating", "."], cwd=folder, env=environment)
    if done.returncode:
        raise RuntimeError(f"the mutants in {folder} could not be tried (status {done.returncode}); what went wrong is said above")
    return [Mutant(**each) for each in json.loads((folder / "result.json").read_text())]


def try_section(section: Section, folder: Path, *, size: int = 0, seed: int = 0, children: int = 1, budget: float = 0) -> Outcome:
    """Try a sample of a section's mutants, or all for size 0."""
    prepare(section, folder)
    equivalent = listed_equivalent()
    found = [each for each in in_process(folder, {"list": True}) if (each.where, each.was, each.now) not in equivalent]
    whole = len(found)
    chosen = set(sample([each.name for each in found], size, seed))
    tests = section.test_files()
    digest = hashlib.sha256(b"".join((section.root / test).read_bytes() for test in tests)).hexdigest() + f" {budget}"
    marker = folder / "asked.json"
    asked = json.loads(marker.read_text()) if marker.exists() else {}
    open_names = [
        each.name
        for each in found
        if each.name in chosen and each.verdict != "killed" and (each.verdict in ("untried", "undecided") or asked.get(each.name) != digest)
    ]
    if open_names:
        found = in_process(folder, {"names": open_names, "tests": tests, "children": children, "budget": budget})
        marker.write_text(json.dumps(asked | dict.fromkeys(open_names, digest)))
    tried = [each for each in found if each.name in chosen and each.verdict != "undecided"]
    survivors = [each for each in tried if each.verdict != "killed"]
    return Outcome(len(tried), len(tried) - len(survivors), whole, survivors)


def main(arguments: list[str] | None = None) -> int:
    """The command; exit status 1 when a section falls below the aim."""
    options = _options(arguments)
    short = False
    for name in options.section or SECTIONS:
        begun = time.monotonic()
        folder = options.folder / name
        how = {"size": options.sample, "seed": options.seed, "children": options.children, "budget": options.budget}
        outcome = try_section(SECTIONS[name], folder, **how)
        (folder / "survivors.txt").write_text("\n\n".join(map(_described, outcome.survivors)) + "\n", encoding="utf-8")
        print(f"{name}: {outcome.line()}, {time.monotonic() - begun:.0f} s; survivors: {folder / 'survivors.txt'}", flush=True)
        short |= outcome.share < AIM
    return int(short)


def _described(mutant: Mutant) -> str:
    was, now = (lines.replace("\n", "\n  ") for lines in (mutant.was, mutant.now))
    return f"{mutant.where}  ({mutant.verdict}, {mutant.name})\n- {was}\n+ {now}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--section", action="append", choices=list(SECTIONS), help="only this section; may be repeated")
    parser.add_argument("--sample", type=int, default=0, help="how many mutants of each section (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another sample")
    parser.add_argument("--children", type=int, default=2, help="mutants that are tried side by side")
    parser.add_argument(
        "--budget", type=float, default=0, help="seconds of tests for a mutant, the quickest first (default: all that reach it)"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutants", help="where the work lies")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
