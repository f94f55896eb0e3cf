"""Data parallel training: one process a device, each embedding a share of every batch, all of them taking the same step.

The loss is over all pairs of the joint batch, so it cannot be summed from losses of shares: every rank gathers the points of all
and computes the whole loss, which costs little beside embedding. A point's gradient goes back only to the rank that embedded it,
times the number of ranks; gradients of parameters are then averaged. So those of the encoder, of which each rank has the part of its
share, become the sum of the parts, and those of the loss's own scalars (curvature, temperature), which each rank has whole, stay as they
are: both are what one process has with the joint batch.

CPU tensors travel by gloo, CUDA's by nccl. Without torchrun there is one rank, and nothing here does anything.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hypviz.errors import DeviceError, HypvizError, SettingsError
from hypviz.model.norms import training_norms

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

log = logging.getLogger(__name__)
T = TypeVar("T")
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets in the environment of the processes it starts."""
RESTARTS = "TORCHELASTIC_RESTART_COUNT"
"""How often torchrun has started this group anew; set by it only."""
TIMEOUT = timedelta(hours=2)
"""How long ranks wait for another, such as for the first one's validation."""
JOIN_S, POLL_S = 600.0, 0.05
"""How long ranks wait for all of them to start, and how often they look."""
BUCKET = 1 << 23
"""Numbers of a gradient that are averaged at once: 32 MiB."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a training, seen by one of them.

    rank: 0 … size − 1; the leader, 0, alone reads and writes files of the run.  size: processes on all machines together.
    restarts: how often torchrun has started them anew; None when nobody would.
    """

    rank: int = 0
    size: int = 1
    restarts: int | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the leader; a process alone is."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    def share(self, count: int) -> slice:
        """Which of `count` rows of a batch are this rank's: every size-th. SettingsError when there are fewer rows than ranks."""
        if count < self.size:
            raise SettingsError(
                f"A batch has {count} different items, too few to share among {self.size} processes; raise batch_pairs or start fewer."
            )
        return slice(self.rank, count, self.size)

    def gather(self, share: Tensor, count: int) -> Tensor:
        """This rank's rows (n, …) of a batch of `count` → all rows (count, …), in order. Gradients: see the module."""
        return share if self.alone else cast(Tensor, _Gather.apply(share, count, self))

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the mean over the ranks in the place of every gradient; a parameter without one at any rank stays without."""
        if self.alone:
            return
        parameters = [parameter for parameter in parameters if parameter.requires_grad]
        has = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.int32)
        dist.all_reduce(has)
        for parameter in (parameter for parameter, count in zip(parameters, has.tolist(), strict=True) if count and parameter.grad is None):
            parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets([parameter.grad for parameter in parameters if parameter.grad is not None]):
            self._average(bucket)

    def average_statistics(self, module: nn.Module) -> None:
        """Put the mean over the ranks in the place of the running statistics of batch normalisation that is being trained."""
        if self.alone:
            return
        statistics = [each for norm in training_norms(module) for each in (norm.running_mean, norm.running_var) if each is not None]
        for bucket in _buckets(statistics):
            self._average(bucket)

    def _average(self, tensors: list[Tensor]) -> None:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view(tensor.shape))

    def take_weights_of_leader(self, module: nn.Module) -> None:
        """Put the leader's parameters and buffers in the place of this rank's."""
        if self.alone:
            return
        for tensor in module.state_dict().values():
            flat = tensor.detach().reshape(-1).clone()
            dist.broadcast(flat, 0)
            tensor.copy_(flat.view(tensor.shape))

    def from_leader(self, compute: Callable[[], T]) -> T:
        """What `compute` gives at the leader, who alone calls it, at every rank; a HypvizError of it is raised at all of them."""
        if self.alone:
            return compute()
        answer: list[Any] = [None, None]
        if self.leads:
            try:
                answer[0] = compute()
            except HypvizError as error:
                dist.broadcast_object_list([None, str(error)], 0, device=torch.device("cpu"))
                raise
        dist.broadcast_object_list(answer, 0, device=torch.device("cpu"))
        if answer[1] is not None:
            raise HypvizError(answer[1])
        return cast(T, answer[0])

    def any(self, flag: bool) -> bool:
        """Whether the flag is set at any rank."""
        if self.alone:
            return flag
        flags = torch.tensor(int(flag))
        dist.all_reduce(flags)
        return bool(flags)

    def check_same(self, facts: Mapping[str, str]) -> None:
        """HypvizError when a rank has another value than the leader of one of some facts, by what they are about."""
        if self.alone:
            return
        all_facts: list[Any] = [None] * self.size
        dist.all_gather_object(all_facts, dict(facts))
        for rank, others in enumerate(all_facts):
            for name, fact in all_facts[0].items():
                if others[name] != fact:
                    raise HypvizError(f"Process {rank} was started with other {name} than process 0; give all of them the same.")


ALONE = Ranks()
"""Of a training by one process."""


class _Gather(torch.autograd.Function):
    """Rows of all ranks, interleaved as `Ranks.share` dealt them."""

    @staticmethod
    def forward(ctx: Any, share: Tensor, count: int, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        padded = share.new_zeros(-(-count // ranks.size), *share.shape[1:])  # shares differ by one row, and all must be of one size
        padded[: len(share)] = share
        parts = [torch.empty_like(padded) for _ in range(ranks.size)]
        dist.all_gather(parts, padded)
        return torch.stack(parts, dim=1).flatten(0, 1)[:count].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        ranks: Ranks = ctx.ranks
        return gradients[0][ranks.rank :: ranks.size] * ranks.size, None, None


def _buckets(tensors: list[Tensor]) -> Iterator[list[Tensor]]:
    """The tensors in their order, in lists of one kind of number with at most BUCKET numbers, or one larger tensor."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        if bucket and (tensor.dtype != bucket[0].dtype or sum(each.numel() for each in bucket) + tensor.numel() > BUCKET):
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket


@contextmanager
def joined_ranks(device: str = "auto") -> Iterator[tuple[Ranks, str]]:
    """The ranks that torchrun has started, joined in the block, and this one's device; outside torchrun one rank and `device` as it is.

    In ranks other than the first only warnings are logged. DeviceError for a device that ranks cannot share.
    """
    if not all(name in os.environ for name in VARIABLES):
        yield ALONE, device
        return
    rank, size, local = (int(os.environ[name]) for name in VARIABLES[:3])
    ranks = Ranks(rank, size, int(os.environ[RESTARTS]) if RESTARTS in os.environ else None)
    if ranks.alone:
        yield ranks, device
        return
    device = rank_device(device, local)
    if device != "cpu":
        torch.cuda.set_device(torch.device(device))
    from torch.distributed.rendezvous import rendezvous  # a torch that is built without has none of this

    store, _, _ = next(iter(rendezvous("env://", rank, size, timeout=TIMEOUT)))
    store = store_of_start(store, rank, size)
    dist.init_process_group("gloo" if device == "cpu" else "cpu:gloo,cuda:nccl", store=store, rank=rank, world_size=size, timeout=TIMEOUT)
    package = logging.getLogger("hypviz")
    level = package.level
    if not ranks.leads:
        package.setLevel(logging.WARNING)
    try:
        yield ranks, device
    finally:
        package.setLevel(level)
    dist.destroy_process_group()  # not after an error: others may still wait for what will not come


def store_of_start(store: Store, rank: int, size: int, *, wait_s: float = JOIN_S) -> Store:
    """A part of a store that only this start of the ranks uses; DeviceError when they are not all there after `wait_s` seconds.

    torchrun keeps one store over restarts, in which the addresses of dead processes stand (torch 2.15): one that is started again might
    call those. So every rank says a fresh word, the leader answers with it and the name of the part, and goes on when all have heard.
    """
    from torch._C._distributed_c10d import PrefixStore

    word, end = uuid4().hex, time.monotonic() + wait_s
    others = range(1, size) if rank == 0 else ()
    if rank:
        store.set(f"word/{rank}", word)
    while time.monotonic() < end:
        if rank == 0:
            for other in others:
                if greeting := _read(store, f"word/{other}"):
                    store.set(f"answer/{other}", greeting + word)
            if all(_read(store, f"heard/{other}") == word for other in others):
                return PrefixStore(word, store)
        elif (answer := _read(store, f"answer/{rank}")).startswith(word):
            name = answer.removeprefix(word)
            store.set(f"heard/{rank}", name)
            return PrefixStore(name, store)
        time.sleep(POLL_S)
    raise DeviceError(f"Process {rank} of {size} has waited {wait_s:.0f} s for the others to start; see what they say.")


def _read(store: Store, key: str) -> str:
    """What stands under a key, "" for nothing."""
    return str(store.get(key).decode()) if store.check([key]) else ""


def rank_device(name: str, local: int) -> str:
    """The device of the rank with number `local` on its machine: "cuda:LOCAL" for "auto" with CUDA and for "cuda", else "cpu".

    DeviceError for one that names a single device, or has no GPU left for this rank.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if name not in ("auto", "cuda"):
        raise DeviceError(f"Under torchrun every process takes a device of its own, but --device is {name!r}; use auto, cuda or cpu.")
    visible = torch.cuda.device_count()
    if local >= visible:
        raise DeviceError(
            f"Process {local} of this machine, from 0 on, has no GPU: {visible} are visible; start so many, or use --device cpu."
        )
    return f"cuda:{local}"
