"""The current release of django-allauth: where to find each provider in it, and what it is known to read otherwise."""

from __future__ import annotations

from typing import Any

from mockidp.contract.files import index
from mockidp.world import World

from .allauth_judge import BOTH, OPENID, STATELESS, VERIFIER, Judge, apple, by_person, plain

EXTRA = [("phone", "http://axschema.org/contact/phone/default", True)]
ABSENT = {
    "angellist": "dropped in 2026 with the service",
    "bitbucket": "dropped with the API that it read",
    "cern": "dropped with the service",
    "linkedin": "dropped with OAuth 1.0a at LinkedIn",
    "persona": "dropped with the service",
}
IDS = {"daum": "Daum"}
STORED = ("draugiem",)  # it keeps the token with a row of the app, which one in the settings does not have


def settings() -> dict[str, dict[str, Any]]:
    """SOCIALACCOUNT_PROVIDERS as the owner of the ready-made apps would write it."""
    app = World().app
    key = apple(app("apple"))
    key["settings"] = {"certificate_key": key.pop("certificate_key")}
    realm = {"server_url": "https://keycloak.example.org/auth/realms/master"}
    server = {"server_url": "https://op.example.org"}
    rows: dict[str, dict[str, Any]] = {
        IDS.get(provider, provider): {"APPS": [plain(app(provider))]}
        for provider in index()
        if provider not in {"keycloak", "openid", "openid_connect", *STORED, *ABSENT}
    }
    for provider, row in {
        "amazon_cognito": {"DOMAIN": "https://mockidp.auth.us-east-1.amazoncognito.com"},
        "apple": {"APPS": [key]},
        "auth0": {"AUTH0_URL": "https://mockidp.us.auth0.com"},
        "edmodo": {"SCOPE": ["basic", "read_user_email"]},
        "evernote": {"EVERNOTE_HOSTNAME": "www.evernote.com"},
        "google": {"SCOPE": ["openid", "profile", "email"]},
        "jupyterhub": {"API_URL": "https://jupyterhub.example.org"},
        "line": {"SCOPE": ["profile", "openid", "email"]},
        "netiq": {"NETIQ_URL": "https://netiq.example.org"},
        "nextcloud": {"SERVER": "https://nextcloud.example.org"},
        "odnoklassniki": {"SCOPE": ["GET_EMAIL"]},
        "okta": {"OKTA_BASE_URL": "mockidp.okta.com"},
        "openid": {
            "SERVERS": [
                {"id": "one", "name": "One", "openid_url": OPENID, "extra_attributes": EXTRA},
                {"id": "two", "name": "Two", "openid_url": STATELESS, "stateless": True},
            ]
        },
        "openid_connect": {
            "APPS": [
                {**plain(app("keycloak")), "provider_id": "keycloak", "name": "Keycloak", "settings": realm},
                {**plain(app("openid_connect")), "provider_id": "op", "name": "An OP", "settings": server},
            ]
        },
        "patreon": {"VERSION": "v2"},
        "paypal": {"MODE": "live"},
        "telegram": {"APPS": [{"client_id": app("telegram").client_id, "secret": app("telegram").facts["token"]}]},
        "trainingpeaks": {"USE_PRODUCTION": True},
        "trello": {"APPS": [{**plain(app("trello")), "key": app("trello").client_id}]},
    }.items():
        rows[provider] = {**rows.get(provider, {}), **row}
    return rows


JUDGE = Judge(
    date=None,
    settings=settings(),
    stored={provider: plain(World().app(provider)) for provider in STORED},
    absent=ABSENT,
    modules={"500px": "fivehundredpx", "keycloak": "openid_connect"},
    buttons={
        "amazon_cognito": "amazon-cognito/login/",
        "daum": "Daum/login/",
        "keycloak": "oidc/keycloak/login/",
        "openid": f"openid/login/?openid={OPENID}",
        "openid_connect": "oidc/op/login/",
        "shopify": "shopify/login/?shop=mockidp",
        "twentythreeandme": "23andme/login/",
    },
    theirs={
        **BOTH,
        **by_person(
            "bitbucket_oauth2",
            "uid",
            "knows people by their Atlassian account",
            alice="557058:4b5deb25-2afe-4954-a975-a620f142f236",
            bob="557058:9b4f76bf-13a4-4847-adaf-d180b28dcf0c",
            carol="557058:b0c3d506-0214-4cf1-a8a9-2af6bacf62c1",
        ),
        **by_person(
            "doximity",
            "uid",
            "knows people by the number that the older API has for them",
            alice="1335081",
            bob="4883793",
            carol="8223037",
        ),
        ("edx", "email_verified", "alice"): (False, "does not read whether the account is active"),
        ("github", "email", "bob"): (
            "69273224+bob-baumann@users.noreply.github.com",
            "lists every address that GitHub has, GitHub's own included, and prefers a verified one to the primary one",
        ),
        ("github", "email_verified", "bob"): (True, "as for the address: it is GitHub's own"),
        ("nextcloud", "name", ""): (("", ""), "takes the display name for a username and has no name then"),
        ("slack", "name", ""): (("", ""), "looks for the name where users.identity had it"),
        ("trello", "email", "alice bob"): (None, "tells its scope where Trello does not look, and is given no address"),
    },
    stumbles={
        ("netiq", "carol"): "counts on an address",
        ("okta", "carol"): "counts on an address",
        ("yahoo", "carol"): "counts on an address",
        ("zoom", "carol"): "counts on an address",
    },
    broken={
        "eveonline": "asks the first version of the single sign-on, which EVE ended in May 2025",
        "figma": "has the token URL that Figma switched off in February 2025",
        "linkedin_oauth2": "asks for r_liteprofile and /v2/me, which apps made since August 2023 are refused",
        "openstreetmap": "speaks OAuth 1.0a still, which the service ended in June 2024",
        "soundcloud": "has the hosts from before October 2024 and sends no PKCE, which is required since",
    },
    denied={
        "500px": (401, VERIFIER),
        "apple": (401, "does not know the word user_cancelled_authorize and shows its page for any other error"),
        "dataporten": (None, "Dataporten shows its own page and sends nobody back"),
        "draugiem": (401, "shows its page for any other error, with the word denied"),
        "evernote": (401, VERIFIER),
        "flickr": (None, "Flickr shows its own page and sends nobody back"),
        "jupyterhub": (None, "the hub has no way to say no: the app hears nothing"),
        "line": (401, "does not know ACCESS_DENIED in capitals"),
        "nextcloud": (None, "Nextcloud has no way to say no: the app hears nothing"),
        "shopify": (None, "Shopify shows its own page and sends nobody back"),
        "telegram": (401, "does not know tgAuthResult=false and takes it for garbage"),
        "trello": (401, VERIFIER),
        "vimeo": (401, VERIFIER),
        "weixin": (None, "Weixin sends nobody back"),
        "xing": (401, VERIFIER),
    },
    middleware=("allauth.account.middleware.AccountMiddleware",),
    site={"ACCOUNT_RATE_LIMITS": False},
)
