"""Sign in with GitHub or Google: Flask and Authlib, written as for the real providers."""

import os
import secrets

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, session, url_for

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()
app.config.update({name: value for name, value in os.environ.items() if name.startswith(("GITHUB_", "GOOGLE_"))})

oauth = OAuth(app)
oauth.register(
    "github",
    authorize_url="https://github.com/login/oauth/authorize",
    access_token_url="https://github.com/login/oauth/access_token",
    api_base_url="https://api.github.com/",
    client_kwargs={"scope": "user:email", "code_challenge_method": "S256"},
)
oauth.register(
    "google",
    server_metadata_url="https://accounts.google.com/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
)

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem }</style>
{% if problem %}<h1>Not signed in</h1><p>{{ problem }}</p><p><a href="/">Try again</a></p>
{% elif user %}<h1>Hello, {{ user.name }}</h1><p>{{ user.email or "no e-mail address" }}</p>
<form method="post" action="/logout"><button>Sign out</button></form>
{% else %}<h1>Sign in</h1><p><a href="/login/github">Sign in with GitHub</a></p>
<p><a href="/login/google">Sign in with Google</a></p>{% endif %}</html>"""


@app.get("/")
def home():
    return render_template_string(PAGE, user=session.get("user"))


@app.get("/login/<any(github, google):provider>")
def login(provider):
    return oauth.create_client(provider).authorize_redirect(url_for("callback", provider=provider, _external=True))


@app.get("/callback/<any(github, google):provider>")
def callback(provider):
    try:
        token = oauth.create_client(provider).authorize_access_token()
    except OAuthError as error:
        return render_template_string(PAGE, problem=error.description or error.error), 400
    session["user"] = token.get("userinfo") or github_user(token)
    return redirect("/")


@app.post("/logout")
def logout():
    session.clear()
    return redirect("/")


def github_user(token):
    profile = oauth.github.get("user", token=token).json()
    emails = oauth.github.get("user/emails", token=token).json()
    email = next((row["email"] for row in emails if row["primary"] and row["verified"]), None)
    return {"name": profile["name"] or profile["login"], "email": email}
