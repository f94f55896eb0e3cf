"""Whatever bytes come in: they are read, or refused in words; the inputs that once were neither are tried again here.

`make fuzz-files` tries many more.
"""

from __future__ import annotations

import os
import random
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypviz.errors import HypvizError
from tests.fuzz.mutate import mutated
from tests.fuzz.run import CORPUS, corpus, work
from tests.fuzz.targets import Target, make, names

INPUTS = int(os.environ.get("HYPVIZ_FUZZ_INPUTS", "60"))
"""Changed inputs for each target in a run of the tests."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", names())
def test_changed_inputs_are_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    target, rng = make(name, tmp_path / "work"), random.Random(name)
    for data in target.seeds:
        target.try_one(data)
    assert target.refused == 0  # what nobody changed is sound
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in [*corpus(name), *(mutated(target.seeds, rng) for _ in range(INPUTS))]:
            target.try_one(data)


def test_every_kept_input_belongs_to_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= {name.replace(" ", "-") for name in names()}


@given(content=st.fixed_dictionaries({"images": JSON, "annotations": JSON, "categories": JSON}))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_under_the_keys_of_coco_is_read_or_refused(content: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    import json

    coco = _once("set coco", tmp_path_factory)
    coco.try_one(b"\0" + json.dumps(content).encode("utf-8", "surrogatepass"))


@given(content=st.dictionaries(st.sampled_from(["name", "encoder", "schema", "curv", "retrieval", "metrics", "training", "x"]), JSON))
@settings(max_examples=100, deadline=None)
def test_any_json_as_a_card_is_read_or_refused(content: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    import json

    _once("card", tmp_path_factory).try_one(json.dumps(content).encode("utf-8", "surrogatepass"))


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_as_an_archive_are_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    _once("zip", tmp_path_factory).try_one(data)


_made: dict[str, Target] = {}


def _once(name: str, factory: pytest.TempPathFactory) -> Target:
    if name not in _made:
        _made[name] = make(name, factory.mktemp("fuzz") / "work")
    return _made[name]


def test_a_defect_is_found_and_kept_with_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz import targets

    def broken(data: bytes) -> None:
        if len(data) % 3 == 0:
            raise KeyError("a defect")
        raise HypvizError("refused")

    monkeypatch.setattr(targets, "make", lambda name, folder: Target(name, [b"abcd"], broken))
    said = work("card", 40, 0, tmp_path, 5)
    (file,) = said["findings"].values()
    assert len((tmp_path / file).read_bytes()) % 3 == 0 and "a defect" in (tmp_path / f"{file}.txt").read_text()
    assert 0 < said["refused"] < 40


def test_an_archive_packed_by_a_method_that_takes_any_memory_is_refused(tmp_path: Path) -> None:
    from hypviz.finetune.archive import unpack

    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", "x" * 100)
    (tmp_path / "in").mkdir()
    with pytest.raises(HypvizError, match="packed by a method that is not taken"):
        unpack(tmp_path / "a.zip", tmp_path / "in", name="a.zip")
