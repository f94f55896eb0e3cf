"""Data sets of one name are told apart by what a person knows of them."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.explore.library import Library
from hypviz.explore.set_labels import SetFacts, told_apart
from hypviz.finetune.describe import sets_apart
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.training_sets import TrainingSets
from tests.worlds import TinyWorld

CARS = SetFacts("cars", 12, 40, "2026-11-02T10:15:00+00:00", "ada/cars")


def test_a_title_of_its_own_needs_no_more_words() -> None:
    assert told_apart([CARS, SetFacts("boats", 12, 40)]) == ["", ""]


@pytest.mark.parametrize(("other", "expected"), [
    (SetFacts("Cars", 1, 40, CARS.created, CARS.folder), ["12 pictures", "1 picture"]),
    (SetFacts("cars", 12, 1, CARS.created, CARS.folder), ["40 boxes", "1 box"]),
    (SetFacts("cars", 12, 40, "2026-12-01T10:15:00+00:00", CARS.folder), ["imported 2026-11-02", "imported 2026-12-01"]),
    (SetFacts("cars", 12, 40, CARS.created, "bob/cars"), ["from ada/cars", "from bob/cars"]),
    (SetFacts("cars", 12, 40, "2026-11-02T18:00:00+00:00", CARS.folder), ["at 10:15:00 UTC", "at 18:00:00 UTC"]),
    (CARS, ["number 1", "number 2"]),
    (SetFacts("cars"), ["12 pictures", "not imported yet"]),
])  # fmt: skip
def test_what_differs_first_is_what_is_said(other: SetFacts, expected: list[str]) -> None:
    assert told_apart([CARS, other]) == expected


def test_as_much_of_a_path_is_said_as_tells_apart() -> None:
    folders = ("/home/ada/cars/images", "/home/bob/cars/images", "/srv/bob/boats")
    assert told_apart([replace(CARS, folder=folder) for folder in folders]) == [
        "from ada/cars/images",
        "from bob/cars/images",
        "from srv/bob/boats",
    ]
    assert told_apart([replace(CARS, folder=folder) for folder in folders[1:]]) == ["from cars/images", "from bob/boats"]
    assert told_apart([replace(CARS, folder="/cars"), replace(CARS, folder="/a/cars")]) == ["from cars", "from a/cars"]


def test_what_a_list_shows_already_tells_apart_and_is_not_said_again() -> None:
    assert told_apart([CARS, SetFacts("cars", 13, 40)], counted=True) == ["", ""]
    assert told_apart([CARS, SetFacts("cars", 12, 40, CARS.created, "bob/cars")], counted=True) == ["from ada/cars", "from bob/cars"]


def test_no_two_sets_look_alike_whatever_they_have_in_common() -> None:
    rng = np.random.default_rng(0)
    kinds = [
        SetFacts("cars", n, b, day, folder) for n, b, day, folder in itertools.product((1, 2), (3, 4), ("", CARS.created), ("", "a/b"))
    ]
    for _ in range(200):
        some = [kinds[int(one)] for one in rng.integers(0, len(kinds), 5)]
        assert len(set(told_apart(some))) == 5
        shown = [(one.images, one.boxes, apart) for one, apart in zip(some, told_apart(some, counted=True), strict=True)]
        assert len(set(shown)) == 5


def test_trainings_on_sets_of_one_name_say_which_and_which_was_removed(tiny_world: TinyWorld, tmp_path: Path) -> None:
    folders = [tiny_world.copy(tmp_path / name).workspace for name in ("ada", "bob")]
    jobs = [FinetuneRequest(str(folder), "photos", title="cars") for folder in folders]
    boats = FinetuneRequest(str(folders[0].parent), "photos", title="boats")
    assert sets_apart([*jobs, jobs[0], boats]) == ["from ada/images", "from bob/images", "from ada/images", ""]
    shutil.rmtree(folders[1])
    first, second = sets_apart(jobs)
    assert first.endswith("pictures") and second == "removed since"


def test_two_sets_of_one_name_are_told_apart_where_they_are_chosen_to_train_on(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path))
    for name in ("cars-0a1b2c3d", "cars-99998888"):
        shutil.copytree(tiny_world.workspace, tmp_path / name)
    sets = {one["name"]: one for one in TrainingSets(Library()).names()}
    labels = [f"{sets[name]['title']} {sets[name]['apart']}" for name in ("cars-0a1b2c3d", "cars-99998888")]
    assert len(set(labels)) == 2 and sets["demo"]["apart"] == ""
    assert not any(re.search(r"[0-9a-f]{8}", label) for label in labels), "no hash says which is which"
