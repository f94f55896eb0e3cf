"""No test reaches another machine: a library that asks one fails here, with or without a network."""

from __future__ import annotations

import socket
import threading

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("huggingface.co", 443), ("8.8.8.8", 53)])
def test_other_machines_are_out_of_reach(address: tuple[str, int]) -> None:
    with socket.socket() as one, pytest.raises(SocketConnectBlockedError):
        one.connect(address)


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        taken, _ = server.accept()
        threading.Thread(target=taken.sendall, args=(b"well",)).start()
        assert client.recv(4) == b"well"
        taken.close()
