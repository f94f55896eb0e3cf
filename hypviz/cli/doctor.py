"""`hypviz doctor`: is this installation well?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help='{"findings": [{about, words, well}…]}.')] = False,
) -> None:
    """Versions, devices, disk, and a walk through the shipped demo; ends with status 1 when something is not well."""
    from hypviz.server.doctor import examine

    findings = examine()
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(one) for one in findings]}))
    else:
        for one in findings:
            typer.echo(f"{'ok ' if one.well else 'BAD'}  {one.about:<10} {one.words}")
    if not all(one.well for one in findings):
        raise typer.Exit(1)
