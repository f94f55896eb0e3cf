"""Requests that once failed, each a file of its own under tests/fuzz_endpoints/cases/."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
from pathlib import Path

from tests.fuzz_endpoints.world import Request, Site

CORPUS = Path(__file__).parent / "cases"
KEY = "VIEW-KEY"
"""Stands for the key of the view, which differs from world to world."""
_VIEW = re.compile(r"^(/hypviz/(?:view|evaluate|propose)/)[0-9a-f]{16}-[0-9a-f]+(?=/)")


def keep(request: Request, fault: str) -> Path:
    """Write a request down; returns the file."""
    path = _VIEW.sub(rf"\g<1>{KEY}", request.path)
    body: dict[str, str] = {"base64": base64.b64encode(request.body).decode()}
    with contextlib.suppress(UnicodeDecodeError):
        body = {"text": request.body.decode("ascii")}
    content = {"fault": fault, "method": request.method, "path": path, "query": request.query, "headers": request.headers, **body}
    text = json.dumps(content, indent=1)
    place = f"{request.method} {path}".replace(KEY, "").encode("ascii", "replace").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "-", place).strip("-")[:60]
    file = CORPUS / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"
    CORPUS.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="ascii")
    return file


def read(file: Path, site: Site) -> Request:
    """A request that was kept."""
    content = json.loads(file.read_text())
    body = base64.b64decode(content["base64"]) if "base64" in content else content["text"].encode()
    path = content["path"].replace(KEY, site.names["key"][0])
    return Request(content["method"], path, content["query"], tuple((key, value) for key, value in content["headers"]), body)
