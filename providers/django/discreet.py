"""What a report of an error may tell of a login: not the code, not the token, no variable of any frame.

Django's own report (AdminEmailHandler, the page of technical details) prints the URL, the parameters, the cookies and
every local variable. Views that are `discreet` print names without values, unless DEBUG is on; `take` empties a
callback as soon as it is read, so that whatever else looks at the request later (another reporter, a log of the site's
own, the adapter) sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter

URLS = ("REQUEST_URI", "RAW_URI")  # where servers of WSGI repeat the query


class Discreet(SafeExceptionReporterFilter):
    """Names only."""

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        told = super().get_post_parameters(request)
        return dict.fromkeys(told, self.cleansed_substitute) if self.is_active(request) else told

    def get_safe_cookies(self, request: Any) -> Any:
        told = super().get_safe_cookies(request)
        return dict.fromkeys(told, self.cleansed_substitute) if self.is_active(request) else told

    def get_safe_request_meta(self, request: Any) -> Any:
        told = super().get_safe_request_meta(request)
        hidden = {"HTTP_REFERER", "QUERY_STRING", *URLS} if self.is_active(request) else set()
        return {name: self.cleansed_substitute if name in hidden else value for name, value in told.items()}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> Any:
        if not self.is_active(request):
            return super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]


def discreet(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view, plain or async, of whose errors Django tells little."""

    def enter(request: Any) -> None:
        request.exception_reporter_filter = Discreet()

    @wraps(view)
    def plain(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        enter(request)
        return view(request, *args, **kwargs)

    @wraps(view)
    async def waiting(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        enter(request)
        return await view(request, *args, **kwargs)

    return waiting if iscoroutinefunction(view) else plain


def take(request: Any) -> list[tuple[str, str]]:
    """The parameters of a callback, of its query and its form, which the request no longer has after that."""
    sources = (request.GET, request.POST) if request.method == "POST" else (request.GET,)
    pairs = [(name, value) for source in sources for name in source for value in source.getlist(name)]
    request.GET, request.POST = QueryDict(), QueryDict()
    request.META["QUERY_STRING"] = ""
    for name in URLS:
        if name in request.META:
            request.META[name] = str(request.META[name]).partition("?")[0]
    return [(name, value) for name, value in pairs if name != "csrfmiddlewaretoken"]
