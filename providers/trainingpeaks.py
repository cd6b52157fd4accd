from __future__ import annotations

from typing import Any

from .identity import Email, Identity, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import flag


class TrainingPeaks(OAuth2):
    """TrainingPeaks: the sandbox, or with `USE_PRODUCTION` the service itself. Nobody says that the e-mail is verified.

    Source: TrainingPeaks/PartnersAPI wiki, "OAuth", "Coach Get Athletes".
    """

    id, name = "trainingpeaks", "TrainingPeaks"
    settings = {"USE_PRODUCTION": flag(False)}
    authorize_url = "https://oauth.{HOST}/OAuth/Authorize"
    token_url = "https://oauth.{HOST}/oauth/token"
    profile_url = "https://api.{HOST}/v1/athlete/profile"
    scope, pkce = ("athlete:profile",), False  # PKCE is in no document
    uid, email, first_name, last_name = "Id", "Email", "FirstName", "LastName"

    def configure(self) -> None:
        self.values["HOST"] = "trainingpeaks.com" if self.values["USE_PRODUCTION"] else "sandbox.trainingpeaks.com"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        names = [pick(profile, path) for path in (self.first_name, self.last_name)]
        full = " ".join(name for name in names if isinstance(name, str) and name)
        return super().mapped(grant, {**profile, "name": full}, emails)
