import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_test_reaches_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5):
        pass


def test_a_test_reaches_no_other() -> None:
    # An address that is kept for documentation: nobody is there.
    with pytest.raises(SocketConnectBlockedError), socket.create_connection(("192.0.2.1", 80), timeout=1):
        pass
