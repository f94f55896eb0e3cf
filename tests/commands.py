"""A command of hypviz in the test's own process, and what it printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import hypviz.cli


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one JSON object that is all of standard output."""
        assert self.status == 0, self.err
        assert len(self.out.splitlines()) == 1
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content

    def mistake(self) -> str:
        """The one line on standard error, and nothing on standard output."""
        assert self.status not in (0, None) and self.out == ""
        lines = self.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), self.err
        return lines[0]


Run = Callable[..., Done]


def command_runner(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """run("embed", "--json", …): through the same `main` as `python -m hypviz`."""

    def command(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["hypviz", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            hypviz.cli.main()
        captured = capfd.readouterr()
        status = end.value.code
        return Done(status if isinstance(status, int) else 0 if status is None else 1, captured.out, captured.err)

    return command
