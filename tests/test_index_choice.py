"""A view with lists answers as one without, and says of every list whether it is proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.explore.view import View
from hypviz.model.card import checkpoint_hash
from hypviz.search.approximate import ApproximateIndex
from hypviz.search.index import Index
from hypviz.search.lists.build import build_lists
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

PROOFS = ("children_proof", "parents_proof", "elsewhere_proof")


@pytest.fixture
def with_lists(tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[View, View]:
    """A view that scans all items, and one of the same workspace by way of lists."""
    pytest.importorskip("faiss")
    world = tiny_world.copy(tmp_path / "world")
    workspace = Workspace.open(world.workspace)
    scanned = View(workspace, world.checkpoint, device="cpu")
    build_lists(scanned.embedding, workspace.lists_folder(checkpoint_hash(scanned.checkpoint)))
    assert type(View(workspace, world.checkpoint, device="cpu").index) is Index, "few items are scanned all the same"
    monkeypatch.setattr("hypviz.explore.index_choice.WORTHWHILE", 1)
    return scanned, View(workspace, world.checkpoint, device="cpu")


def without_proofs(answer: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in answer.items() if name not in (*PROOFS, "elsewhere")}
    bands = [(band["name"], band["total"], [one["row"] for one in band["classes"]]) for band in answer["elsewhere"]["bands"]]
    return kept | {"bands": bands}


@pytest.mark.parametrize("by", ["entailment", "nearest", "cosine"])
def test_answers_by_lists_are_those_of_a_scan_and_are_called_certified(with_lists: tuple[View, View], by: str) -> None:
    scanned, listed = with_lists
    assert isinstance(listed.index, ApproximateIndex)
    for row in (0, 7, 60, 133):
        exact, certified = scanned.select({"row": row}, by=by), listed.select({"row": row}, by=by)
        assert without_proofs(certified) == without_proofs(exact)
        assert {exact[name] for name in PROOFS} == {"exact"}
        assert certified["elsewhere_proof"] == "certified" and certified["children_counted"] and certified["parents_counted"]


def test_a_list_beyond_the_budget_is_called_approximate_and_the_cone_is_complete(
    with_lists: tuple[View, View], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned, listed = with_lists
    monkeypatch.setattr(listed.index, "_budget", 1)
    exact, approximate = scanned.select({"row": 7}, by="nearest"), listed.select({"row": 7}, by="nearest")
    assert approximate["children_proof"] == approximate["elsewhere_proof"] == "approximate"
    assert approximate["members"] == exact["members"] and approximate["members_total"] == exact["members_total"]
