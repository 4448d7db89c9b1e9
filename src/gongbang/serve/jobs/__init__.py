"""Slow work: accepted into the database, told to a queue, done by workers, exactly once in effect.

:mod:`~gongbang.serve.jobs.service` is what a server has of it, :mod:`~gongbang.serve.jobs.worker` does the
work, in the server's own process or in ``gongbang worker``, and
:data:`~gongbang.serve.jobs.kinds.KINDS` lists what can be done. docs/decisions/0029 says why it is so.
"""
