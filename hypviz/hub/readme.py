"""What README.md of a repository begins with: a header in YAML, as hubs read it, and licences in a hub's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_KNOWN = """
afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsl-1.0 cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-
nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0
cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 gpl
gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 mit mpl-2.0 ncsa odbl odc-by openrail pddl unlicense wtfpl zlib
"""
LICENCES = frozenset(_KNOWN.split())
"""Licences that the hub has a word for [https://huggingface.co/docs/hub/repositories-licenses]."""
NOT_STATED = "not stated"


def licence_header(licence: str) -> dict[str, str]:
    """`license` of the header, and `license_name` for one that the hub has no word for.

    >>> licence_header("Apache-2.0"), licence_header("CC-BY-NC-4.0 (no commercial use), as released")
    ({'license': 'apache-2.0'}, {'license': 'cc-by-nc-4.0'})
    >>> licence_header("not stated"), licence_header("Of our house")
    ({'license': 'unknown'}, {'license': 'other', 'license_name': 'Of our house'})
    """
    plain = " ".join(licence.split())
    if not plain or plain == NOT_STATED:
        return {"license": "unknown"}
    word = plain.partition(" ")[0].rstrip(",;").lower()
    return {"license": word} if word in LICENCES else {"license": "other", "license_name": plain[:100]}


def readme(header: Mapping[str, Any], body: str) -> bytes:
    """README.md: the header between two lines of three dashes, then the text."""
    import yaml

    return f"---\n{yaml.safe_dump(dict(header), sort_keys=False, allow_unicode=True, width=1000)}---\n\n{body.strip()}\n".encode()


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
