"""The blocks of an image tower in their order, whatever library it is from, so that only the last of them can be trained."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn


def tower_parts(tower: nn.Module) -> list[nn.Module]:
    """The tower's parts with weights, first to last: stem, residual or transformer blocks, closing norms.

    Containers are taken apart: sequences, lists, modules that only hold one (OpenCLIP's `transformer`) or only wrap another. Order is that
    of definition, which is that of use in the towers of OpenCLIP, timm and the demo.
    """
    weighty = [child for child in tower.children() if any(True for _ in child.parameters())]
    wraps = (
        len(weighty) == 1
        and not isinstance(tower, (nn.Sequential, nn.ModuleList))
        and not any(True for _ in tower.parameters(recurse=False))
    )
    if wraps:
        return tower_parts(weighty[0])
    parts = []
    for child in tower.children():
        if not any(True for _ in child.parameters()):
            continue
        holds_list = any(isinstance(inner, (nn.ModuleList, nn.Sequential)) for inner in child.children())
        has_parameters = any(True for _ in child.parameters(recurse=False))
        if isinstance(child, (nn.Sequential, nn.ModuleList)) or (holds_list and not has_parameters and not _is_block(child)):
            parts += tower_parts(child)
        else:
            parts.append(child)
    return parts


def count_blocks(tower: nn.Module) -> int:
    """How many of the tower's parts are blocks."""
    return sum(_is_block(part) for part in tower_parts(tower))


def last_parts(tower: nn.Module, blocks: int) -> list[nn.Module]:
    """The tower's last `blocks` blocks and what comes after them; all of its parts for 0, or where it has no more blocks."""
    parts = tower_parts(tower)
    places = [place for place, part in enumerate(parts) if _is_block(part)]
    return parts[places[-blocks] :] if 0 < blocks < len(places) else parts


def freeze_all_but_last(tower: nn.Module, blocks: int) -> None:
    """Freeze everything but the last `blocks` blocks and what comes after them; parameters of the tower itself too.

    A tower with no more blocks than that is left as it is.
    """
    if blocks >= count_blocks(tower):
        return
    trained = {id(parameter) for part in last_parts(tower, blocks) for parameter in part.parameters()}
    for parameter in tower.parameters():
        parameter.requires_grad_(id(parameter) in trained)


def frozen_parts(module: nn.Module) -> Iterator[nn.Module]:
    """The largest submodules that have weights and none to train."""
    weights = list(module.parameters())
    if weights and not any(weight.requires_grad for weight in weights):
        yield module
    elif weights:
        for child in module.children():
            yield from frozen_parts(child)


def _is_block(part: nn.Module) -> bool:
    """A block has several layers with weights; a stem's convolution or a closing norm is one."""
    return sum(any(True for _ in child.parameters()) for child in part.children()) > 1
