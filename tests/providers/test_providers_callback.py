"""A callback is read the same from whatever shape it comes in, and nothing of it is lost."""

import httpx
import pytest

from providers.callback import Callback

PAIRS = (("code", "a b"), ("state", "é"))


class ListsDict(dict):
    """Like Django's and werkzeug's: items() shows one value, lists() all."""

    def lists(self):
        return super().items()

    def items(self):
        return [(name, values[-1]) for name, values in super().items()]


@pytest.mark.parametrize(
    "source",
    [
        "https://app.example/cb?code=a+b&state=%C3%A9",
        "/cb?code=a%20b&state=%C3%A9",
        "?code=a+b&state=%C3%A9",
        "code=a+b&state=%C3%A9",
        {"code": "a b", "state": "é"},
        {"code": ["a b"], "state": ("é",)},
        [("code", "a b"), ("state", "é")],
        (pair for pair in PAIRS),
        httpx.QueryParams("code=a+b&state=%C3%A9"),
        ListsDict(code=["a b"], state=["é"]),
    ],
    ids=lambda source: type(source).__name__ + str(source)[:20],
)
def test_every_shape_is_read_alike(source):
    callback = Callback.of(source)
    assert callback.pairs == PAIRS
    assert not callback.repeated()
    assert Callback.of(callback) is callback


@pytest.mark.parametrize(
    "source",
    [
        "code=1&code=2&x=",
        {"code": ["1", "2"], "x": ""},
        [("code", "1"), ("x", ""), ("code", "2")],
        httpx.QueryParams([("code", "1"), ("code", "2"), ("x", "")]),
        ListsDict(code=["1", "2"], x=[""]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_what_came_twice_is_seen_twice(source):
    callback = Callback.of(source)
    assert callback.repeated() == {"code"}
    assert callback.get("x") is None
    assert "x" in callback.names


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        b"code=1",
        {"code": None},
        {"code": b"1"},
        {"code": {"a": "b"}},
        {1: "x"},
        [("a",)],
        ["ab"[:1]],
        {"code": "\ud800"},
        "x" * 65537,
        "&".join(f"a{i}=1" for i in range(301)),
        [(f"a{i}", "1") for i in range(301)],
    ],
    ids=lambda source: str(source)[:20],
)
def test_what_cannot_be_read_is_refused(make, refused, source):
    with pytest.raises((ValueError, TypeError)):
        Callback.of(source)
    github = make("github")
    session = github.begin(redirect_uri="https://app.example/cb").session
    assert refused(github.finish, session, source).code == "callback_malformed"


def test_a_fragment_is_no_parameter():
    callback = Callback.of("https://app.example/cb?code=1#_=_&code=2")
    assert (callback.pairs, callback.fragment) == ((("code", "1"),), "_=_&code=2")


def test_a_repr_shows_no_value():
    assert repr(Callback.of("code=s3cret")) == "Callback(['code'])"
