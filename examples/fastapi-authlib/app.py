"""Sign in with GitHub or Google: FastAPI and Authlib, written as for the real providers."""

from __future__ import annotations

import os
import secrets
from html import escape
from typing import Any

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ.get("SESSION_SECRET") or secrets.token_hex(32))

oauth = OAuth()
oauth.register(
    "github",
    client_id=os.environ["GITHUB_CLIENT_ID"],
    client_secret=os.environ["GITHUB_CLIENT_SECRET"],
    authorize_url="https://github.com/login/oauth/authorize",
    access_token_url="https://github.com/login/oauth/access_token",
    api_base_url="https://api.github.com/",
    client_kwargs={"scope": "user:email"},
)
oauth.register(
    "google",
    client_id=os.environ["GOOGLE_CLIENT_ID"],
    client_secret=os.environ["GOOGLE_CLIENT_SECRET"],
    server_metadata_url="https://accounts.google.com/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
)


@app.get("/", response_class=HTMLResponse)
async def home(request: Request) -> str:
    if user := request.session.get("user"):
        return page(f"<h1>Hello, {escape(user['name'])}</h1><p>{escape(user['email'] or 'no e-mail address')}</p>")
    return page(
        "<h1>Sign in</h1><p><a href='/login/github'>Sign in with GitHub</a></p>"
        "<p><a href='/login/google'>Sign in with Google</a></p>"
    )


@app.get("/login/{provider}")
async def login(request: Request, provider: str) -> Response:
    callback = request.url_for("callback", provider=provider)
    answer: Response = await client(provider).authorize_redirect(request, callback)
    return answer


@app.get("/callback/{provider}")
async def callback(request: Request, provider: str) -> Response:
    try:
        token = await client(provider).authorize_access_token(request)
        user = await READ[provider](token)
    except OAuthError as error:
        text = page(f"<h1>Not signed in</h1><p>{escape(error.description or error.error)}</p>")
        return HTMLResponse(text, 403)
    request.session.clear()  # a session from before the login is nobody's any more
    request.session["user"] = {"provider": provider, **user}
    return RedirectResponse("/", 303)


@app.get("/me")
async def me(request: Request) -> dict[str, Any]:
    user: dict[str, Any] | None = request.session.get("user")
    if user is None:
        raise HTTPException(401, "nobody is signed in")
    return user


async def from_github(token: dict[str, Any]) -> dict[str, Any]:
    profile = (await oauth.github.get("user", token=token)).raise_for_status().json()
    emails = (await oauth.github.get("user/emails", token=token)).raise_for_status().json()
    own = next((row["email"] for row in emails if row["primary"] and row["verified"]), None)
    return {"id": str(profile["id"]), "name": profile["name"] or profile["login"], "email": own}


async def from_google(token: dict[str, Any]) -> dict[str, Any]:
    claims = token["userinfo"]  # of the id_token, whose signature, audience and nonce Authlib has checked
    own = claims["email"] if claims.get("email_verified") else None
    return {"id": claims["sub"], "name": claims.get("name") or claims["sub"], "email": own}


READ = {"github": from_github, "google": from_google}


def client(provider: str) -> Any:
    if provider not in READ:
        raise HTTPException(404, "no such provider")
    return oauth.create_client(provider)


def page(main: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Example</title><main>{main}</main></html>"
    )
