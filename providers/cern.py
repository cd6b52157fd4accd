from __future__ import annotations

from typing import Any

from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2


class CERN(OAuth2):
    """CERN's first OAuth service, gone since 2023. The user's e-groups come from a second call and are in `raw`.

    Nobody says that the address is verified. Source: CERN's clients, inveniosoftware/invenio-oauthclient and
    AliceO2Group/WebUi; no page of the service itself is left.
    """

    id, name = "cern", "CERN"
    parameters = ("show_login",)
    authorize_url = "https://oauth.web.cern.ch/OAuth/Authorize"
    token_url = "https://oauth.web.cern.ch/OAuth/Token"
    profile_url = "https://oauthresource.web.cern.ch/api/User"
    scope = ("read:user",)
    pkce = False  # in no document
    username, first_name, last_name = "username", "first_name", "last_name"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        yield from self.api(grant, "groups", "https://oauthresource.web.cern.ch/api/Groups")
        return body
