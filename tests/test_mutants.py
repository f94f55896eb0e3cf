"""The tool that changes the code and asks the tests: a weak test lets a change pass, a sharp one does not; shares come with an interval."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.mutants.behaviour import behaviour
from tests.mutants.estimate import interval, sample
from tests.mutants.run import EQUIVALENT, try_section
from tests.mutants.sections import ROOT, SECTIONS, Section

SOURCE = '''"""A tiny module."""


def share(part: float, whole: float) -> float:
    """A docstring that no mutant is made of."""
    if whole <= 0:
        raise ValueError(f"whole must be above 0, got {whole}")
    return part / whole
'''
WEAK = """import pytest
from tiny.share import share

def test_share():
    assert share(1.0, 4.0) == 0.25
    with pytest.raises(ValueError):
        share(1.0, -1.0)
"""
SHARP = (
    WEAK
    + """
def test_edge():
    with pytest.raises(ValueError):
        share(1.0, 0.0)
    assert share(1.0, 0.5) == 2.0
"""
)


@pytest.fixture
def section(tmp_path: Path) -> Section:
    root = tmp_path / "project"
    for path, text in {"tiny/__init__.py": "", "tiny/share.py": SOURCE, "tests/test_share.py": WEAK}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "tests" / "mutants").symlink_to(ROOT / "tests" / "mutants", target_is_directory=True)
    return Section(("tiny/share.py",), ("tests/test_*.py",), package="tiny", root=root)


@pytest.mark.skipif(sys.platform == "win32", reason="the library needs fork")
def test_a_weak_test_lets_mutants_live_and_a_sharper_one_kills_them(section: Section, tmp_path: Path) -> None:
    weak = try_section(section, tmp_path / "work")
    assert {each.now for each in weak.survivors} == {"if whole < 0:", "if whole <= 1:"}
    assert {(each.where, each.verdict) for each in weak.survivors} == {("tiny.share.share", "survived")}
    assert weak.killed == 1 and weak.tried == weak.whole == 3  # and the message of the error is no behaviour
    (section.root / "tests" / "test_share.py").write_text(SHARP)
    sharp = try_section(section, tmp_path / "work")
    assert not sharp.survivors and sharp.line() == "3 of 3 killed, 100.0% (100.0% – 100.0% of all 3)"


@pytest.mark.skipif(sys.platform == "win32", reason="the library needs fork")
def test_an_unmutated_test_that_fails_is_named(section: Section, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (section.root / "tests" / "test_wrong.py").write_text("def test_wrong():\n    assert 'this' == 'that'\n")
    with pytest.raises(RuntimeError, match="could not be tried"):
        try_section(section, tmp_path / "work")
    said = capfd.readouterr().err
    assert "tests/test_wrong.py::test_wrong fails unmutated" in said and "assert 'this' == 'that'" in said


@pytest.mark.skipif(sys.platform == "win32", reason="the library needs fork")
def test_only_a_mutant_has_to_be_quick(section: Section, tmp_path: Path) -> None:
    slow = "import time\nimport pytest\nfrom tiny.share import share\n\n"
    slow += "@pytest.mark.timeout(0.3)\ndef test_slow():\n    share(1, 2)\n    time.sleep(1)\n"
    (section.root / "tests" / "test_share.py").write_text(slow)
    assert try_section(section, tmp_path / "work", size=1).share == 1.0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("def f(x): return x + 1", "def f(x): return x - 1", False),
        ("def f(x): return g(x, strict=True)", "def f(x): return g(x, strict=False)", False),
        ("def f(x): return zip(x, x, strict=True)", "def f(x): return zip(x, x)", True),
        ("def f(x): return zip(x, x, strict=True)", "def f(x): return zip(None, x, strict=True)", False),
        ("def f(x: int) -> str:\n    'Text.'\n    return x", "def f(x): return x", True),
        ("def f(x): raise ValueError('no')", "def f(x): raise ValueError(None)", True),
        ("def f(x): raise ValueError('no')", "def f(x): raise KeyError('no')", False),
        ("def f(x): return 'a key'", "def f(x): return 'A KEY'", False),
        ("def f(x): return 'a text for people'", "def f(x): return 'XXa text for peopleXX'", True),
        ("def f(x): return x.decode('utf-8')", "def f(x): return x.decode('UTF-8')", True),
        ("def f(x): return x.decode('utf-8')", "def f(x): return x.decode(None)", False),
        ("def f(x): return float('nan')", "def f(x): return float('NAN')", True),
        ("def f(x): return float('nan')", "def f(x): return float(None)", False),
        ("def f(x):\n    log.info(x, 1)\n    return x", "def f(x):\n    log.info(None, 1)\n    return x", True),
        ("def f(x):\n    x.info(1)", "def f(x):\n    x.info(2)", False),
        ("def f(x): return cast('A', x)", "def f(x): return cast(None, x)", True),
        ("def f(x): return cast('A', x)", "def f(x): return cast('A', None)", False),
    ],
)
def test_what_is_no_behaviour_makes_no_mutant(one: str, other: str, alike: bool) -> None:
    assert (behaviour(one) == behaviour(other)) is alike


def test_the_interval_holds_the_share_of_all_nineteen_times_of_twenty() -> None:
    whole, killed = 400, 350
    names = [f"{number:03}" for number in range(whole)]
    held = 0
    for seed in range(1000):
        low, high = interval(sum(int(name) < killed for name in sample(names, 80, seed)), 80, whole)
        held += low <= killed / whole <= high
    assert 0.93 < held / 1000 < 0.98
    assert interval(350, 400, 400) == (0.875, 0.875) and interval(0, 0, 9) == (0, 1)
    assert interval(80, 80, 400)[0] < 0.97 < interval(80, 80, 400)[1]


def test_a_sample_is_the_seeds_alone() -> None:
    names = [str(number) for number in range(50)]
    assert sample(names, 10, 1) == sample(names[::-1], 10, 1) != sample(names, 10, 2)
    assert len(set(sample(names, 10, 1))) == 10
    assert sorted(sample(names, 0, 1)) == sorted(sample(names, 60, 1)) == sorted(names)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_has_code_and_tests(name: str) -> None:
    section = SECTIONS[name]
    assert all(list(ROOT.glob(pattern)) for pattern in (*section.sources, *section.tests))


def test_what_is_listed_as_equivalent_still_stands_in_the_code() -> None:
    for entry in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []:
        module = entry["where"]
        while not (path := ROOT / f"{module.replace('.', '/')}.py").exists():
            module = module.rpartition(".")[0]
            assert module, entry["where"]
        lines = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
        assert set(entry["was"].strip().splitlines()) <= lines, entry
        assert entry["now"].strip() != entry["was"].strip() and entry["why"], entry
