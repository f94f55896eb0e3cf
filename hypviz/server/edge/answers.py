"""What an error becomes as an answer: {"error": one sentence}, with the status that says whose matter it is."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from hypviz.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    HypvizError,
    QuotaError,
    SelectionError,
    StorageError,
    page_sentence,
    storage_sentence,
)
from hypviz.server.edge.unusable import sentence_of

log = logging.getLogger(__name__)
MAX_SENTENCE = 500
"""Letters of an error's sentence."""
STATUS: tuple[tuple[type[HypvizError], int], ...] = (
    (SelectionError, 404),
    (ForbiddenError, 403),
    (BusyError, 409),
    (ConflictError, 409),
    (QuotaError, 507),
    (StorageError, 507),
)
"""Of an error's kind; 422 for all others a person can cause."""


def add_answers(app: FastAPI) -> None:
    """Turn every error of the application's routes into an answer."""

    @app.exception_handler(HypvizError)
    def explain(_request: Request, error: HypvizError) -> JSONResponse:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
        return _sentence(page_sentence(error), status)

    @app.exception_handler(OSError)
    def explain_system(_request: Request, error: OSError) -> JSONResponse:
        sentence, status = storage_sentence(error)
        log.warning("The system refused something: %s", error, exc_info=error if status == 500 else None)
        return _sentence(sentence, status)

    @app.exception_handler(MemoryError)
    def explain_memory(_request: Request, error: MemoryError) -> JSONResponse:
        log.error("The memory did not suffice", exc_info=error)
        return _sentence("The server has not memory enough for this now; try again later, or ask for less.", 503)

    @app.exception_handler(RequestValidationError)
    def explain_form(_request: Request, error: RequestValidationError) -> JSONResponse:
        return _sentence(sentence_of(error.errors()[0]), 422)

    @app.exception_handler(HTTPException)
    def explain_status(request: Request, error: HTTPException) -> JSONResponse:
        text = f"{request.method} {request.url.path[:120]}: {error.detail}."
        return _sentence(text, error.status_code, dict(error.headers or {}))

    @app.exception_handler(ClientDisconnect)
    def explain_gone(_request: Request, _error: ClientDisconnect) -> JSONResponse:
        return _sentence("The request broke off before its end.", 400)  # which nobody hears

    @app.exception_handler(Exception)
    def explain_defect(_request: Request, error: Exception) -> JSONResponse:
        log.error("A defect of the program", exc_info=error)
        return _sentence("This failed by a defect of the program; the log of the server says where. Please report it.", 500)


def _sentence(text: str, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    """One line of bounded length, whatever was quoted in it."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    line = line if len(line) <= MAX_SENTENCE else f"{line[: MAX_SENTENCE - 2].rstrip()}…."
    return JSONResponse({"error": line}, status_code=status, headers=headers)
