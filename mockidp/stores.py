"""Which store a word asks for: `memory`, the URL of a Redis, or the path of a file."""

from __future__ import annotations

from mockidp.store import MemoryStore, Store

REDIS = ("redis://", "rediss://", "unix://")


def open_store(where: str = "memory") -> Store:
    """The store for a command-line option or a line of the configuration. UsageError when it cannot be had."""
    if where == "memory":
        return MemoryStore()
    if where.startswith(REDIS):
        from mockidp.store_redis import RedisStore  # lazy: needs the extra `redis`

        return RedisStore(where)
    from mockidp.store_file import FileStore  # lazy: most runs keep nothing

    return FileStore(where)
