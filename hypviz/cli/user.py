"""`hypviz user`: names and passwords for a server that others reach (`app.py --auth FILE`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(no_args_is_help=True)
File = Annotated[Optional[Path], typer.Option(help="The file of users; $HYPVIZ_USERS, else users.json in the home folder.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Letters, digits and . _ @ -")],
    admin: Annotated[bool, typer.Option("--admin", help="May change and remove what others brought.")] = False,
    file: File = None,
) -> None:
    """Add a user, or give one another password. It is asked for, or read from the first line of a pipe."""
    from hypviz.server.edge.users import default_file, write_user

    target = file or default_file()
    write_user(target, name, _password(name), admin=admin)
    typer.echo(f"{name} may sign in; start the server with --auth {_shown(target)}")


@app.command("remove")
def remove(name: str, file: File = None) -> None:
    """Remove a user; sessions that are open end with the next request."""
    from hypviz.server.edge.users import default_file, remove_user

    remove_user(file or default_file(), name)
    typer.echo(f"{name} may not sign in any more")


@app.command("list")
def names(file: File = None) -> None:
    """The names, and who is an admin."""
    from hypviz.server.edge.users import default_file, read_users

    for user in read_users(file or default_file()).values():
        typer.echo(f"{user.name}{' (admin)' if user.admin else ''}")


def _password(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
