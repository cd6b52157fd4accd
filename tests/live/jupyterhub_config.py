"""A hub for logins alone: one service that people log in at, a password for everybody, and nothing that is started."""

import json
import os

from jupyterhub.apihandlers.users import SelfAPIHandler
from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    """Browsers reach the hub itself; a proxy is for the notebook servers, and there are none."""

    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {}


planted = json.loads(os.environ["PLANTED"])
at = f"http://127.0.0.1:{os.environ['PORT']}"

c = get_config()  # noqa: F821
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = c.JupyterHub.hub_bind_url = f"{at}{planted['base']}"
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["CLIENT_SECRET"]
c.Authenticator.allow_all = True
c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", "access:services"]}]
c.JupyterHub.services = [
    {
        "name": "mockidp",
        "api_token": os.environ["CLIENT_SECRET"],
        "oauth_client_id": os.environ["CLIENT_ID"],
        "oauth_redirect_uri": os.environ["REDIRECT_URI"],
        "oauth_client_allowed_scopes": ["read:users:name!user", "read:users:groups!user"],
    }
]

if planted["rename"]:
    written = SelfAPIHandler.write

    def write(self, chunk):
        model = json.loads(chunk)
        written(self, json.dumps({planted["rename"].get(name, name): value for name, value in model.items()}))

    SelfAPIHandler.write = write
