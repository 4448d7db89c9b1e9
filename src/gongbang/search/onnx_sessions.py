"""How onnxruntime's sessions are opened: their threads, and 8-bit products that are the same everywhere.

Threads come from a pool for each session, or from one for all where a process holds many models.

A processor without VNNI adds two products of 8 bits in 16, which overflow where the factors are large: the
same artifact then answers worse than where it was measured (reader-ko by 2.5 points of exact match).
onnxruntime avoids that when it is told to, for some percent of the time, and no time where there is VNNI
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When and why do I need to
try U8U8?").

The module stands on the lowest floor that runs a graph, since onnxruntime refuses a session that wants a
pool of its own once there is one for all: every session of the process is opened with
:func:`session_options`.
"""

from __future__ import annotations

import logging
from typing import Any

_EXACT = "session.x64quantprecision"  # its name in onnxruntime's own table of settings
_LOG = logging.getLogger(__name__)
_shared: list[
    int
] = []  # the size of the pool for all, once there is one: onnxruntime makes it once a process


def share_threads(threads: int) -> bool:
    """From now on, have sessions that are opened run on one pool of so many threads.

    onnxruntime makes its pool once a process; a later call changes nothing. openvino's models share the
    workers of one scheduler by themselves.

    Args:
        threads: processor threads of all models together, the one that asks included.

    Returns:
        Whether they share one; an onnxruntime that cannot be told so from Python keeps a pool for each model.
    """
    if _shared:
        return True
    import onnxruntime

    make = getattr(onnxruntime, "set_global_thread_pool_sizes", None)
    if make is None:
        return False
    try:
        make(threads, 1)
    except Exception as err:  # of a kind that pybind makes: somebody else's pool is there, and is as good
        _LOG.debug("a pool of threads is there already: %s", err)
    _shared.append(threads)
    return True


def session_options(threads: int | None = None) -> Any:
    """onnxruntime's options for a session, its threads settled and its 8-bit products exact.

    Args:
        threads: of a pool of its own, where there is none for all; as onnxruntime chooses when None.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(_EXACT, "1")
    if _shared:
        options.use_per_session_threads = False
    elif threads is not None:
        options.intra_op_num_threads = threads
    return options
