"""What a saved test is written with: its imports, its helpers, and how its lines are laid out."""

from __future__ import annotations

WIDTH = 110  # columns


def lit(text: str) -> str:
    """A text as Python writes it, in double quotes where that needs no more escaping."""
    made = repr(text)
    return f'"{made[1:-1]}"' if made[0] == "'" and '"' not in made else made


def laid_out(call: str, arguments: list[str], end: str = ")") -> list[str]:
    """A call on one line where it fits, else an argument a line; a list or table within it an item a line."""
    line = f"{call}{', '.join(arguments)}{end}"
    if len(line) + 4 <= WIDTH:
        return [line]
    out = [call]
    for text in arguments:
        out += [f"    {row}" for row in text.split("\n")]
        out[-1] += ","
    return [*out, end]


def items(open_: str, rows: list[str], close: str) -> str:
    text = f"{open_}{', '.join(rows)}{close}"
    return text if len(text) <= WIDTH - 20 else "\n".join([open_, *(f"    {row}," for row in rows), close])


STANDARD = [
    ("basic", "import base64"),
    ("hmac", "import hmac"),
    ("told", "import json"),
    ("json", "import json"),
    ("oauth1", "import secrets"),
    ("told", "from urllib.parse import parse_qsl"),
]
IMPORTS = [
    ("raises", "from mockidp.browser import NoCallbackError"),
    ("send", "from mockidp.wire import Request, encoded"),
    ("oauth1", "from mockidp.families import oauth1_sig"),
    ("proved", "from mockidp.families import family_of"),
    ("assertion", "from cryptography.hazmat.primitives.serialization import load_pem_private_key"),
    ("assertion", "from mockidp import jose"),
    ("assertion", "from mockidp.keys import Key"),
]
HELPERS = {
    "send": '''def send(idp, method, url, headers=None, form=None, body=b""):
    """What the application sends to the provider."""
    return idp.simulator.handle(Request.of(method, url, headers, encoded(form).encode() if form else body))''',
    "told": '''def told(answer):
    """The values of an answer: JSON, or a form."""
    text = answer.body.decode()
    return json.loads(text) if text[:1] in ("{", "[") else dict(parse_qsl(text))''',
    "proved": '''def proved(app, family, name, pairs):
    """Parameters, and the one that a client of this provider computes over them."""
    return [*pairs, (name, family_of(app.provider, family).proofs[name](app, pairs))]''',
    "basic": """def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()""",
    "assertion": '''def assertion(idp, pem, kid, alg, claims, times):
    """A token that the client signs; `times` are seconds from now."""
    now = int(idp.clock.now())
    key = Key(kid, alg, load_pem_private_key(pem.encode(), None))
    return jose.sign({**claims, **{name: now + seconds for name, seconds in times.items()}}, key)''',
    "oauth1": '''def oauth1(idp, method, url, pairs, others, secret, token_secret, how, skew=0):
    """The header of a request that is signed by OAuth 1.0 (RFC 5849, section 3)."""
    now = str(int(idp.clock.now()) + skew)
    pairs = [*pairs, ("oauth_timestamp", now), ("oauth_nonce", secrets.token_hex(8)), ("oauth_signature_method", how)]
    pairs.append(("oauth_version", "1.0"))
    text = oauth1_sig.base_string(method, url, [*pairs, *others])
    plain = how == "PLAINTEXT"
    made = oauth1_sig.plaintext(secret, token_secret) if plain else oauth1_sig.hmac_sha1(text, secret, token_secret)
    return oauth1_sig.authorization([*pairs, ("oauth_signature", made)])''',
}
