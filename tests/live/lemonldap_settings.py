"""The settings files of a LemonLDAP::NG portal with one OpenID Connect client, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

CLAIMS = {
    "name": "cn",
    "given_name": "given",
    "family_name": "family",
    "preferred_username": "uid",
    "picture": "picture",
    "email": "mail",
    "email_verified": "verified;bool;auto",
}
ATTRIBUTES = ("uid", "entry", "cn", "mail", "given", "family", "verified", "picture")


def written(folder: Path, url: str, *, client_id: str, secret: str, callback: str, planted: Mapping[str, Any]) -> None:
    """Write them. `planted` has settings that replace ours, and `claims`, new names for claims."""
    for name in ("conf", "sessions/lock", "psessions/lock"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in planted.items() if name not in ("claims", "client")}
    claims = {planted.get("claims", {}).get(name, name): source for name, source in CLAIMS.items()}
    client = {"ClientID": client_id, "ClientSecret": secret, "RedirectUris": callback, "UserIDAttr": "entry"}
    client |= {"IDTokenSignAlg": "RS256", "RefreshToken": 1, **planted.get("client", {})}
    settings = {
        **_portal(folder, url),
        **_issuer(url),
        "oidcRPMetaDataOptions": {"one": {f"oidcRPMetaDataOptions{name}": value for name, value in client.items()}},
        "oidcRPMetaDataExportedVars": {"one": claims},
        **own,
    }
    (folder / "conf" / "lmConf-1.json").write_text(json.dumps(settings))
    (folder / "lemonldap-ng.ini").write_text(
        f"[all]\nlogLevel = info\n[configuration]\ntype = File\ndirName = {folder}/conf\n"
        "[portal]\nstaticPrefix = /static\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\nlanguages = en\n"
    )


def _portal(folder: Path, url: str) -> dict[str, Any]:
    def store(name: str) -> dict[str, Any]:
        places = {"Directory": str(folder / name), "LockDirectory": str(folder / name / "lock")}
        return {**places, "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}

    return {
        "cfgNum": 1,
        "cfgAuthor": "a test",
        "cfgDate": 1,
        "cfgVersion": "2.16.1",
        "portal": f"{url}/",
        "domain": "127.0.0.1",
        "key": "of this run 0123",
        "cookieName": "lemonldap",
        "securedCookie": 0,
        "authentication": "Demo",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        "demoExportedVars": {name: name for name in ATTRIBUTES},
        "macros": {"_whatToTrace": "$uid"},
        "whatToTrace": "_whatToTrace",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": store("sessions"),
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": store("psessions"),
        "locationRules": {"127.0.0.1": {"default": "accept"}},
        "requireToken": 0,
        "captcha": "NoCaptcha",
    }


def _issuer(url: str) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "issuerDBOpenIDConnectActivation": 1,
        "issuerDBOpenIDConnectPath": "^/oauth2/",
        "issuerDBOpenIDConnectRule": 1,
        "oidcServiceMetaDataIssuer": url,
        "oidcServicePrivateKeySig": private.decode(),
        "oidcServicePublicKeySig": public.decode(),
        "oidcServiceKeyIdSig": "of-this-run",
        "oidcServiceAllowAuthorizationCodeFlow": 1,
    }
