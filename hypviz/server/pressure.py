"""Back-pressure: a bounded number of answers are computed at a time, a bounded number wait, and beyond that one is told so at once.

Answers about a view are arithmetic over all items. More of them at a time than cores only take the cores from each other, and from a
training; so they take turns, what a click waits for first, and leave a third of the machine.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_WAITING = 400
"""Requests that wait for their turn at most: some ten seconds of work on two cores. A browser has six under way at a time."""
RETRY_S = 3
LONG_S = 5.0
"""An answer that takes longer (a layout that is made, an encoder that is loaded) no longer keeps others from their turn."""
PREFIX = "/hypviz/view/"
FIRST = ("select", "class", "cone", "row")
"""What a click waits for; it goes before the disk (second) and small pictures (last)."""
LAST = ("thumb", "image")
UNGATED = ("upload", "marks", "tag", "saved", "report")
"""Of little work, or streamed in by the person's own line."""


def slots_here() -> int:
    """How many answers are computed at a time: two for every three cores, at least two, which Python lets use little more than one."""
    return max(2, 2 * (os.cpu_count() or 1) // 3)


@dataclass
class Gate:
    """Lets `slots` in at a time and `waiting` wait, in the order of their rank and then of their coming. For one event loop."""

    slots: int
    waiting: int = MAX_WAITING
    _queue: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(not future.done() for _, _, future in self._queue)

    async def enter(self, rank: int) -> bool:
        """Wait for a slot; False at once when too many wait already. Whoever came in must `leave`."""
        if self.slots > 0:
            self.slots -= 1
            return True
        if self.queued >= self.waiting:
            return False
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (rank, next(self._numbers), future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()  # it had just been let in
            raise
        return True

    def leave(self) -> None:
        """Give the slot to the next one."""
        while self._queue:
            future = heapq.heappop(self._queue)[2]
            if not future.done():
                future.set_result(None)
                return
        self.slots += 1


def rank_of(path: str) -> int | None:
    """The rank of a request: 0 goes first, None need not wait.

    >>> [rank_of(f"/hypviz/view/k/{what}") for what in ("select", "focus", "thumb/3", "upload")], rank_of("/hypviz/tune/jobs")
    ([0, 1, 2, None], None)
    """
    if not path.startswith(PREFIX):
        return None
    route = path.removeprefix(PREFIX).partition("/")[2].partition("/")[0]
    if not route or route in UNGATED:
        return None
    return 0 if route in FIRST else 2 if route in LAST else 1


class Pressure:
    """ASGI middleware that sends the requests for answers through a gate."""

    def __init__(self, app: ASGIApp, *, slots: int | None = None, waiting: int = MAX_WAITING) -> None:
        self.app, self.gate = app, Gate(slots or slots_here(), waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, in turn."""
        rank = rank_of(scope["path"]) if scope["type"] == "http" else None
        if rank is None:
            await self.app(scope, receive, send)
            return
        messages = await _whole(receive)  # a slow line keeps nobody waiting but its own person
        if not await self.gate.enter(rank):
            await _refuse(send, self.gate.waiting)
            return
        leave = _once(self.gate.leave)
        turn = asyncio.get_running_loop().call_later(LONG_S, leave)

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        async def computed(message: Message) -> None:
            leave()  # the answer is made; sending it takes no core
            await send(message)

        try:
            await self.app(scope, replay, computed)
        finally:
            turn.cancel()
            leave()


def _once(work: Callable[[], None]) -> Callable[[], None]:
    """The work, which is done the first time only."""
    calls = itertools.count()
    return lambda: None if next(calls) else work()


async def _whole(receive: Receive) -> list[Message]:
    """All of a request's body."""
    messages: list[Message] = []
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body")):
        messages.append(await receive())
    return messages


async def _refuse(send: Send, waiting: int) -> None:
    text = f"The server is busy: {waiting} other questions wait for their answer already; try again in a few seconds."
    body = json.dumps({"error": text}).encode()
    headers = {"content-type": "application/json", "retry-after": str(RETRY_S), "content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 503, "headers": raw})
    await send({"type": "http.response.body", "body": body})
