"""One section's mutants, by mutmut: which there are, which tests reach them, what becomes of them.

All that is asked of the library stands in this file. It works on the current folder, so this runs as a process of its own in the folder
that `folder.prepare` laid out:  python -m tests.mutants.mutating request.json  writes result.json.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import io
import itertools
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from mutmut import __main__ as mutmut
from mutmut.mutation.data import MutantLineSpans, SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths, walk_mutatable_files
from mutmut.utils.format_utils import mangled_name_from_mutant_name
from mutmut.workers.isolation import MutantRunner, get_mutant_runner

from tests.mutants.behaviour import behaviour
from tests.mutants.mutant import UNREACHED, Mutant

STATS = Path("mutants/mutmut-stats.json")
DIGESTS = Path("mutants/digests.json")
PATIENCE_S = 120
"""Seconds beyond three times what its tests take before a mutant is given up undecided; a single test that hangs fails by its own limit."""


def generate() -> None:
    """Write the mutated copy; verdicts of functions that did not change stay."""
    set_mutant_under_test("mutant_generation")
    with contextlib.redirect_stdout(io.StringIO()):
        for path in walk_mutatable_files():
            if not MutantLineSpans(path=path, span_by_function_name={}).index_path.exists():
                (Path("mutants") / path).unlink(missing_ok=True)  # a file that was being written when a run was stopped
        copy_src_dir()
        copy_also_copy_files()
        setup_source_paths()
        mutmut.create_mutants(1)


def mutants() -> list[Mutant]:
    """All that behave differently by their source, in the library's order."""
    listed = []
    for path in walk_mutatable_files():
        data, spans = SourceFileMutationData(path=path), MutantLineSpans.load(path)
        data.load()
        if spans is None or not data.exit_code_by_key:
            continue
        lines = spans.mutants_path.read_text(encoding="utf-8").splitlines()
        text = {name: "\n".join(lines[span.start - 1 : span.end]) for name, span in spans.span_by_function_name.items()}
        listed += _of_file(str(path), data.exit_code_by_key, text)
    return listed


def _of_file(path: str, statuses: dict[str, int | None], text: dict[str, str]) -> Iterable[Mutant]:
    known: dict[str, str] = {}
    for name, status in statuses.items():
        short = name.rpartition(".")[2]
        original = mangled_name_from_mutant_name(short) + "__mutmut_orig"
        source = text[original]
        if known.setdefault(original, behaviour(source)) != behaviour(text[short]):
            was, now = _difference(source.replace(original, "f"), text[short].replace(short, "f"))
            yield Mutant(name, path, _function(name), was, now, status)


def _function(name: str) -> str:
    """module.function or module.Class.method."""
    module, _, mangled = mangled_name_from_mutant_name(name).rpartition(".")
    return f"{module}.{re.sub('^xǁ|^x_', '', mangled).replace('ǁ', '.')}"


def _difference(one: str, other: str) -> tuple[str, str]:
    """The lines that differ, without their margins."""
    was, now = [], []
    for line in difflib.ndiff(one.splitlines(), other.splitlines()):
        if line.startswith("- "):
            was.append(line[2:].strip())
        elif line.startswith("+ "):
            now.append(line[2:].strip())
    return "\n".join(was), "\n".join(now)


def reach(runner: MutantRunner, tests: Iterable[str]) -> None:
    """Run the unmutated tests and note which functions each reaches; only those of files that changed, where the rest is known."""
    now = {test: hashlib.sha256(Path(test).read_bytes()).hexdigest() for test in tests}
    helpers = sorted(path for path in Path("tests").rglob("*.py") if not path.name.startswith("test_") and path.parent.name != "mutants")
    sources = [str(path) for path in walk_mutatable_files()]
    now["rest"] = hashlib.sha256(b"".join(Path(path).read_bytes() for path in [*helpers, *sources])).hexdigest()
    before = json.loads(DIGESTS.read_text()) if DIGESTS.exists() and STATS.exists() else {}
    if before.get("rest") == now["rest"]:
        _forget({test for test, digest in before.items() if now.get(test) != digest})
    else:
        STATS.unlink(missing_ok=True)
    DIGESTS.unlink(missing_ok=True)
    mutmut.collect_or_load_stats(runner, invalidate_stale_callers=False)
    DIGESTS.write_text(json.dumps(now))
    set_mutant_under_test("")


def _forget(files: set[str]) -> None:
    stats = json.loads(STATS.read_text())
    stats["duration_by_test"] = {test: each for test, each in stats["duration_by_test"].items() if test.split("::")[0] not in files}
    reached = stats["tests_by_mangled_function_name"]
    stats["tests_by_mangled_function_name"] = {
        name: [test for test in tests if test.split("::")[0] not in files] for name, tests in reached.items()
    }
    STATS.write_text(json.dumps(stats))


def tests_of(name: str, budget_s: float) -> list[str]:
    """The tests that reach a mutant's function, quick ones first; as many as take no more than `budget_s` together, at least one."""
    took = state().duration_by_test
    reached = sorted(state().tests_by_mangled_function_name.get(mangled_name_from_mutant_name(name), ()), key=lambda test: took[test])
    sums = itertools.accumulate(took[test] for test in reached)
    return [test for place, (test, spent) in enumerate(zip(reached, sums, strict=True)) if spent <= budget_s or not place]


def attempt(runner: MutantRunner, names: Iterable[str], budget_s: float, on_verdict: Callable[[str, int, float], None]) -> None:
    """Try the mutants; each verdict is on disk at once, so that a run that is stopped goes on where it was."""
    took = state().duration_by_test
    data: dict[str, SourceFileMutationData] = {}
    begun: dict[str, float] = {}
    for path in walk_mutatable_files():
        entry = SourceFileMutationData(path=path)
        entry.load()
        data |= dict.fromkeys(entry.exit_code_by_key, entry)

    def record(name: str, status: int, seconds: float) -> None:
        data[name].exit_code_by_key[name] = status
        data[name].durations_by_key[name] = seconds
        data[name].save()
        on_verdict(name, status, seconds)

    def drain() -> None:
        result = runner.wait_for_result()
        record(result.mutant_name, result.exit_code, time.monotonic() - begun.pop(result.mutant_name))

    runner.startup()
    try:
        for name in names:
            tests = tests_of(name, budget_s)
            if not tests:
                record(name, UNREACHED, 0.0)
                continue
            while not runner.has_capacity():
                drain()
            begun[name] = time.monotonic()
            expected = sum(took[test] for test in tests)
            runner.submit(name, tests, 2 * math.ceil(3 * expected + PATIENCE_S), expected)
        runner.signal_work_complete()
        while runner.pending_count():
            drain()
    except KeyboardInterrupt:
        runner.stop_all_workers()
        raise
    finally:
        runner.shutdown()


def main(folder: Path) -> None:
    """List the mutants, after those were tried that the request names: {"names": […], "tests": […], "children": 2, "budget": 5}."""
    request = json.loads((folder / "request.json").read_text())
    generate()
    if names := request.get("names"):
        runner = get_mutant_runner(request["children"])
        reach(runner, request["tests"])
        begun, tried = time.monotonic(), 0

        def tell(name: str, status: int, seconds: float) -> None:
            nonlocal tried
            tried += 1
            verdict = Mutant(name, "", "", "", "", status).verdict
            print(f"{tried}/{len(names)} {verdict} {_function(name)} {seconds:.1f} s, {time.monotonic() - begun:.0f} s in all", flush=True)

        attempt(runner, names, request.get("budget") or math.inf, tell)
    (folder / "result.json").write_text(json.dumps([asdict(each) for each in mutants()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
