"""Answers that were given lately, for whoever asks the very same; two who ask at once wait for one computation."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future


class Remembered:
    """At most `limit` answers, bytes, the ones unused longest go first; safe to share between threads. Errors are not remembered."""

    def __init__(self, limit: int = 512) -> None:
        self.limit = limit
        self._answers: OrderedDict[Hashable, Future[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: Hashable, answer: Callable[[], bytes]) -> bytes:
        """The answer to a question, by `answer` where it is not known."""
        with self._lock:
            known = self._answers.get(question)
            future = self._answers.setdefault(question, known or Future())
            self._answers.move_to_end(question)
            while len(self._answers) > self.limit:
                self._answers.popitem(last=False)
        if known is not None:
            return known.result()
        try:
            future.set_result(answer())
        except BaseException as error:
            with self._lock:
                self._answers.pop(question, None)
            future.set_exception(error)
        return future.result()
