"""The sections of the code that are mutated, and the test files that speak for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Section:
    """sources: patterns of files below `package`, a folder of `root`.  tests: patterns of the test files that speak for them."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    package: str = "hypviz"
    root: Path = ROOT

    def test_files(self) -> list[str]:
        """The test files, relative to `root`, each once."""
        return list(dict.fromkeys(str(path.relative_to(self.root)) for each in self.tests for path in sorted(self.root.glob(each))))


SECTIONS = {
    "geometry": Section(("hypviz/geometry/*.py",), ("tests/geometry/test_*.py",)),
    "loss": Section(
        ("hypviz/training/losses.py", "hypviz/training/log_shares.py", "hypviz/model/similarity.py", "hypviz/model/pair_angles.py"),
        (
            "tests/model/test_losses.py",
            "tests/model/test_loss_terms.py",
            "tests/model/test_loss_edges.py",
            "tests/model/test_similarity.py",
            "tests/model/test_pair_angles.py",
        ),
    ),
    "metrics": Section(
        ("hypviz/metrics/*.py",),
        ("tests/metrics/test_*.py", "tests/search/test_metrics.py", "tests/search/test_chance.py", "tests/evaluation/test_entailment.py"),
    ),
    "index": Section(("hypviz/search/*.py", "hypviz/search/lists/*.py"), ("tests/search/test_*.py",)),
    "importers": Section(
        ("hypviz/data/importer.py", "hypviz/data/hierarchy.py", "hypviz/data/formats/*.py"),
        (
            "tests/data/test_format_*.py",
            "tests/data/test_coco_annotations.py",
            "tests/data/test_import_*.py",
            "tests/data/test_hierarchy.py",
            "tests/data/test_saved_arrow.py",
            "tests/data/test_taxonomy.py",
            "tests/data/test_writers.py",
        ),
    ),
}
