"""The life of what listens: it takes its port, serves in a thread, in the running loop or here, and stops."""

from __future__ import annotations

import asyncio
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

GRACE = 2.0  # seconds for running requests at the end


class Life(ABC):
    """What binds, starts and stops: `with` runs it in a thread, `async with` in the running loop."""

    name = "mockidp"  # of its thread

    def __init__(self) -> None:
        self.grace = GRACE
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._stopping = False

    @abstractmethod
    def bind(self) -> None:
        """Take the port now, so that `url` is known and a UsageError comes before anything runs."""

    @abstractmethod
    async def start(self) -> None:
        """Serve in the running loop from now on."""

    @abstractmethod
    async def stop(self) -> None:
        """Accept nothing more, let running requests finish for `grace` seconds, then cut the rest."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self.bind()
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run_in_thread, args=(started,), name=self.name, daemon=True)
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if self._thread:
            self._thread.join()

    def serve_forever(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until SIGINT or SIGTERM; a second signal cuts running requests. `ready` is called when it serves."""
        self.bind()
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._run(ready))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        if self._stopping:
            self.grace = 0.0
        self._stopping = True
        self._stop()

    def _run_in_thread(self, started: Future[None]) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._run(lambda: started.set_result(None)))
        except BaseException as error:  # the thread that waits in __enter__ raises it
            if started.done():
                raise
            started.set_exception(error)

    async def _run(self, ready: Callable[[], object]) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        await self.start()
        ready()
        if not self._stopping:  # a signal may come before there is anything to stop
            await stopped.wait()
        await self.stop()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
