"""A login at the real server, walked by the contract's own exchanges; a person, or a command, is the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mockidp.apps import App
from mockidp.check.live.courier import Courier, StoppedError
from mockidp.check.live.plan import with_an_app, without_credentials
from mockidp.check.record.callback import Wait, in_query
from mockidp.check.record.capture import RecordError, Taken, UnreachableError
from mockidp.check.record.match import BROWSER, answer_of
from mockidp.check.walk import Walk, WalkError, walk_class
from mockidp.contract.wire import Wire
from mockidp.errors import UsageError
from mockidp.wire import Request, Response

DOCUMENTS = ("discovery", "jwks")  # what anybody may read
WRONG = ("app-token", "app-wrong-secret")  # probes with a real app that are to be refused
ENDED = "the login ended"
Tell = Callable[[str, int], None]


class Recorder:
    """One login. `taken` is what was said and answered; `told` hears each step and status, and nothing else."""

    def __init__(
        self, wire: Wire, app: App, courier: Courier, wait: Wait, *, scope: list[str] | None = None, told: Tell
    ) -> None:
        self.wire, self.courier, self.wait, self.told = wire, courier, wait, told
        self.taken: list[Taken] = []
        kind = walk_class(wire.id, wire.family)
        self.walk: Walk = kind(wire, app, self.send, redirect_uri=app.redirect_uris[0], scope=scope)

    def run(self, *, errors: bool = False) -> list[Taken]:
        """The whole login, and the documents beside it. RecordError at the step that fails, without its words."""
        mine = self.walk.steps()
        for step in [*(step for step in DOCUMENTS if step in self.wire.steps and step not in mine), *mine]:
            self._do(step)
        if "refresh" in self.wire.steps and self.walk.values.get("refresh_token"):
            self._do("refresh")
        for request in self._to_be_refused() if errors else ():
            self.send(request)
        return self.taken

    def _do(self, step: str) -> None:
        try:
            getattr(self.walk, f"do_{step}", self.walk.do_step)(step)
        except WalkError as error:
            status = f" with {error.response.status}" if error.response is not None else ""
            name = f" ({error.error})" if error.error in self.wire.errors else ""
            raise RecordError(f"{ENDED} at {step}: it was not answered as the contract has it{status}{name}") from None
        except (RecordError, UsageError, StoppedError):
            raise
        except Exception as error:  # of a parser, a signature: its text may hold what came
            raise RecordError(f"{ENDED} at {step}: the answer cannot be used ({type(error).__name__})") from None

    def _to_be_refused(self) -> Iterator[Request]:
        """Requests with made-up values, one for each of the plainest errors."""
        for probe in [*with_an_app(self.walk), *without_credentials(self.walk)]:
            group = self.wire.group(probe.step)
            refused = probe.case in WRONG or (probe.level == 0 and group == "resource" and probe.step not in DOCUMENTS)
            if refused and probe.exchange is not None:
                try:
                    yield probe.request(self.walk)
                except WalkError:
                    continue

    def send(self, request: Request) -> Response:
        """What a walk sends through: over the network, but for the page that a person must see."""
        step = self._step(request)
        response = self._seen(request) if step == BROWSER else self._sent(request, step)
        self.taken.append(Taken(request, response))
        self.told(step, response.status)
        return response

    def _step(self, request: Request) -> str:
        found = self.wire.route(request).exchanges
        return found[0].step if found else ""

    def _seen(self, request: Request) -> Response:
        return answer_of(in_query(self.wait(self.walk.opened or request.url)))

    def _sent(self, request: Request, step: str) -> Response:
        reply = self.courier.send(request)
        if reply.response is None:
            raise UnreachableError(f"{step or request.host}: {reply.failure}")
        response = reply.response  # whose body is unpacked already
        response.headers = [pair for pair in response.headers if pair[0].lower() != "content-encoding"]
        return response
