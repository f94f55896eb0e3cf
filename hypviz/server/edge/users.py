"""The file of users: names, scrypt hashes of their passwords, who is an admin. Written by `python -m hypviz user`.

{"users": {"ada": {"password": "scrypt$15$8$3$SALT$HASH", "admin": true}}}
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypviz.errors import SettingsError
from hypviz.storage.files import write_file

COST, BLOCK, LANES = 15, 8, 3
"""log2 N, r and p of scrypt: 32 MiB and about 0.3 s a try (OWASP's password storage cheat sheet)."""
MIN_PASSWORD, MAX_PASSWORD = 8, 256
"""Characters of a password."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")
_hashing = threading.Semaphore(2)  # each holds 32 MiB and a core


@dataclass(frozen=True)
class User:
    """name, hash of the password, admin."""

    name: str
    password: str
    admin: bool = False


def hash_password(password: str) -> str:
    """A salted hash of a password as text; SettingsError for one that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise SettingsError(f"A password needs {MIN_PASSWORD} to {MAX_PASSWORD} characters, got {len(password)}.")
    salt = secrets.token_bytes(16)
    return "$".join(["scrypt", str(COST), str(BLOCK), str(LANES), _text(salt), _text(_scrypt(password, salt, COST, BLOCK, LANES))])


def is_password(password: str, hashed: str) -> bool:
    """Whether a password is the one that was hashed; takes the same time for every wrong one."""
    kind, *numbers, salt, known = hashed.split("$")
    if kind != "scrypt" or len(numbers) != 3 or len(password) > MAX_PASSWORD:
        return False
    cost, block, lanes = map(int, numbers)
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt), cost, block, lanes), base64.b64decode(known))


class Users:
    """The users of a file, read again when it changes; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], dict[str, User]] | None = None
        self._nobody = hash_password(secrets.token_hex(16))
        if not self.all():
            raise SettingsError(f"{path} names no user; make one by `python -m hypviz user add NAME --file {path}`.")

    def all(self) -> dict[str, User]:
        """The users by name; SettingsError when the file cannot be read as such."""
        with self._lock:
            try:
                stat = self.path.stat()
            except OSError as error:
                raise SettingsError(f"{self.path}: {error.strerror}; make it by `python -m hypviz user add NAME`.") from None
            stamp = stat.st_mtime_ns, stat.st_ino
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, read_users(self.path)
            return self._read[1]

    def check(self, name: str, password: str) -> User | None:
        """The user of that name and password; None when there is none, after the same time whether or not the name is known."""
        user = self.all().get(name)
        right = is_password(password, user.password if user else self._nobody)
        return user if right else None


def read_users(path: Path) -> dict[str, User]:
    """The users of a file; SettingsError when it is no such file."""
    try:
        content = json.loads(path.read_bytes())["users"]
        return {str(name): _user(str(name), one) for name, one in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is no file of users ({error!r:.80}); make a new one by `python -m hypviz user add NAME`.") from None


def write_user(path: Path, name: str, password: str, *, admin: bool) -> None:
    """Add a user, or give one another password; the file is readable by its owner alone."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"A user's name has 1 to 60 letters, digits or . _ @ - and begins with a letter or digit; got {name!r:.80}.")
    users = read_users(path) | {name: User(name, hash_password(password), admin)}
    _write(path, users)


def remove_user(path: Path, name: str) -> None:
    """Remove a user; SettingsError when there is none of that name."""
    users = read_users(path)
    if name not in users:
        raise SettingsError(f"{path} has no user {name!r:.80}; it has {', '.join(users) or 'none'}.")
    _write(path, {each: user for each, user in users.items() if each != name})


def _write(path: Path, users: dict[str, User]) -> None:
    content = {"users": {user.name: {"password": user.password, "admin": user.admin} for user in users.values()}}
    path.parent.mkdir(parents=True, exist_ok=True)

    def fill(part: Path) -> None:
        part.touch(mode=0o600)
        part.write_text(json.dumps(content, indent=1), encoding="utf-8")

    write_file(path, fill)


def _user(name: str, entry: Any) -> User:
    password = str(entry["password"])
    if not re.fullmatch(r"scrypt\$\d{1,2}\$\d{1,2}\$\d{1,2}\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+", password):
        raise ValueError(f"no hash of {name}")
    return User(name, password, entry.get("admin") is True)


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    with _hashing:
        return hashlib.scrypt(password.encode(), salt=salt, n=1 << cost, r=block, p=lanes, maxmem=256 << 20, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def default_file() -> Path:
    """Where `python -m hypviz user` writes unless told otherwise."""
    from hypviz.storage.home import home

    return Path(os.environ.get("HYPVIZ_USERS") or home() / "users.json")
