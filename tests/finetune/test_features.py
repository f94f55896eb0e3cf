"""What a head sees of kept features at a step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from hypviz.errors import SettingsError
from hypviz.finetune.features import Features, hidden
from hypviz.finetune.request import FinetuneSettings
from hypviz.model.encoder import HyperbolicEncoder

ENCODER = cast(HyperbolicEncoder, SimpleNamespace(mean=torch.zeros(1)))


def values(*shape: int) -> Any:
    return np.random.default_rng(0).normal(3.0, 1.0, shape).astype(np.float32)


def test_hidden_features_are_the_mean_and_the_others_keep_the_expectation() -> None:
    features = values(400, 50)
    seen = hidden(features, 0.25, np.random.default_rng(1))
    mean = features.mean(axis=0)
    away = ~np.isclose(seen, mean, atol=1e-6)
    assert 0.74 < away.mean() < 0.76, "a quarter is hidden"
    np.testing.assert_allclose((seen - mean)[away], ((features - mean) / 0.75)[away], rtol=1e-4, atol=1e-5)
    assert len({row.tobytes() for row in away}) == len(away), "of every item another quarter"
    many = np.mean([hidden(features, 0.25, np.random.default_rng(seed)) for seed in range(300)], axis=0)
    assert np.abs(many - features).mean() < 0.05, "what is expected of a feature is what it is"
    assert seen.dtype == np.float32 and hidden(features, 0.0, np.random.default_rng(1)) is features


def test_a_step_draws_what_is_hidden_and_the_same_step_the_same() -> None:
    kept = Features(values(1, 30, 20), seed=5, dropout=0.5)
    rows = np.arange(10)
    first, again, later = kept(ENCODER, rows, 1), kept(ENCODER, rows, 1), kept(ENCODER, rows, 2)
    assert torch.equal(first, again) and not torch.equal(first, later)
    plain = Features(kept.values, seed=5)(ENCODER, rows, 1)
    assert torch.equal(plain, torch.from_numpy(kept.values[0, rows])), "nothing is hidden by default"


@pytest.mark.parametrize("share", [-0.1, 0.95, float("nan")])
def test_a_share_that_leaves_nothing_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match=r"dropout must be between 0 and 0\.9"):
        FinetuneSettings(dropout=share)
