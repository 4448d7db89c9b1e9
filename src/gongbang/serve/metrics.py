"""What a server counts, in the text format of Prometheus (https://prometheus.io/docs/instrumenting/)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SPACE = "gongbang"
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REQUESTS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The counters of one application; two in a process do not mix.

    Example:
        >>> metrics = Metrics()
        >>> metrics.request("/v1/models", "GET", 200, 0.01)
        >>> 'gongbang_requests_total{method="GET",route="/v1/models",status="200"} 1.0' in metrics.text()
        True
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "requests", "Requests that were answered.", "route", "method", "status"
        )
        self._latency = self._histogram("request_seconds", "From request to answer.", _SECONDS, "route")
        self._waiting = self._gauge("queue_waiting", "Requests that wait for a model.", "model")
        self._batches = self._histogram("batch_requests", "Requests in a batch.", _REQUESTS, "model")
        self._runs = self._histogram("batch_seconds", "Time that a batch took.", _SECONDS, "model")
        self._loads = self._gauge("model_load_seconds", "Time that the model's loading took.", "model")
        self._versions = self._counter(
            "model_loads", "Versions of a model that were loaded or refused.", "model", "outcome"
        )

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, namespace=_SPACE, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(name, words, labels, namespace=_SPACE, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, words, labels, namespace=_SPACE, registry=self.registry, buckets=buckets)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request that was answered; ``route`` is the pattern of its address, of which there are few."""
        self._requests.labels(route, method, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def batch(self, model: str, requests: int, seconds: float) -> None:
        """A batch that a model has worked on."""
        self._batches.labels(model).observe(requests)
        self._runs.labels(model).observe(seconds)

    def watch_queue(self, model: str, waiting: Callable[[], int]) -> None:
        """Have a queue's length looked up whenever somebody asks."""
        self._waiting.labels(model).set_function(waiting)

    def model_loads(self, model: str, seconds: float) -> None:
        """A version of a model that was put to work."""
        self._loads.labels(model).set(seconds)
        self._versions.labels(model, "loaded").inc()

    def model_refused(self, model: str) -> None:
        """A version of a model that could not be used."""
        self._versions.labels(model, "refused").inc()

    def text(self) -> str:
        """Everything as Prometheus reads it."""
        return generate_latest(self.registry).decode("utf-8")
