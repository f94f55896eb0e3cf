"""Image and text towers in float64 by their published formulas, and random weights of them in the layout of MERU's authors.

ViT: Dosovitskiy et al., ICLR 2021, eq. 1 to 4; CLIP's text tower: Radford et al., ICML 2021. NumPy alone, none of the code that is tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Float = NDArray[np.float64]
Weights = Callable[[str], Float]
Block = Callable[[int, Float], Float]
"""The attention of a block of a tower: its number and what enters it, normalised, to what it adds."""
VOCABULARY = 49408
_erf = np.vectorize(math.erf)


def in_float64(tensors: Mapping[str, Tensor], start: str = "") -> Weights:
    """The tensors whose names begin with `start` as a function from the rest of the name to float64."""
    return lambda name: tensors[start + name].detach().double().numpy()


def gelu(x: Float) -> Float:
    return x * (1 + _erf(x / math.sqrt(2))) / 2


def quick_gelu(x: Float) -> Float:
    return x / (1 + np.exp(-1.702 * x))


def layer_norm(x: Float, weights: Weights, name: str, epsilon: float) -> Float:
    centred = x - x.mean(-1, keepdims=True)
    scaled: Float = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * weights(f"{name}.weight") + weights(f"{name}.bias")
    return scaled


def linear(x: Float, weights: Weights, name: str) -> Float:
    mapped: Float = x @ weights(f"{name}.weight").T + weights(f"{name}.bias")
    return mapped


def attention(query: Float, key: Float, value: Float, heads: int, *, causal: bool) -> Float:
    """softmax(QKᵀ/√d)V, head by head: (B, N, W) each → (B, N, W), before the output's layer."""
    size, answers = query.shape[-1] // heads, []
    for head in range(heads):
        q, k, v = (part[..., head * size : (head + 1) * size] for part in (query, key, value))
        logits = q @ k.transpose(0, 2, 1) / math.sqrt(size)
        if causal:
            logits = np.where(np.triu(np.ones(logits.shape[-2:], bool), 1), -np.inf, logits)
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        answers.append(shares / shares.sum(-1, keepdims=True) @ v)
    return np.concatenate(answers, -1)


def patches(pixels: Float, weights: Weights, side: int) -> Float:
    """(B, 3, S, S) → class token and patches with their positions, (B, 1 + (S/side)², W)."""
    batch, _, size, _ = pixels.shape
    grid = size // side
    cut = pixels.reshape(batch, 3, grid, side, grid, side).transpose(0, 2, 4, 1, 3, 5).reshape(batch, grid * grid, -1)
    kernel = weights("patch_embed.proj.weight")
    embedded = cut @ kernel.reshape(len(kernel), -1).T + weights("patch_embed.proj.bias")
    first = np.broadcast_to(weights("cls_token"), (batch, 1, len(kernel)))
    return np.concatenate([first, embedded], 1) + weights("pos_embed")


def exp_map0(tangent: Float, curv: float) -> Float:
    """Space components of the point of the hyperboloid: sinh(√c‖v‖)/(√c‖v‖)·v (Desai et al., ICML 2023, §3)."""
    norm = math.sqrt(curv) * np.linalg.norm(tangent, axis=-1, keepdims=True)
    return np.sinh(norm) / norm * tangent


def distances(x: Float, y: Float, curv: float) -> Float:
    """arccosh(−c⟨x, y⟩)/√c of all pairs of space components."""
    return np.arccosh(-curv * _inner(x, y, curv)) / math.sqrt(curv)


def exterior_angles(x: Float, y: Float, curv: float) -> Float:
    """The angle at each apex x between its ray and each y, by the law of cosines (Desai et al., 2023, eq. 6)."""
    inner = curv * _inner(x, y, curv)
    times_x, times_y = (np.sqrt(1 / curv + (point**2).sum(-1)) for point in (x, y))
    return np.arccos((times_y[None] + inner * times_x[:, None]) / (np.linalg.norm(x, axis=-1)[:, None] * np.sqrt(inner**2 - 1)))


def _inner(x: Float, y: Float, curv: float) -> Float:
    times_x, times_y = (np.sqrt(1 / curv + (point**2).sum(-1)) for point in (x, y))
    product: Float = x @ y.T - times_x[:, None] * times_y[None]
    return product


def random_layer(name: str, out: int, inner: int, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
    """Weight (out, inner) and bias (out,) under a name."""
    weight = torch.randn(out, inner, generator=generator) * scale * inner**-0.5
    return {f"{name}.weight": weight, f"{name}.bias": torch.randn(out, generator=generator) * 0.1}


def random_norm(name: str, width: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Weight and bias of a LayerNorm."""
    return {
        f"{name}.weight": 1 + 0.1 * torch.randn(width, generator=generator),
        f"{name}.bias": 0.1 * torch.randn(width, generator=generator),
    }


def random_vit(generator: torch.Generator, *, width: int = 192, layers: int = 2, size: int = 32, scale: float = 1.0) -> dict[str, Tensor]:
    """timm's names, without the last norm; patches of 16 pixels. scale: of what enters the first block."""
    tensors = {
        "cls_token": torch.randn(1, 1, width, generator=generator) * 0.5 * scale,
        "pos_embed": torch.randn(1, 1 + (size // 16) ** 2, width, generator=generator) * 0.5 * scale,
        "patch_embed.proj.weight": torch.randn(width, 3, 16, 16, generator=generator) * 0.03 * scale,
        "patch_embed.proj.bias": torch.randn(width, generator=generator) * 0.1 * scale,
    }
    for block in (f"blocks.{layer}." for layer in range(layers)):
        tensors |= random_norm(f"{block}norm1", width, generator) | random_norm(f"{block}norm2", width, generator)
        tensors |= random_layer(f"{block}attn.qkv", 3 * width, width, generator) | random_layer(
            f"{block}attn.proj", width, width, generator
        )
        tensors |= random_layer(f"{block}mlp.fc1", 4 * width, width, generator) | random_layer(
            f"{block}mlp.fc2", width, 4 * width, generator
        )
    return tensors


def random_text(generator: torch.Generator, *, width: int = 128, layers: int = 2) -> dict[str, Tensor]:
    """MERU's names of its text tower, 77 tokens."""
    tensors = {
        "token_embed.weight": torch.randn(VOCABULARY, width, generator=generator) * 0.5,
        "posit_embed": torch.randn(77, width, generator=generator) * 0.2,
        "attn_mask": torch.ones(77, 77).triu(1).bool(),
    }
    for block in (f"resblocks.{layer}." for layer in range(layers)):
        tensors |= random_norm(f"{block}ln_1", width, generator) | random_norm(f"{block}ln_2", width, generator)
        joined = random_layer("in_proj", 3 * width, width, generator)
        tensors |= {f"{block}attn.in_proj_weight": joined["in_proj.weight"], f"{block}attn.in_proj_bias": joined["in_proj.bias"]}
        tensors |= random_layer(f"{block}attn.out_proj", width, width, generator)
        tensors |= random_layer(f"{block}mlp.c_fc", 4 * width, width, generator)
        tensors |= random_layer(f"{block}mlp.c_proj", width, 4 * width, generator)
    return tensors | random_norm("ln_final", width, generator)


def random_meru(seed: int, *, dim: int = 24) -> dict[str, Tensor]:
    """A whole checkpoint in MERU's layout: an image tower 192 wide, which has 3 heads, and a text tower 128 wide, which has 2."""
    generator = torch.Generator().manual_seed(seed)
    vision = random_vit(generator) | random_norm("norm", 192, generator)
    tensors = {f"visual.{name}": tensor for name, tensor in vision.items()}
    tensors |= {f"textual.{name}": tensor for name, tensor in random_text(generator).items()}
    tensors["visual_proj.weight"] = torch.randn(dim, 192, generator=generator) * 192**-0.5
    tensors["textual_proj.weight"] = torch.randn(dim, 128, generator=generator) * 128**-0.5
    scalars = {"logit_scale": 3.0, "curv": -0.4, "visual_alpha": -1.0, "textual_alpha": -1.3}
    colours = {"pixel_mean": torch.tensor([0.485, 0.456, 0.406]), "pixel_std": torch.tensor([0.229, 0.224, 0.225])}
    tensors |= {name: torch.tensor(value) for name, value in scalars.items()}
    return tensors | {name: colour.view(3, 1, 1) for name, colour in colours.items()}


def vit(pixels: Float, weights: Weights, block: Block, *, layers: int, epsilon: float = 1e-5) -> Float:
    """All tokens after the last block; block(layer, x) is the attention of a block, from its norm to its output."""
    x = patches(pixels, weights, 16)
    for layer in range(layers):
        x = x + block(layer, layer_norm(x, weights, f"blocks.{layer}.norm1", epsilon))
        hidden = gelu(linear(layer_norm(x, weights, f"blocks.{layer}.norm2", epsilon), weights, f"blocks.{layer}.mlp.fc1"))
        x = x + linear(hidden, weights, f"blocks.{layer}.mlp.fc2")
    return x


def text(ids: NDArray[np.int64], weights: Weights, block: Block, *, layers: int) -> Float:
    """The feature at the end-of-text token in MERU's names, its GELU exact."""
    x = weights("token_embed.weight")[ids] + weights("posit_embed")
    for layer in range(layers):
        x = x + block(layer, layer_norm(x, weights, f"resblocks.{layer}.ln_1", 1e-5))
        hidden = gelu(linear(layer_norm(x, weights, f"resblocks.{layer}.ln_2", 1e-5), weights, f"resblocks.{layer}.mlp.c_fc"))
        x = x + linear(hidden, weights, f"resblocks.{layer}.mlp.c_proj")
    normed: Float = layer_norm(x, weights, "ln_final", 1e-5)[np.arange(len(ids)), ids.argmax(-1)]
    return normed
