"""What each provider calls the fields of an app, for the forms of the admin, and what to mind as one registers it.

Only words that differ from the usual ones are here; which fields an app needs is told by the client itself.
Sources: the registration pages of the providers, and the seed document where it quotes them, 2026-11.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from providers import Provider
from providers.registry import kind_of


class Words(NamedTuple):
    """Labels of the four fields; an empty one means that this provider has no such field."""

    client_id: str = "Client ID"
    secret: str = "Client secret"
    key: str = ""
    certificate_key: str = ""

    def of(self, field: str) -> str:
        return str(getattr(self, field))


CONSUMER = Words("Consumer key", "Consumer secret")
API = Words("API key", "API secret")
APP_ID = Words("App ID", "App secret")
NONE = Words("", "")

WORDS: dict[str, Words] = {
    "500px": CONSUMER,
    "apple": Words("Service ID", "Key ID", "Team ID", "Private key (the .p8 file)"),
    "baidu": Words("API Key", "Secret Key"),
    "bitbucket": Words("Key", "Secret"),
    "bitbucket_oauth2": Words("Key", "Secret"),
    "draugiem": Words("Application ID", "API key"),
    "dropbox": Words("App key", "App secret"),
    "dwolla": Words("Key", "Secret"),
    "eventbrite": API,
    "evernote": CONSUMER,
    "facebook": APP_ID,
    "feishu": APP_ID,
    "flickr": Words("Key", "Secret"),
    "frontier": Words("Client ID", "Shared Key"),
    "instagram": APP_ID,
    "kakao": Words("REST API key", "Client secret"),
    "line": Words("Channel ID", "Channel secret"),
    "linkedin": Words("API key", "Secret key"),
    "microsoft": Words("Application (client) ID", "Client secret (its value)"),
    "odnoklassniki": Words("Application ID", "Application secret key", "Application public key"),
    "openid": NONE,
    "openstreetmap": CONSUMER,
    "persona": NONE,
    "pinterest": APP_ID,
    "salesforce": Words("Consumer Key", "Consumer Secret", "Login URL"),
    "shopify": Words("API key", "API secret key"),
    "stackexchange": Words("Client Id", "Client Secret", "Key"),
    "steam": Words("", "Web API key"),
    "stocktwits": Words("Consumer key", "Consumer secret"),
    "stripe": Words("Client ID (ca_…)", "Secret API key (sk_…)"),
    "telegram": Words("Client ID, for OpenID Connect only", "Bot token"),
    "trello": Words("API key", "Secret", "API key, again"),
    "twitter": Words("Consumer Key (API Key)", "Consumer Secret (API Secret)"),
    "vimeo": Words("Client identifier", "Client secret"),
    "vimeo_oauth2": Words("Client identifier", "Client secret"),
    "vk": Words("Application ID", "Secure key"),
    "weibo": Words("App Key", "App Secret"),
    "weixin": Words("AppID", "AppSecret"),
    "windowslive": Words("Application Id", "Password"),
    "xing": CONSUMER,
    "yandex": Words("ClientID", "Client secret"),
}

NOTES = {
    "amazon": _("Only https callbacks are accepted."),
    "apple": _("The callback must be https, on a domain that is entered there too; localhost is refused."),
    "battlenet": _("The region is a setting (REGION); a link may choose another one by ?region=."),
    "facebook": _("For the JavaScript SDK enter the site's domain as well. The callback belongs to the login product."),
    "google": _("The callback is an authorised redirect URI."),
    "keycloak": _("The server and the realm are settings: KEYCLOAK_URL, KEYCLOAK_REALM."),
    "linkedin": _("The old OAuth 1.0a interface, which is switched off. New sites take linkedin_oauth2."),
    "mailchimp": _("Only https callbacks are accepted; take 127.0.0.1 in place of localhost."),
    "microsoft": _("An Application ID is a UUID; a secret is shown once, and its ID is not the secret."),
    "openid": _("Nothing is registered: people bring their own server."),
    "persona": _("Nothing is registered; the setting AUDIENCE names this site."),
    "salesforce": _("The login URL is https://login.salesforce.com or https://test.salesforce.com."),
    "shopify": _("A login needs the name of the shop: ?shop=petstore."),
    "steam": _("Nothing is registered but the key; it may be in both fields."),
    "strava": _("Only the domain is entered there, as the authorization callback domain."),
    "stripe": _("Development and production have client ids of their own."),
    "telegram": _("Tell BotFather the site's domain by /setdomain."),
    "trello": _("The API key goes into both fields. Enter the site's origin there as an allowed origin."),
    "twitter": _("Take 127.0.0.1 in place of localhost."),
    "weibo": _("A callback with a port is refused."),
    "weixin": _("Only the domain is entered there, as the authorization callback domain."),
    "yahoo": _("Only https callbacks are accepted. Copied keys may begin with spaces."),
}


def words(provider: str) -> Words:
    """The labels for a provider. Whether a field is needed is not said: see `needed`."""
    return WORDS.get(provider, Words())


def needed(provider: str) -> tuple[str, ...]:
    """The fields without which there is no client, by their names in the App model."""
    kind: type[Provider] = kind_of(provider)
    return tuple("secret" if name == "client_secret" else name for name in kind.credentials)
