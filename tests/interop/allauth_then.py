"""django-allauth 0.46.0, of November 2021: the code beside which the seed document stood, at the wire of that day."""

from __future__ import annotations

import datetime
from typing import Any

from mockidp.contract.files import index
from mockidp.world import World

from .allauth_judge import BOTH, OPENID, SPLIT, UNREAD, VERIFIER, Judge, apple, by_person, plain

SITE, BOT = "http://127.0.0.1", "mockidp_bot"
IDS = {"daum": "Daum"}
ABSENT = {"openid_connect": "came with a later release"}


def settings() -> dict[str, dict[str, Any]]:
    """SOCIALACCOUNT_PROVIDERS as the owner of the ready-made apps would have written it."""
    app = World().app
    rows: dict[str, dict[str, Any]] = {
        IDS.get(provider, provider): {"APP": plain(app(provider))}
        for provider in index()
        if provider not in {"openid", *ABSENT}
    }
    for provider, row in {
        "amazon_cognito": {"DOMAIN": "https://mockidp.auth.us-east-1.amazoncognito.com"},
        "angellist": {"SCOPE": ["email"]},
        "apple": {"APP": apple(app("apple"))},
        "auth0": {"AUTH0_URL": "https://mockidp.us.auth0.com"},
        "edmodo": {"SCOPE": ["basic", "read_user_email"]},
        "evernote": {"EVERNOTE_HOSTNAME": "www.evernote.com"},
        "gitea": {"GITEA_URL": "https://gitea.com"},
        "jupyterhub": {"API_URL": "https://jupyterhub.example.org"},
        "keycloak": {"KEYCLOAK_URL": "https://keycloak.example.org/auth", "KEYCLOAK_REALM": "master"},
        "instagram": {"SCOPE": ["user_profile"]},
        "line": {"SCOPE": ["profile", "openid", "email"]},
        "netiq": {"NETIQ_URL": "https://netiq.example.org"},
        "nextcloud": {"SERVER": "https://nextcloud.example.org"},
        "okta": {"OKTA_BASE_URL": "mockidp.okta.com"},
        "openid": {
            "SERVERS": [
                {"id": "one", "name": "One", "openid_url": OPENID, "stateless": True},  # its store needs Python < 3.9
            ]
        },
        "paypal": {"MODE": "live"},
        "persona": {"AUDIENCE": SITE},
        "slack": {"SCOPE": ["identity.basic", "identity.email"]},
        "telegram": {"TOKEN": app("telegram").facts["token"]},
        "trello": {"APP": {**plain(app("trello")), "key": app("trello").client_id}, "SCOPE": "read,account"},
        "twentythreeandme": {"SCOPE": ["basic", "names", "email"]},
        "vimeo_oauth2": {"SCOPE": ["public", "email"]},
    }.items():
        rows[provider] = {**rows.get(provider, {}), **row}
    return rows


FULL_NAME = (("Bob", "Baumann"), SPLIT)
ADDRESS = "counts on an address"


JUDGE = Judge(
    date=datetime.date(2021, 11, 15),
    settings=settings(),
    absent=ABSENT,
    modules={"500px": "fivehundredpx"},
    buttons={
        "amazon_cognito": "amazon-cognito/login/",
        "daum": "Daum/login/",
        "openid": f"openid/login/?openid={OPENID}",
        "persona": f"https://login.persona.org/sign_in?origin={SITE}&return_to={SITE}/accounts/persona/login/",
        "shopify": "shopify/login/?shop=mockidp",
        "telegram": f"https://oauth.telegram.org/embed/{BOT}?origin={SITE}&return_to={SITE}/accounts/telegram/login/",
        "twentythreeandme": "23andme/login/",
    },
    theirs={
        **BOTH,
        ("bitbucket", "email", "alice"): (None, "looks the user up by the address, and does not keep the address"),
        ("bitbucket", "email_verified", "alice"): (False, "has no address"),
        **by_person(
            "bitbucket_oauth2",
            "uid",
            "knows people by their usernames",
            alice="alice-archer",
            bob="bob-baumann",
            carol="carol-chevalier",
        ),
        ("github", "email_verified", "alice"): (False, UNREAD),
        ("keycloak", "email_verified", "alice"): (False, UNREAD),
        ("keycloak", "name", "bob"): FULL_NAME,
        **by_person("netiq", "uid", "knows people by their usernames", alice="alice-archer", bob="bob-baumann"),
        ("nextcloud", "name", "alice bob"): (("", ""), "takes the display name for a username and has no name then"),
        ("odnoklassniki", "email", "alice bob"): (None, "does not ask for the address"),
        **by_person(
            "okta",
            "uid",
            "knows people by their usernames",
            alice="alice-archer@mockidp.example.com",
            bob="bob-baumann@mockidp.example.com",
        ),
        ("soundcloud", "name", "bob"): FULL_NAME,
        ("untappd", "user.email", "alice bob"): ("", "lists the address, and does not give it to the user"),
    },
    broken={"edx": "sends the token in the query, which Open edX reads only where Django's DEBUG is on"},
    stumbles={
        ("amazon", "carol"): ADDRESS,
        ("auth0", "carol"): ADDRESS,
        ("bitbucket", "bob"): "looks the user up by an address that is verified",
        ("bitbucket", "carol"): "looks the user up by an address that is verified",
        ("eventbrite", "alice"): "misspells the member `verified`, and cannot store an address without",
        ("eventbrite", "bob"): "misspells the member `verified`, and cannot store an address without",
        ("netiq", "carol"): ADDRESS,
        ("nextcloud", "carol"): ADDRESS,
        ("okta", "carol"): ADDRESS,
        ("persona", "bob"): "Persona itself vouches for verified addresses only",
        ("persona", "carol"): "Persona itself vouches for addresses only",
        ("yahoo", "carol"): ADDRESS,
        ("zoom", "carol"): ADDRESS,
    },
    denied={
        "500px": (200, VERIFIER),
        "apple": (200, "does not know the word user_cancelled_authorize and shows its page for any other error"),
        "bitbucket": (200, VERIFIER),
        "dataporten": (None, "Dataporten shows its own page and sends nobody back"),
        "draugiem": (200, "shows its page for any other error, with the word denied"),
        "evernote": (200, VERIFIER),
        "flickr": (None, "Flickr shows its own page and sends nobody back"),
        "jupyterhub": (None, "the hub has no way to say no: the app hears nothing"),
        "line": (200, "does not know ACCESS_DENIED in capitals"),
        "linkedin": (200, VERIFIER),
        "linkedin_oauth2": (200, "does not know user_cancelled_login and user_cancelled_authorize"),
        "nextcloud": (None, "Nextcloud has no way to say no: the app hears nothing"),
        "openstreetmap": (None, "OpenStreetMap showed its own page and sent nobody back"),
        "persona": (None, "Persona closes its window, and no assertion is posted"),
        "shopify": (None, "Shopify shows its own page and sends nobody back"),
        "telegram": (None, "the widget posts nothing for who says no"),
        "trello": (200, VERIFIER),
        "vimeo": (200, VERIFIER),
        "weixin": (None, "Weixin sends nobody back"),
        "xing": (200, VERIFIER),
    },
    apps=("django.contrib.sites",),
    site={"SITE_ID": 1},
)
