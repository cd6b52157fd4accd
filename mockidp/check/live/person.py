"""Level 2: a login that a person makes, in a browser while we listen, or earlier and kept in a HAR file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mockidp.check.finding import Finding, Severity
from mockidp.check.live import login
from mockidp.check.live.run import Conversation
from mockidp.errors import MockidpError, UsageError
from mockidp.web.traffic import in_body
from mockidp.wire import Request, Response

Wait = Callable[[str], str]  # the authorize URL in, the callback URL out
Tell = Callable[[str], None]


def from_har(talk: Conversation, path: Path) -> Iterator[Finding]:
    """Compare what a HAR file has of a login at this provider. UsageError where it has nothing of it."""
    from mockidp.check.record.capture import read_har  # lazy: only who has a HAR file

    traffic = [(item.request, item.response) for item in read_har(path)]
    rows = list(login.judged(talk.lab.wire, traffic))
    if not rows:
        known = ", ".join(talk.lab.wire.hosts)
        raise UsageError(f"{path} has no request that {talk.target.provider} answers; it answers at {known}")
    for request, response in traffic:
        talk.secrets.add(dict(_told(request, response)))
    for row in rows:
        yield from _findings(talk, row)


def _told(request: Request, response: Response) -> Iterator[tuple[str, str]]:
    """Every named value of a request and its answer."""
    yield from request.query_pairs
    yield from request.form_pairs
    yield "access_token", request.headers.get("authorization", "").partition(" ")[2]
    yield from in_body(response.body, response.header("content-type"))


def in_browser(talk: Conversation, wait: Wait, tell: Tell) -> Iterator[Finding]:
    """Log in with the sandbox app, the person being the browser; then compare every answer."""
    from mockidp.check.record.capture import RecordError, UnreachableError  # lazy: only a login in a browser
    from mockidp.check.record.recorder import Recorder

    assert talk.target.app is not None
    app = talk.somebody(talk.target.app, {}).app
    recorder = Recorder(talk.lab.wire, app, talk.courier, wait, told=lambda step, status: tell(f"{step}: {status}"))
    ended: MockidpError | None = None
    try:
        recorder.run()
    except RecordError as error:
        ended = error
    talk.secrets.add(recorder.walk.values)
    traffic = [(item.request, item.response) for item in recorder.taken]
    rows = list(login.judged(talk.lab.wire, traffic, values=recorder.walk.values))
    for row in rows:
        yield from _findings(talk, row)
    grave = any(item.severity is Severity.BREAK for row in rows for item in row.differences)
    if isinstance(ended, UnreachableError):
        yield talk.said("login-unreachable", talk.secrets.hide(str(ended)), Severity.INCONCLUSIVE)
    elif ended is not None and not grave:
        severity = Severity.BREAK if recorder.taken else Severity.INCONCLUSIVE
        yield talk.said("login-ended", talk.secrets.hide(str(ended)), severity)


def _findings(talk: Conversation, row: login.Judged) -> Iterator[Finding]:
    """A finding for each difference, or one that says that there is none."""
    if not row.differences:
        yield talk.finding(row.case, row.expected, row.request, None)
    for item in row.differences:
        yield talk.finding(row.case, row.expected, row.request, item)
