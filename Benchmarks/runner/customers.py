"""Customers with passwords: many connections by SOCKS5 in one thread, and what arrives on each."""

import selectors
import socket
import threading
import time
from dataclasses import dataclass

from .processes import Failure


class Source:
    """A server that sends without end, from the first byte on that it gets."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.block = bytes(1 << 18)
        self.selector = selectors.DefaultSelector()
        self.is_over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        while not self.is_over:
            for key, _ in self.selector.select(0.1):
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setblocking(False)
                    self.selector.register(connection, selectors.EVENT_READ)
                    continue
                if key.events == selectors.EVENT_READ:
                    self.selector.modify(key.fileobj, selectors.EVENT_WRITE)
                    continue
                try:
                    key.fileobj.send(self.block)
                except BlockingIOError:
                    pass
                except OSError:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()

    def stop(self):
        self.is_over = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def take(connection, count):
    content = b""
    while len(content) < count:
        part = connection.recv(count - len(content))
        if not part:
            raise Failure("the proxy has closed")
        content += part
    return content


def session(node, user, port):
    """A connection to a port of this machine (RFC 1928, RFC 1929); `None` where the user is refused."""
    connection = socket.create_connection(("127.0.0.1", node.port), timeout=30)
    name = user.encode()
    try:
        connection.sendall(b"\x05\x01\x02" + bytes([1, len(name)]) + name + bytes([len(name)]) + name)
        if take(connection, 4) != b"\x05\x02\x01\x00":
            raise Failure("refused")
        connection.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big"))
        if take(connection, 10)[1] != 0:
            raise Failure("refused")
    except (OSError, Failure):
        connection.close()
        return None
    connection.setblocking(False)
    return connection


@dataclass
class Arrivals:
    """What has arrived for a user."""

    count: int = 0
    last: float = 0.0
    closed: float = 0.0
    open: int = 0


class Readers:
    """Reads what comes on connections, each of which belongs to somebody."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.buffer = bytearray(1 << 18)

    def add(self, connection, arrivals):
        """Begins to read; the source hears of it."""
        connection.send(b"!")
        arrivals.open += 1
        self.selector.register(connection, selectors.EVENT_READ, arrivals)

    def turn(self, patience=0.05):
        for key, _ in self.selector.select(patience):
            arrivals = key.data
            try:
                count = key.fileobj.recv_into(self.buffer)
            except BlockingIOError:
                continue
            except OSError:
                count = 0
            now = time.monotonic()
            if count:
                arrivals.count += count
                arrivals.last = now
            else:
                arrivals.open -= 1
                arrivals.closed = now
                self.selector.unregister(key.fileobj)
                key.fileobj.close()

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def shaped(node, users, seconds):
    """The rates at which users get on: name, Mbit/s, and the plan's."""
    source, readers = Source(), Readers()
    arrivals = {}
    for name, connections in users:
        arrivals[name] = Arrivals()
        for _ in range(connections):
            connection = session(node, name, source.port)
            if connection is None:
                raise Failure(f"{name} is refused")
            readers.add(connection, arrivals[name])
    begun = time.monotonic()
    while time.monotonic() - begun < 1:
        readers.turn()
    start, before = time.monotonic(), {name: entry.count for name, entry in arrivals.items()}
    while time.monotonic() - start < seconds:
        readers.turn()
    span = time.monotonic() - start
    readers.close()
    source.stop()
    return [(name, (entry.count - before[name]) * 8 / span / 1e6, node.limits[name] / 1e6)
            for name, entry in arrivals.items()]


@dataclass
class Cut:
    delivered: int
    #: Seconds from the last byte to the last close.
    closing: float
    #: Gbit/s of the other user.
    before: float
    after: float
    #: Seconds between two arrivals of the other's, at most, from the last byte to half a second after the last close.
    pause: float


def cut(node, name, other, connections):
    """Uses a quota up beside another user."""
    source, readers = Source(), Readers()
    mine, theirs = Arrivals(), Arrivals()
    # First all connections: the quota is only to end when all of them are there.
    sockets = [session(node, name, source.port) for _ in range(connections)]
    if None in sockets:
        raise Failure(f"{name} is refused before its time")
    readers.add(session(node, other, source.port), theirs)
    begun = time.monotonic()
    while time.monotonic() - begun < 1:
        readers.turn()
    before = theirs.count * 8 / (time.monotonic() - begun) / 1e9
    for connection in sockets:
        readers.add(connection, mine)
    pause, last = 0.0, time.monotonic()
    deadline = last + 120
    while mine.open and time.monotonic() < deadline:
        seen = theirs.count
        readers.turn()
        now = time.monotonic()
        if theirs.count > seen:
            if mine.open < connections:
                pause = max(pause, now - last)
            last = now
    if mine.open:
        raise Failure(f"{mine.open} connections are still open")
    start, count = time.monotonic(), theirs.count
    while time.monotonic() - start < 0.5:
        seen = theirs.count
        readers.turn()
        if theirs.count > seen:
            pause, last = max(pause, time.monotonic() - last), time.monotonic()
    after = (theirs.count - count) * 8 / (time.monotonic() - start) / 1e9
    readers.close()
    source.stop()
    return Cut(mine.count, max(mine.closed - mine.last, 0), before, after, pause)
