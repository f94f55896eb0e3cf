"""Log lines for people and for machines; inside a request each carries the time, the client and the request's id."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timezone

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("plain", "json")
"""plain: for a terminal.  json: one object a line, for whatever collects logs."""


@dataclass(frozen=True)
class RequestTag:
    """client: the address that asks.  id: names the request in the log and in the answer's X-Request-Id."""

    client: str
    id: str


request_tag: ContextVar[RequestTag | None] = ContextVar("request_tag", default=None)
"""The request that is being answered, for the lines logged meanwhile."""


class _Plain(logging.Formatter):
    """The message alone; inside a request after time, client and id."""

    def format(self, record: logging.LogRecord) -> str:
        tag = request_tag.get()
        text = super().format(record)
        return text if tag is None else f"{_time(record)} {record.levelname} {tag.client} {tag.id} {text}"


class _Json(logging.Formatter):
    """One JSON object; "detail" holds the traceback, the record's `fields` stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        tag = request_tag.get()
        line: dict[str, object] = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        line |= {"message": _printable(record.getMessage())}
        if tag is not None:
            line |= {"client": tag.client, "request": tag.id}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["detail"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _OneLine(logging.Filter):
    """Makes what others chose (a path, a name) unable to begin a line of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if not message.isprintable():
            record.msg, record.args = _printable(message), ()
        return True


def set_up(level: str = "info", form: str = "plain") -> None:
    """Log to standard error from now on.  level: of `LEVELS`.  form: of `FORMATS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_OneLine())
    handler.setFormatter(_Json() if form == "json" else _Plain("%(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpx2", "httpcore", "PIL", "matplotlib", "asyncio", "multipart", "python_multipart"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
