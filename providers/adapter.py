"""These clients as a checker of login libraries wants them: `begin` gives the URL, `finish` the identity.

Ten lines, no import of the checker. Entry point `providers` of the group `mockidp.adapters`.
"""

from __future__ import annotations

import re
from typing import Any

from .registry import get, kind_of

CREDENTIALS = {
    "client_id": "client_id",
    "client_secret": "client_secret",
    "certificate_key": "certificate_key",
    "key_id": "client_secret",
    "team_id": "key",
    "key": "key",
}  # the fact of the app: the argument of get()
PARAMETERS = ("shop", "openid_url")
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"&]*)"')


class Adapter:
    """Drives the client of one job's provider with a requests.Session. Raises LoginError for a login that fails."""

    def begin(self, job: Any) -> Any:
        import requests

        self.http = requests.Session()
        own = {CREDENTIALS[name]: value for name, value in job.app.items() if name in CREDENTIALS and value}
        self.client = get(job.provider, settings=settings_of(job), **own)
        facts = {**{name.lower(): value for name, value in job.settings.items()}, **job.app}
        extra = {name: facts[name] for name in PARAMETERS if name in facts and name in self.client.parameters}
        login = self.client.begin(redirect_uri=job.redirect_uri, http=self.http, **extra)
        job.state = login.session
        self.page = dict(_HIDDEN.findall(login.page or ""))
        return (login.form.action, login.form.fields) if login.form else login.url

    def finish(self, job: Any, callback: Any) -> dict[str, Any]:
        posted = {**self.page, **dict(callback.form)} if callback.form else None  # as the page's form would post it
        identity = self.client.finish(job.state, posted or callback.url, http=self.http)
        return {
            name: getattr(identity, name)
            for name in ("uid", "email", "email_verified", "name", "username", "first_name", "last_name", "picture")
        }


def settings_of(job: Any) -> dict[str, Any]:
    """Those of the provider's settings that its client has too and that are text: base URLs, a realm."""
    declared = kind_of(job.provider).settings
    return {
        name: value
        for name, value in job.settings.items()
        if name in declared and isinstance(declared[name].default, str | type(None))
    }
