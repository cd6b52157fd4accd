"""Records in Redis (or Valkey): for several processes, on one machine or many. Redis itself lets them end.

A record is a hash with the fields `grant` and `used`, because `HSETNX` on the second is what makes a code
single-use; a key seen once is a string that holds when it ends by the world's clock.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mockidp.errors import UsageError
from mockidp.store import DECODER, ENCODER, Grant, kept_for

try:
    import redis
except ImportError as error:
    raise UsageError("redis is not installed; pip install 'mockidp[redis]'") from error

ONCE = """
local ends = redis.call('GET', KEYS[1])
if ends and tonumber(ends) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""


class RedisStore:
    """A store in Redis, given by its URL (`redis://`, `rediss://`, `unix://`) or as a client of redis-py.

    Every key starts with `prefix`. UsageError when nobody answers at the URL; afterwards the client's own errors.
    """

    def __init__(self, where: str | redis.Redis, *, prefix: str = "mockidp:") -> None:
        self.client: Any = connect(where) if isinstance(where, str) else where
        if self.client.connection_pool.connection_kwargs.get("decode_responses"):
            raise UsageError("records are bytes: the Redis client must not decode_responses")
        self.prefix = prefix
        self._once = self.client.register_script(ONCE)

    def _name(self, kind: str, key: str) -> str:
        return f"{self.prefix}{kind}:{key}"

    def get(self, kind: str, key: str) -> Grant | None:
        data, used = self.client.hmget(self._name(kind, key), "grant", "used")
        if data is None:
            return None
        grant: Grant = DECODER.decode(data)
        grant.used = used is not None
        return grant

    def put(self, kind: str, key: str, grant: Grant) -> None:
        name = self._name(kind, key)
        fields: dict[str, bytes | str] = {"grant": ENCODER.encode(grant)}
        if grant.used:
            fields["used"] = "1"
        with self.client.pipeline() as both:
            both.hset(name, mapping=fields)
            both.pexpire(name, _ms(kept_for(grant.expires and grant.expires - grant.issued)))
            both.execute()

    def drop(self, kind: str, key: str) -> None:
        self.client.delete(self._name(kind, key))

    def use(self, kind: str, key: str) -> bool:
        name = self._name(kind, key)
        with self.client.pipeline() as both:
            both.hexists(name, "grant")
            both.hsetnx(name, "used", "1")
            there, first = both.execute()
        if not there:
            self.client.delete(name)
        return bool(there and first)

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        name = self._name(f"once:{kind}", key)
        return bool(self._once(keys=[name], args=[expires, now, _ms(kept_for(expires - now))]))

    def close(self) -> None:
        """End the connections. The records stay in Redis."""
        self.client.close()


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def connect(url: str) -> redis.Redis:
    """A client that has been answered. UsageError, without the password that a URL may hold."""
    where = urlsplit(url)
    shown = f"{where.scheme}://{where.netloc.rpartition('@')[2]}{where.path}"
    client = None
    try:
        client = redis.Redis.from_url(url)
        client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        if client is not None:
            client.close()
        raise UsageError(f"no Redis at {shown}: {error.__class__.__name__}") from None
    return client
