from __future__ import annotations

from .oauth2 import OAuth2


class Daum(OAuth2):
    """Daum, whose platform became Kakao's about 2017. There were no scopes and no e-mail.

    The number of the user is `id` in one source and `userid` in another. Source: dna.daum.net, "OAuth 2.0 reference"
    and "user/v1/show" (archived copies).
    """

    id, name = "daum", "Daum"
    authorize_url = "https://apis.daum.net/oauth2/authorize"
    token_url = "https://apis.daum.net/oauth2/token"
    profile_url = "https://apis.daum.net/user/v1/show.json"
    pkce = False  # in no document
    uid, email, username, full_name = "result.id|result.userid", "", "result.nickname", "result.nickname"
    picture = "result.bigImagePath|result.imagePath"
