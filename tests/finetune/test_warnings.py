"""What is said of a course: over-fitting where it is, nothing where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from hypviz.finetune.warnings import course_warnings, licence_warnings, over_fitting, set_warnings


def course(train: list[float], validation: list[float], scores: list[float]) -> list[dict[str, Any]]:
    """Epochs from 1 on, after the start."""
    start = {"epoch": 0, "train_loss": None, "validation_loss": validation[0], "score": 0.1}
    names = ("epoch", "train_loss", "validation_loss", "score")
    return [start, *(dict(zip(names, row, strict=True)) for row in zip(range(1, len(train) + 1), train, validation, scores, strict=True))]


FALLING = [9.0, 8.0, 7.0, 6.0, 5.0, 4.5, 4.0, 3.5, 3.0]
OVER = [9.0, 8.0, 7.5, 7.6, 8.0, 8.5, 9.0, 9.5, 9.9]
WORSE = [0.3, 0.5, 0.6, 0.55, 0.52, 0.5, 0.48, 0.47, 0.46]


def test_over_fitting_is_told_with_its_numbers() -> None:
    text = over_fitting(course(FALLING, OVER, WORSE))
    assert text.startswith("Over-fitting: since epoch 3 the training loss fell from 7.00 to 3.00")
    assert "score went from 0.600 to 0.465; the weights of epoch 3 are kept." in text
    assert [warning["kind"] for warning in course_warnings(course(FALLING, OVER, WORSE))] == ["over-fitting"]


def test_where_only_the_validation_loss_got_worse_it_is_what_is_said() -> None:
    text = over_fitting(course(FALLING, OVER, [0.3, 0.5, 0.6, 0.598, 0.597, 0.599, 0.598, 0.596, 0.597]))
    assert "while the validation loss, 7.50 at its lowest, rose to 9.90; the weights of epoch 3 are kept." in text and "score" not in text


@pytest.mark.parametrize(
    ("train", "validation", "scores"),
    [
        (FALLING, FALLING, sorted(WORSE)),  # it still learns
        (FALLING[:3], OVER[:3], WORSE[:3]),  # too soon to tell
        (OVER, OVER, WORSE),  # both get worse: something else is wrong
        (FALLING, [7.5] * 9, [0.3, 0.5, 0.6, 0.598, 0.597, 0.599, 0.598, 0.596, 0.597]),  # a plateau
    ],
)
def test_what_is_no_over_fitting_is_not_called_so(train: list[float], validation: list[float], scores: list[float]) -> None:
    assert over_fitting(course(train, validation, scores)) == ""


def test_no_gain_is_told() -> None:
    found = course_warnings(course([5.0] * 9, [5.0] * 9, [0.05] * 9))
    assert [warning["kind"] for warning in found] == ["no-gain"]
    assert course_warnings([]) == []


def test_a_set_too_small_to_tell_is_told_before() -> None:
    split = {"train": 12, "validation": 4, "missing": ["a"]}
    found = set_warnings(split, [("a", 2), ("b", 90)], images=16)
    assert [warning["kind"] for warning in found] == ["few-pictures", "rare-classes", "one-sided"]
    assert "Only 4 pictures" in found[0]["text"] and "1 of 2 classes have fewer than 5 boxes (a)" in found[1]["text"]
    assert set_warnings({"train": 75, "validation": 25, "missing": []}, [("a", 20)], images=100) == []


def test_a_licence_that_binds_the_result_is_told() -> None:
    assert "CC-BY-NC-4.0: the result may not be used commercially" in licence_warnings("CC-BY-NC-4.0")[0]["text"]
    assert licence_warnings("Apache-2.0") == licence_warnings("") == []
