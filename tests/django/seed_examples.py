"""Every example of code in the seed document, transcribed: settings as the text of a settings file, and templates.

`SETTINGS`: a name, the provider, and what the file says. The one for QuickBooks writes TRUE, which Python does not
know, so here it is True; whoever copies that example is told by Python itself.
"""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    name: str
    provider: str
    text: str


def _row(provider: str, values: str, name: str = "") -> Example:
    return Example(name or provider, provider, f"SOCIALACCOUNT_PROVIDERS = {{'{provider}': {values}}}\n")


APPLE = '''SOCIALACCOUNT_PROVIDERS = {
    "apple": {
        "APP": {
            "client_id": "your.service.id",
            "secret": "KEYID",
            "key": "MEMAPPIDPREFIX",
            "certificate_key": """-----BEGIN PRIVATE KEY-----
s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr
3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3
c3ts3cr3t
-----END PRIVATE KEY-----
"""
        }
    }
}
'''
FACEBOOK = """SOCIALACCOUNT_PROVIDERS = {
    'facebook': {
        'METHOD': 'oauth2',
        'SDK_URL': '//connect.facebook.net/{locale}/sdk.js',
        'SCOPE': ['email', 'public_profile'],
        'AUTH_PARAMS': {'auth_type': 'reauthenticate'},
        'INIT_PARAMS': {'cookie': True},
        'FIELDS': ['id', 'first_name', 'last_name', 'middle_name', 'name', 'name_format', 'picture', 'short_name'],
        'EXCHANGE_TOKEN': True,
        'LOCALE_FUNC': 'path.to.callable',
        'VERIFIED_EMAIL': False,
        'VERSION': 'v7.0',
    }
}
"""
OPENID_SERVERS = """SOCIALACCOUNT_PROVIDERS = {
    'openid': {
        'SERVERS': [
            dict(id='yahoo', name='Yahoo', openid_url='http://me.yahoo.com'),
            dict(id='hyves', name='Hyves', openid_url='http://hyves.nl'),
            dict(id='google', name='Google', openid_url='https://www.google.com/accounts/o8/id'),
        ]
    }
}
"""
OPENID_ATTRIBUTES = """SOCIALACCOUNT_PROVIDERS = \\
    { 'openid':
        { 'SERVERS':
             [ dict(id='mojeid',
                  name='MojeId',
                  openid_url='https://mojeid.cz/endpoint/',
                  extra_attributes = [
                      ('phone', 'http://axschema.org/contact/phone/default', False),
                      ('birth_date', 'http://axschema.org/birthDate', False,),
                  ])]}}
"""
OPENID_STATELESS = """SOCIALACCOUNT_PROVIDERS = \\
    { 'openid':
        { 'SERVERS':
            [ dict(id='steam',
                name='Steam',
                openid_url='https://steamcommunity.com/openid',
                stateless=True,
            )]}}
"""
LINKEDIN_FIELDS = "['id', 'first-name', 'last-name', 'email-address', 'picture-url', 'public-profile-url']"

SETTINGS = (
    _row("agave", "{'API_URL': 'https://api.tacc.utexas.edu'}"),
    _row("amazon_cognito", "{'DOMAIN': 'https://<domain-prefix>.auth.us-east-1.amazoncognito.com'}"),
    Example("apple", "apple", APPLE),
    _row("auth0", "{'AUTH0_URL': 'https://your.auth0domain.auth0.com'}"),
    _row("authentiq", "{'SCOPE': ['email', 'aq:name']}"),
    Example(
        "authentiq-verified",
        "authentiq",
        "SOCIALACCOUNT_EMAIL_VERIFICATION = True\nSOCIALACCOUNT_EMAIL_REQUIRED = True\n",
    ),
    _row("battlenet", "{'SCOPE': ['wow.profile', 'sc2.profile'], 'REGION': 'us'}"),
    _row("digitalocean", "{'SCOPE': ['read write']}"),
    _row(
        "dwolla",
        "{'SCOPE': ['Send', 'Transactions', 'Funding', 'AccountInfoFull'], 'ENVIROMENT':'sandbox'}",
    ),
    _row(
        "edmodo",
        "{'SCOPE': ['basic', 'read_groups', 'read_connections', 'read_user_email', 'create_messages', "
        "'write_library_items']}",
    ),
    _row("edx", """{'EDX_URL': "https://openedx.local"}"""),
    _row("evernote", "{'EVERNOTE_HOSTNAME': 'evernote.com'}"),
    _row("exist", "{'SCOPE': ['read+write']}"),
    Example("facebook", "facebook", FACEBOOK),
    _row("facebook", "{'LOCALE_FUNC': lambda request: 'en_US'}", "facebook-locale"),
    _row(
        "fxa",
        "{'SCOPE': ['profile'], 'OAUTH_ENDPOINT': 'https://oauth.accounts.firefox.com/v1', "
        "'PROFILE_ENDPOINT': 'https://profile.accounts.firefox.com/v1'}",
    ),
    _row("flickr", "{'AUTH_PARAMS': {'perms': 'write'}}"),
    _row("frontier", "{'SCOPE': ['auth', 'capi'], 'VERIFIED_EMAIL': True}"),
    _row("gitea", "{'GITEA_URL': 'https://your.gitea-server.domain'}"),
    _row("github", "{'SCOPE': ['user', 'repo', 'read:org']}", "github-scope"),
    _row("github", "{'GITHUB_URL': 'https://your.github-server.domain'}", "github-enterprise"),
    _row("gitlab", "{'GITLAB_URL': 'https://your.gitlab.server.tld', 'SCOPE': ['api']}"),
    _row(
        "globus",
        "{'SCOPE': ['openid', 'profile', 'email', 'urn:globus:auth:scope:transfer.api.globus.org:all']}",
    ),
    _row("google", "{'SCOPE': ['profile', 'email'], 'AUTH_PARAMS': {'access_type': 'online'}}"),
    _row("jupyterhub", "{'API_URL': 'https://jupyterhub.example.com'}"),
    _row("keycloak", "{'KEYCLOAK_URL': 'https://keycloak.custom/auth', 'KEYCLOAK_REALM': 'master'}"),
    _row("linkedin", f"{{'SCOPE': ['r_basicprofile', 'r_emailaddress'], 'PROFILE_FIELDS': {LINKEDIN_FIELDS}}}"),
    _row("linkedin", "{'HEADERS': {'x-li-src': 'msdk'}}", "linkedin-headers"),
    _row("microsoft", "{'tenant': 'organizations'}"),
    _row("netiq", "{'NETIQ_URL': 'https://my.identity.provider.example.org'}"),
    _row("nextcloud", "{'SERVER': 'https://nextcloud.example.org'}"),
    _row("okta", "{'OKTA_BASE_URL': 'example.okta.com'}"),
    Example("openid-servers", "openid", OPENID_SERVERS),
    Example("openid-attributes", "openid", OPENID_ATTRIBUTES),
    Example("openid-stateless", "openid", OPENID_STATELESS),
    _row("orcid", "{'BASE_DOMAIN':'sandbox.orcid.org', 'MEMBER_API': True}"),
    _row("patreon", "{'VERSION': 'v1', 'SCOPE': ['pledges-to-me', 'users', 'my-campaign']}"),
    _row("paypal", "{'SCOPE': ['openid', 'email'], 'MODE': 'live'}"),
    _row("persona", "{'AUDIENCE': 'https://www.example.com'}"),
    _row(
        "persona",
        "{'AUDIENCE': 'https://www.example.com', 'REQUEST_PARAMETERS': {'siteName': 'Example'}}",
        "persona-parameters",
    ),
    _row("pinterest", "{'SCOPE': ['read_public', 'read_relationships']}"),
    _row(
        "quickbooks",
        "{'SANDBOX': True, 'SCOPE': ['openid', 'com.intuit.quickbooks.accounting com.intuit.quickbooks.payment', "
        "'profile', 'phone']}",
    ),
    _row(
        "reddit",
        "{'AUTH_PARAMS': {'duration': 'permanent'}, 'SCOPE': ['identity', 'submit'], "
        "'USER_AGENT': 'django:myappid:1.0 (by /u/yourredditname)'}",
    ),
    _row(
        "sharefile",
        "{'SUBDOMAIN': 'TEST', 'APICP': 'sharefile.com', 'DEFAULT_URL': 'https://secure.sharefile.com'}",
    ),
    _row("shopify", "{'IS_EMBEDDED': True}", "shopify-embedded"),
    _row("shopify", "{'AUTH_PARAMS': {'grant_options[]': 'per-user'}}", "shopify-per-user"),
    _row("stackexchange", "{'SITE': 'stackoverflow'}"),
    _row("trainingpeaks", "{'SCOPE': ['athlete:profile'], 'USE_PRODUCTION': False}"),
    _row("trello", "{'AUTH_PARAMS': {'scope': 'read,write'}}"),
    _row("untappd", "{'USER_AGENT': 'django:myappid:1.0'}"),
    _row("telegram", "{'TOKEN': 'insert-token-received-from-botfather'}"),
    _row(
        "weixin",
        "{'AUTHORIZE_URL': 'https://open.weixin.qq.com/connect/oauth2/authorize', 'SCOPE': ['snsapi_base']}",
    ),
    _row("ynab", "{'SCOPE': ''}"),
)

# What a template says, and the link that comes of it.
TEMPLATES = {
    "facebook-sdk": (
        "{% load socialaccount %}\n{% providers_media_js %}\n"
        '<a href="{% provider_login_url "facebook" method="js_sdk" %}">Facebook Connect</a>',
        "/accounts/facebook/login/?method=js_sdk",
    ),
    "facebook-oauth2": (
        '{% load socialaccount %}\n<a href="{% provider_login_url "facebook" method="oauth2" %}">Facebook OAuth2</a>',
        "/accounts/facebook/login/?method=oauth2",
    ),
    "openid": (
        "{% load socialaccount %}\n"
        '<a href="{% provider_login_url "openid" openid="https://www.google.com/accounts/o8/id" '
        'next="/success/url/" %}">Google</a>',
        "/accounts/openid/login/?openid=https%3A%2F%2Fwww.google.com%2Faccounts%2Fo8%2Fid&next=%2Fsuccess%2Furl%2F",
    ),
    "shopify": (
        '{% load socialaccount %}<a href="{% provider_login_url "shopify" shop="petstore" %}">Shop</a>',
        "/accounts/shopify/login/?shop=petstore",
    ),
}
