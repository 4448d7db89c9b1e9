"""Hints over RabbitMQ: durable queues, confirmed publishing, one unsettled hint a slot.

One queue a kind, so that a worker takes what it can do, and one for dead letters: hints of jobs that were
given up, and messages that are none of ours. Two connections: one that tells, used by whoever calls, and
one that takes, kept by a thread that answers the broker while jobs run, however long they do.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from gongbang.errors import OptionError, QueueAwayError
from gongbang.serve.jobs.kinds import KINDS
from gongbang.serve.jobs.queue import Fate

_LOG = logging.getLogger(__name__)
_ALLOWED = "amqp://USER:PASSWORD@HOST:5672/VHOST, or amqps://…"
_BROKEN = (AMQPError, OSError)
_ID = re.compile(r"[0-9a-f]{32}")
_CONNECT_S, _ANSWER_S, _AGAIN_S, _LOOK_S = 5.0, 20.0, 1.0, 0.5


def broker_parameters(url: str) -> Any:
    """The parameters of a broker's URL.

    Raises:
        OptionError: it is none.

    Example:
        >>> broker_parameters("amqp://guest:guest@127.0.0.1/").port
        5672
    """
    try:
        if not url.startswith(("amqp://", "amqps://")):
            raise ValueError("another scheme")
        parameters = pika.URLParameters(url)
    except Exception as err:  # a port that is no number, options that are unknown: pika raises what it likes
        raise OptionError(
            "the URL of the broker cannot be used.",
            value=shown(url),
            allowed=_ALLOWED,
            cure="Write it like these, or leave it out to do without a broker.",
        ) from err
    parameters.socket_timeout = _CONNECT_S
    parameters.stack_timeout = _CONNECT_S
    parameters.blocked_connection_timeout = _ANSWER_S
    return parameters


def shown(url: str) -> str:
    """A broker's URL as it may be printed: without its password.

    Example:
        >>> shown("amqp://me:secret@host/work")
        'amqp://me:***@host/work'
    """
    return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1:***@", url)


class RabbitHint:
    """A hint that a broker waits to be told of."""

    def __init__(self, connection: Any, channel: Any, tag: int, job: str) -> None:
        self._connection, self._channel, self._tag = connection, channel, tag
        self.job = job

    def settle(self, fate: Fate) -> None:
        with suppress(*_BROKEN):  # a lost connection: the broker gives the hint to somebody again
            self._connection.add_callback_threadsafe(lambda: self._settle(fate))

    def _settle(self, fate: Fate) -> None:
        if not self._channel.is_open:
            return
        if fate == "settled":
            self._channel.basic_ack(self._tag)
        else:
            self._channel.basic_nack(self._tag, requeue=fate == "again")


class RabbitQueue:
    """A queue on a RabbitMQ.

    Args:
        url: where the broker is. name: what its queues are called.
        kinds: of the jobs that are taken here; none where jobs are only told of.
        slots: how many hints are in hand at a time.

    Raises:
        OptionError: the URL cannot be used.
    """

    lasting = True

    def __init__(self, url: str, name: str, kinds: Sequence[str] = (), *, slots: int = 1) -> None:
        self.url, self.name, self.kinds, self.slots = url, name, tuple(kinds), slots
        self._parameters = broker_parameters(url)
        self._lock = threading.Lock()
        self._teller: Any = None
        self._taken: queue.SimpleQueue[RabbitHint | None] = queue.SimpleQueue()
        self._over, self._closed = threading.Event(), threading.Event()
        self._away = False
        self._taker: Any = None
        self._thread: threading.Thread | None = None

    def queue_of(self, kind: str) -> str:
        """The broker's queue of a kind of job; ``dead`` is that of dead letters."""
        return f"{self.name}.{kind}"

    def tell(self, jobs: Sequence[tuple[str, str]]) -> None:
        with self._lock:
            channel = self._telling()
            try:
                for id, kind in jobs:
                    self._publish(channel, id, kind)
            except _BROKEN as err:
                raise self._lost(err) from err

    def _publish(self, channel: Any, id: str, kind: str) -> None:
        # Confirms are on: this returns when the message is on the broker's disk, and raises where it is not.
        channel.basic_publish(
            "",
            self.queue_of(kind),
            json.dumps({"job": id}).encode(),
            pika.BasicProperties(content_type="application/json", delivery_mode=2, message_id=id),
            mandatory=True,
        )

    def waiting(self) -> int:
        with self._lock:
            channel = self._telling()
            try:
                return self._declare(channel, KINDS)
            except _BROKEN as err:
                raise self._lost(err) from err

    def _telling(self) -> Any:
        """The channel that tells; a new one where the old one broke."""
        if self._teller is not None and self._teller.is_open and self._teller.connection.is_open:
            return self._teller
        try:
            channel = pika.BlockingConnection(self._parameters).channel()
            channel.confirm_delivery()
            self._declare(channel, KINDS)
        except _BROKEN as err:
            raise self._lost(err) from err
        self._teller = channel
        return channel

    def _declare(self, channel: Any, kinds: Sequence[str] | dict[str, str]) -> int:
        """Make the queues where they are not there; gives how many hints wait in them."""
        dead = self.queue_of("dead")
        channel.queue_declare(dead, durable=True)
        to_dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
        found = [channel.queue_declare(self.queue_of(k), durable=True, arguments=to_dead) for k in kinds]
        return sum(int(one.method.message_count) for one in found)

    def _lost(self, err: BaseException) -> QueueAwayError:
        teller, self._teller = self._teller, None
        if teller is not None:
            with suppress(*_BROKEN):
                teller.connection.close()
        return QueueAwayError(
            "the broker cannot be reached.",
            value=f"{shown(self.url)}: {type(err).__name__} {err}"[:300],
            allowed="a RabbitMQ that answers",
            cure="Check that it runs, and its URL, user and permissions. Jobs are accepted all the same.",
        )

    def take(self, wait_s: float) -> RabbitHint | None:
        self._start()
        until = time.monotonic() + wait_s
        while not self._over.is_set():
            left = until - time.monotonic()
            try:
                return self._taken.get(timeout=max(0.0, min(left, _LOOK_S)))  # None: look up
            except queue.Empty:
                if left <= _LOOK_S:
                    break
        return None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                thread = threading.Thread(target=self._take_on, name="rabbitmq", daemon=True)
                thread.start()
                self._thread = thread

    def _take_on(self) -> None:
        while not self._closed.is_set():
            try:
                self._take_until_it_breaks()
            except _BROKEN as err:
                if not self._away:
                    _LOG.warning("the broker %s is away: %s %s", shown(self.url), type(err).__name__, err)
                self._away = True
            self._closed.wait(_AGAIN_S)

    def _take_until_it_breaks(self) -> None:
        connection = pika.BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            self._declare(channel, self.kinds)
            # Of the whole channel, not of each consumer: a hint that waits behind a long job of another kind
            # would be kept from workers that have nothing to do.
            channel.basic_qos(prefetch_count=self.slots, global_qos=True)
            self._taker = connection
            for kind in self.kinds:
                channel.basic_consume(self.queue_of(kind), self._came)
            if self._away:
                _LOG.warning("the broker %s is back", shown(self.url))
            self._away = False
            # A channel is closed by the broker, its connection left open, where a hint was in hand for longer
            # than the broker bears (30 minutes by default). The job goes on: it is held in the database.
            while channel.is_open and len(channel.consumer_tags) == len(self.kinds):
                connection.process_data_events(time_limit=1.0)
                if self._closed.is_set():
                    connection.process_data_events(time_limit=0)  # what was settled last
                    return
        finally:
            self._taker = None
            with suppress(queue.Empty):
                while True:
                    self._taken.get_nowait()  # of a connection that is no more
            if connection.is_open:
                connection.close()

    def _came(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        job = job_named(body)
        if job is None:
            _LOG.warning("a message in %s is no hint; it goes to the dead letters", method.routing_key)
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        self._taken.put(RabbitHint(self._taker, channel, method.delivery_tag, job))

    def stop_taking(self) -> None:
        self._over.set()
        for _ in range(self.slots):
            self._taken.put(None)

    def close(self) -> None:
        self.stop_taking()
        self._closed.set()
        taker = self._taker
        if taker is not None:
            with suppress(*_BROKEN):
                taker.add_callback_threadsafe(lambda: None)  # so that it looks up at once
        with self._lock:
            thread, (teller, self._teller) = self._thread, (self._teller, None)
            if thread is not None:
                thread.join(_ANSWER_S)
            if teller is not None:
                with suppress(*_BROKEN):
                    teller.connection.close()


def job_named(body: bytes) -> str | None:
    """The job that a message hints at; None where it is none of ours.

    Example:
        >>> job_named(b'{"job": "0123456789abcdef0123456789abcdef"}') is None, job_named(b"{")
        (False, None)
    """
    try:
        held = json.loads(body)
    except ValueError:
        return None
    job = held.get("job") if isinstance(held, dict) else None
    return job if isinstance(job, str) and _ID.fullmatch(job) else None
