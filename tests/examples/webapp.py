"""A small web application with two login buttons, as anybody would write it: it knows nothing of mockidp.

`start_*` is the view behind a button and `finish_*` the one behind its redirect URI; `session` is the web framework's.
"""

import secrets
from urllib.parse import urlencode

import httpx
import jwt
import requests

GITHUB, GITHUB_API = "https://github.com", "https://api.github.com"
GOOGLE = "https://accounts.google.com"
CLIENT = {"client_id": "mockidp", "client_secret": "mockidp-secret"}  # each provider's ready-made app
CALLBACK = "http://localhost:8000/callback"


class LoginError(Exception):
    """Shown to the person who wanted to log in."""


def start_github(session: dict) -> str:
    session["state"] = secrets.token_urlsafe()
    asked = {"client_id": CLIENT["client_id"], "redirect_uri": CALLBACK, "scope": "user:email", **session}
    return f"{GITHUB}/login/oauth/authorize?{urlencode(asked)}"


def finish_github(session: dict, params: dict) -> dict:
    form = {**CLIENT, "redirect_uri": CALLBACK, "code": check(session, params)}
    headers = {"Accept": "application/json"}
    answer = requests.post(f"{GITHUB}/login/oauth/access_token", form, headers=headers, timeout=5)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    user = requests.get(f"{GITHUB_API}/user", headers=headers, timeout=5)
    emails = requests.get(f"{GITHUB_API}/user/emails", headers=headers, timeout=5)
    if not (user.ok and emails.ok):
        raise LoginError("GitHub does not tell who you are. Please try again later.")
    email = next((row["email"] for row in emails.json() if row["primary"] and row["verified"]), None)
    return {"id": f"github:{user.json()['id']}", "name": user.json()["name"], "email": email}


def start_google(session: dict) -> str:
    session["state"], session["nonce"] = secrets.token_urlsafe(), secrets.token_urlsafe()
    asked = {"client_id": CLIENT["client_id"], "redirect_uri": CALLBACK, "scope": "openid email profile", **session}
    return f"{GOOGLE}/o/oauth2/v2/auth?{urlencode({**asked, 'response_type': 'code'})}"


def finish_google(session: dict, params: dict) -> dict:
    form = {**CLIENT, "redirect_uri": CALLBACK, "code": check(session, params)}
    discovery = httpx.get(f"{GOOGLE}/.well-known/openid-configuration").json()
    answer = httpx.post(discovery["token_endpoint"], data={**form, "grant_type": "authorization_code"}).json()
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(httpx.get(discovery["jwks_uri"]).json()).keys}
    try:
        key = keys[jwt.get_unverified_header(answer["id_token"])["kid"]]
        proof = {"audience": CLIENT["client_id"], "issuer": discovery["issuer"]}
        claims = jwt.decode(answer["id_token"], key, ["RS256"], **proof)
    except (KeyError, jwt.InvalidTokenError) as error:
        raise LoginError("Google's answer cannot be trusted.") from error
    if claims.get("nonce") != session["nonce"]:
        raise LoginError("This answer belongs to another login.")
    return {"id": f"google:{claims['sub']}", "name": claims["name"], "email": claims["email"]}


def check(session: dict, params: dict) -> str:
    """The code that a callback brings, if it is one of this session's."""
    if "state" not in session or params.get("state") != session.pop("state"):
        raise LoginError("This login was not begun here.")
    if "error" in params:
        raise LoginError("You did not allow it.")
    return params["code"]
