"""`python -m hypviz bench training`: the loss with its gradients beside a pairwise one, and beside a step of the network on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from hypviz.cli.bench_embed import timed
from hypviz.cli.output import AsJson, Device, show

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CURV, SCALE = 1.0, 1 / 0.07
TARGETS = {"times pairwise": 0.5, "share of a ViT-B/16 step": 0.05}
WARM = 3
"""Repetitions before those that count."""
STEP_CROPS = 128
"""Crops of the step that is timed, as many as fit a small GPU; a step takes as much longer as it has more."""


def training(
    pairs: Annotated[int, typer.Option(min=2, help="Pairs of a batch.")] = 640,
    dims: Annotated[int, typer.Option(min=2, help="Dimensions.")] = 128,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions, one of each kind in turn; medians are given.")] = 60,
    backbone: Annotated[str, typer.Option(help="The network whose step is timed where there is a GPU.")] = "open_clip:ViT-B-16",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure the angle loss, forward and backward, from the head's output on, beside the same loss computed pair by pair from
    MERU's formulas, and on a GPU beside a step of the backbone.
    """
    from hypviz.model.device import pick_device

    place = pick_device(device)
    result = compared(pairs, dims, rounds, place)
    if place.type == "cuda":
        seconds = step_seconds(backbone, STEP_CROPS, place, rounds=min(rounds, 10)) * 2 * pairs / STEP_CROPS
        result |= {f"step of {backbone} (ms)": 1e3 * seconds, "share of a step": result["ours (ms)"]["by the clock"] / 1e3 / seconds}
    show(result, "\n".join(f"{name:<34}{value}" for name, value in result.items()), as_json=as_json)


def compared(pairs: int, dims: int, rounds: int, device: torch.device) -> dict[str, Any]:
    """Milliseconds of both losses with their gradients, by the clock and of the processor, and the ratios: medians of rounds in turn."""
    import torch

    parents, children = tangents(pairs, dims, device)
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: with_gradients(our_loss, parents, children),
        "pairwise, one product": lambda: with_gradients(pairwise_loss, parents, children),
        "pairwise, broadcast": lambda: with_gradients(partial(pairwise_loss, broadcast=True), parents, children),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(WARM + rounds):
        for name, work in works.items():
            both = timed(work)
            if number >= WARM:
                seconds[name].append(both)
    medians = {name: np.median(np.array(of), axis=0) for name, of in seconds.items()}
    words = ("by the clock", "of processor time")
    result: dict[str, Any] = {"pairs": pairs, "dims": dims, "rounds": rounds, "device": str(device), "threads": torch.get_num_threads()}
    result |= {f"{name} (ms)": dict(zip(words, (1e3 * of).tolist(), strict=True)) for name, of in medians.items()}
    for name in list(works)[1:]:
        result[f"times {name}"] = dict(zip(words, (medians["ours"] / medians[name]).tolist(), strict=True))
    return result | {"targets": TARGETS}


def tangents(pairs: int, dims: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """What a head gives: tangent vectors (pairs, dims) at the origin of parents and of children farther out near them."""
    import torch

    generator = torch.Generator().manual_seed(0)
    parents = torch.randn(pairs, dims, generator=generator)
    children = 2 * parents + torch.randn(pairs, dims, generator=generator)
    return tuple((one / dims**0.5).to(device).requires_grad_() for one in (parents, children))


def with_gradients(loss: Callable[[Tensor, Tensor], Tensor], parents: Tensor, children: Tensor) -> Tensor:
    """A loss whose gradients are in `grad` of both, in place of earlier ones."""
    import torch

    parents.grad = children.grad = None
    value = loss(parents, children)
    torch.autograd.backward(value)
    return value.detach()


def our_loss(parents: Tensor, children: Tensor) -> Tensor:
    """The loss of training, with one child for each parent and all others as negatives."""
    import torch

    from hypviz.training.losses import pair_loss

    positive = torch.eye(len(parents), dtype=torch.bool, device=parents.device)
    related = torch.zeros_like(positive)

    def polar(vectors: Tensor) -> tuple[Tensor, Tensor]:
        radii = vectors.norm(dim=1)
        return vectors / radii[:, None], radii

    return pair_loss(polar(parents), polar(children), positive=positive, related=related, never=related, curv=CURV, scale=SCALE).total


def pairwise_loss(parents: Tensor, children: Tensor, *, broadcast: bool = False) -> Tensor:
    """The same by the formulas of Desai et al. (ICML 2023): exponential map at the origin, Lorentz inner products, exterior angles of all
    pairs, cross entropy both ways.

    broadcast: the products of all pairs coordinate by coordinate (P, C, D), as their function of the angle gives when it is handed
    every pair; else by one matrix product, as their function of pairwise distances.
    """
    import torch
    from torch.nn.functional import cross_entropy

    x, y = exponential(parents), exponential(children)
    x_time, y_time = (torch.sqrt(1 / CURV + (one**2).sum(-1, keepdim=True)) for one in (x, y))
    target = torch.arange(len(x), device=x.device)
    space = (x[:, None] * y[None]).sum(-1) if broadcast else x @ y.T
    inner = space - x_time @ y_time.T
    down = exterior_angles(x, x_time, y_time, inner)
    up = exterior_angles(y, y_time, x_time, inner.T)
    return cross_entropy(SCALE * (torch.pi - down), target) + cross_entropy(SCALE * up, target)


def exponential(vectors: Tensor) -> Tensor:
    """Tangent vectors at the origin → space components on the hyperboloid."""
    import torch

    norm = CURV**0.5 * vectors.norm(dim=-1, keepdim=True)
    space: Tensor = torch.sinh(norm.clamp(1e-8, 11.0)) * vectors / norm.clamp_min(1e-8)
    return space


def exterior_angles(x: Tensor, x_time: Tensor, y_time: Tensor, inner: Tensor) -> Tensor:
    """(P, C) π − ∠Oxy, of points x (P, D) with the products −x_t y_t + ⟨x, y⟩ in `inner`."""
    import torch

    scaled = CURV * inner
    upper = y_time.T + x_time * scaled
    lower = torch.sqrt((scaled**2 - 1).clamp_min(1e-8)) * x.norm(dim=-1, keepdim=True)
    return torch.acos((upper / (lower + 1e-8)).clamp(-1 + 1e-8, 1 - 1e-8))


def step_seconds(backbone: str, crops: int, device: torch.device, *, rounds: int) -> float:
    """Median seconds of a network's step, forward and backward with AdamW, in bfloat16 on a GPU, on random crops."""
    import torch

    from hypviz.config import EncoderSettings
    from hypviz.model.encoder import build_encoder

    encoder = build_encoder(EncoderSettings(backbone)).to(device).train()
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=1e-6)
    pictures = torch.randn(crops, 3, encoder.image_size, encoder.image_size, device=device)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            directions, radii = encoder(pictures)
        (directions[:, 0].sum() + radii.sum()).backward()
        optimiser.step()

    step()
    return float(np.median([timed(step)[0] for _ in range(rounds)]))
