"""A door before a server that can be shut: connections break, and new ones are refused."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Door:
    """Hands what comes to a port of its own on to a server.

    Args:
        host, port: where the server listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self.server = (host, port)
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.links: list[socket.socket] = []
        threading.Thread(target=self._accept, args=(self.listener, self.links), daemon=True).start()

    def shut(self) -> None:
        """Break every connection, and refuse new ones."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for link in self.links:
            _end(link)

    def _accept(self, listener: socket.socket, links: list[socket.socket]) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.server)
            links += [client, server]
            for ends in ((client, server), (server, client)):
                threading.Thread(target=_hand_on, args=ends, daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _end(target)


def _end(link: socket.socket) -> None:
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
