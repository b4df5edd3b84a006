"""The tests' own guard: nothing leaves this machine, loopback works."""

import asyncio
import os
import socket
import threading
from pathlib import Path

import httpx
import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

OUTSIDE = "192.0.2.1"  # TEST-NET-1 of RFC 5737: leads nowhere, should the guard ever fail


def test_an_address_outside_is_refused():
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError):
        client.connect((OUTSIDE, 80))


def test_a_foreign_name_is_not_looked_up():
    with pytest.raises(SocketBlockedError, match=r"example\.org"):
        httpx.get("http://example.org")


async def test_asyncio_is_held_back_too():
    with pytest.raises(SocketBlockedError):
        await asyncio.open_connection("example.org", 80)
    with pytest.raises(SocketConnectBlockedError):
        await asyncio.open_connection(OUTSIDE, 80)


def test_loopback_works():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answering = threading.Thread(target=lambda: server.accept()[0].close())
        answering.start()
        with socket.create_connection(("localhost", port)):
            answering.join()


def test_a_test_has_a_home_of_its_own(tmp_path):
    assert Path(os.environ["VENTANILLA_HOME"]).is_relative_to(tmp_path)
    assert [name for name in os.environ if name.startswith("VENTANILLA_")] == ["VENTANILLA_HOME"]
