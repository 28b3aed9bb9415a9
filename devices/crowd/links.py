"""Sockets of the crowd, thousands in one thread: a selector, a clock of what is due, TCP links and MQTT links."""

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from devices.mqtt import Address, Client, MQTTMessage

PING: Final = 5.0  # seconds between two looks at an MQTT link's keep-alive
CHUNK: Final = 65_536


class Loop:
    """One selector and one heap of what is due."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), act))

    def turn(self, longest: float = 0.2) -> None:
        """Waits for a socket or for what is due next, and does both."""
        wait = max(0.0, min(longest, self._due[0][0] - time.monotonic())) if self._due else longest
        for key, events in self.selector.select(wait):
            key.data(events)
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def watch(self, sock: Any, events: int, act: Callable[[int], object]) -> None:
        """Registers a socket, or changes what it is watched for."""
        if sock.fileno() < 0:
            return
        if sock.fileno() in self.selector.get_map():
            self.selector.modify(sock, events, act)
        else:
            self.selector.register(sock, events, act)

    def forget(self, sock: Any) -> None:
        if sock.fileno() >= 0 and sock.fileno() in self.selector.get_map():
            self.selector.unregister(sock)

    def close(self) -> None:
        self.selector.close()


class TcpLink:
    """One device's own connection to a gateway."""

    __slots__ = ("_began", "_host", "_loop", "_lost", "_out", "_port", "_ready", "_sock", "_source", "buffer", "hear")

    def __init__(
        self, loop: Loop, host: str, port: int, *, source: str, ready: Callable[[], object],
        hear: Callable[[], object], lost: Callable[[], object],
    ) -> None:  # fmt: skip
        self._loop, self._host, self._port, self._source = loop, host, port, source
        self._ready, self.hear, self._lost = ready, hear, lost
        self._sock: socket.socket | None = None
        self._out, self.buffer = bytearray(), bytearray()
        self._began = False

    @property
    def is_up(self) -> bool:
        return self._sock is not None and self._began

    def connect(self) -> None:
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        if self._source:
            sock.bind((self._source, 0))
        self._sock, self._began = sock, False
        self._out.clear()
        self.buffer.clear()
        sock.connect_ex((self._host, self._port))
        self._loop.watch(sock, selectors.EVENT_WRITE, self._turn)

    def send(self, payload: bytes) -> None:
        if self._sock is not None:
            self._out += payload
            self._flush()

    def cut(self) -> None:
        """Gone without a word, as from a mast that falls."""
        if self._sock is not None:
            self._loop.forget(self._sock)
            self._sock.close()
            self._sock = None

    def _turn(self, events: int) -> None:
        if self._sock is None:
            return None
        if not self._began:
            if self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return self._fall()
            self._began = True
            self._loop.watch(self._sock, selectors.EVENT_READ, self._turn)
            self._ready()
            return None
        if events & selectors.EVENT_READ:
            try:
                data = self._sock.recv(CHUNK)
            except BlockingIOError:
                data = None
            except OSError:
                data = b""
            if data == b"":
                return self._fall()
            self.buffer += data or b""
            self.hear()
        return self._flush()

    def _flush(self) -> None:
        if self._sock is None or not self._began:
            return None
        try:
            while self._out:
                del self._out[: self._sock.send(self._out)]
        except BlockingIOError:
            self._loop.watch(self._sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self._turn)
            return None
        except OSError:
            return self._fall()
        self._loop.watch(self._sock, selectors.EVENT_READ, self._turn)
        return None

    def _fall(self) -> None:
        self.cut()
        self._lost()


class MqttLink:
    """A connection to the broker, of one device or of a bridge that speaks for many; paho, driven by our selector."""

    def __init__(
        self, loop: Loop, address: Address, client_id: str, topics: list[str], *, will: tuple[str, bytes] | None,
        ready: Callable[[], object], hear: Callable[[MQTTMessage], None], taken: Callable[[int], None],
        lost: Callable[[], object],
    ) -> None:  # fmt: skip
        self._loop, self._ready, self._lost = loop, ready, lost
        self._wanted = False
        self.client = address.client(client_id)
        if will is not None:
            self.client.will_set(*will, qos=1)

        def on_connect(client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if not reason.is_failure:
                if topics:
                    address.subscribe(client, topics)
                ready()

        def on_disconnect(*_: Any) -> None:
            if self._wanted:
                self._wanted = False
                lost()

        client = self.client
        client.on_connect, client.on_disconnect = on_connect, on_disconnect
        client.on_message = lambda _client, _data, message: hear(message)
        client.on_publish = lambda _client, _data, mid, _reason, _properties: taken(mid)
        client.on_socket_open = lambda _client, _data, sock: loop.watch(sock, selectors.EVENT_READ, self._turn)
        client.on_socket_close = lambda _client, _data, sock: loop.forget(sock)
        client.on_socket_register_write = lambda _client, _data, sock: loop.watch(
            sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self._turn
        )
        client.on_socket_unregister_write = lambda _client, _data, sock: loop.watch(
            sock, selectors.EVENT_READ, self._turn
        )

    @property
    def is_up(self) -> bool:
        return self.client.is_connected()

    def connect(self) -> None:
        """Only the TCP handshake blocks."""
        self._wanted = True
        try:
            self.client.reconnect()
        except OSError:
            self._wanted = False
            self._lost()
            return
        self._loop.after(PING, self._misc)

    def send(self, topic: str, payload: bytes, *, qos: int) -> int:
        """The broker's acknowledgement will carry the number."""
        return self.client.publish(topic, payload, qos=qos).mid

    def cut(self) -> None:
        """Gone without a word: the broker publishes the last will."""
        if isinstance(sock := self.client.socket(), socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """A polite good-bye; the link is of no use any more."""
        self._wanted = False
        client = self.client
        if client.socket():
            client.disconnect()
            while client.want_write() and client.loop_write() == 0:
                pass
            client.loop_read()  # the broker hangs up
            if sock := client.socket():
                self._loop.forget(sock)
                sock.close()
        client.on_connect = client.on_disconnect = client.on_message = client.on_publish = None
        client.on_socket_open = client.on_socket_close = None
        client.on_socket_register_write = client.on_socket_unregister_write = None

    def _turn(self, events: int) -> None:
        if events & selectors.EVENT_READ:
            self.client.loop_read()
        if events & selectors.EVENT_WRITE and self.client.socket():
            self.client.loop_write()

    def _misc(self) -> None:
        if self._wanted and self.client.socket():
            self.client.loop_misc()
            self._loop.after(PING, self._misc)
