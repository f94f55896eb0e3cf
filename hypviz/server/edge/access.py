"""Who asks: by a signed-in session, by name and password in the request, or by a browser's cookie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from hypviz.access.visitors import Visitor
from hypviz.errors import HypvizError
from hypviz.server.edge.rate import Attempts, network_of
from hypviz.server.edge.settings import EdgeSettings
from hypviz.server.edge.users import User, Users

IDLE_S, WHOLE_S = 12 * 3600.0, 7 * 24 * 3600.0
"""A session ends after so long without a request, and so long after signing in."""
KEPT_SESSIONS = 10_000
PER_ADDRESS, PER_NAME = (5, 20.0), (20, 20.0)
"""Wrong passwords in a row, and the seconds until the next try, from one address and for one name."""
REMEMBERED_S = 600.0
"""How long a right name and password need not be hashed again for programs that send them with every request."""


class TooManyError(HypvizError):
    """Too many wrong passwords; `seconds` until the next try."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds + 0.5))
        super().__init__(f"Too many wrong passwords came from here or for this name; try again in {self.seconds} seconds.")


@dataclass
class _Session:
    user: User
    begun: float
    last: float


class Access:
    """Sessions and passwords of one server; safe to share between threads."""

    def __init__(self, settings: EdgeSettings) -> None:
        self.settings = settings
        self.users = Users(settings.auth) if settings.auth else None
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._remembered: OrderedDict[bytes, tuple[User, float]] = OrderedDict()
        self._secret, self._lock = secrets.token_bytes(32), threading.Lock()
        self._by_address, self._by_name = Attempts(*PER_ADDRESS), Attempts(*PER_NAME)

    # signing in

    def check(self, name: str, password: str, client: str) -> User | None:
        """The user, None for a wrong name or password; TooManyError after too many of those. Takes about 0.3 s."""
        assert self.users is not None
        keys = (self._by_address, network_of(client)), (self._by_name, name)
        tries: list[tuple[Attempts, str]] = []
        for attempts, key in keys:
            if wait := attempts.take(key):
                for each, of in tries:
                    each.give_back(of)
                raise TooManyError(wait)
            tries.append((attempts, key))
        user = self.users.check(name, password)
        if user is not None:
            for attempts, key in tries:
                attempts.give_back(key)
        return user

    def begin(self, user: User) -> str:
        """A new session's token, which only the browser keeps."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[_digest(token)] = _Session(user, time.monotonic(), time.monotonic())
            while len(self._sessions) > KEPT_SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def end(self, token: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(_digest(token), None)

    # who asks

    def of_session(self, token: str) -> Visitor | None:
        """The visitor of a session; None when it has ended, or the user is gone or has another password."""
        if not token or self.users is None:
            return None
        now, key = time.monotonic(), _digest(token)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            known = self.users.all().get(session.user.name)
            over = now - session.last > IDLE_S or now - session.begun > WHOLE_S
            if over or known is None or known.password != session.user.password:
                del self._sessions[key]
                return None
            session.last = now
            return visitor_of(known)

    def of_basic(self, authorization: str, client: str) -> Visitor | None:
        """The visitor of an `Authorization: Basic` header; None when it is none or wrong, TooManyError as `check`."""
        kind, _, encoded = authorization.partition(" ")
        if kind.lower() != "basic" or self.users is None:
            return None
        key = hmac.digest(self._secret, authorization.encode(), "sha256")
        with self._lock:
            user, until = self._remembered.get(key, (None, 0.0))
        if user is not None and until > time.monotonic() and self.users.all().get(user.name) == user:
            return visitor_of(user)
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        user = self.check(name, password, client)
        if user is None:
            return None
        with self._lock:
            self._remembered[key] = user, time.monotonic() + REMEMBERED_S
            while len(self._remembered) > KEPT_SESSIONS:
                self._remembered.popitem(last=False)
        return visitor_of(user)


def visitor_of(user: User) -> Visitor:
    """A signed-in user."""
    return Visitor(f"user:{user.name}", user.name, user.admin)


def stranger(cookie: str, client: str) -> Visitor:
    """A browser of a server without passwords, by the cookie it was given, or a program without one by its address."""
    if len(cookie) >= 32 and cookie.isalnum():
        return Visitor(f"browser:{_digest(cookie)[:16]}", "another visitor")
    return Visitor(f"address:{_digest(network_of(client))[:16]}", "another visitor")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
