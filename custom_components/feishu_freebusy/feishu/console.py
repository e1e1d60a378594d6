"""URLs of the developer console. They are built here, never taken from an answer."""

from collections.abc import Iterable
import json
from urllib.parse import quote, urlencode


def app_url(base_url: str, app_id: str) -> str:
    """Return the app's own page."""
    return f"{base_url}/app/{quote(app_id, safe='')}"


def bot_url(base_url: str, app_id: str) -> str:
    """Return the page of the app's bot."""
    return f"{app_url(base_url, app_id)}/bot"


def security_url(base_url: str, app_id: str) -> str:
    """Return the page with the app's IP allowlist and its redirect URLs."""
    return f"{app_url(base_url, app_id)}/safe"


def version_url(base_url: str, app_id: str) -> str:
    """Return the page to publish versions of the app."""
    return f"{app_url(base_url, app_id)}/version"


def live_urls(base_url: str, app_id: str) -> dict[str, str]:
    """Return the pages that live updates need, as placeholders of texts. The page of events has no known address."""
    return {"app_url": app_url(base_url, app_id), "version_url": version_url(base_url, app_id)}


def console_url(base_url: str) -> str:
    """Return the page to create apps."""
    return f"{base_url}/app"


def scopes_url(base_url: str, app_id: str, scopes: Iterable[str]) -> str:
    """Return the page to grant the app `scopes`, with these preselected."""
    return _scopes_url(base_url, app_id, scopes, "tenant")


def user_scopes_url(base_url: str, app_id: str, scopes: Iterable[str]) -> str:
    """Return the page to let people grant the app `scopes`, with these preselected."""
    return _scopes_url(base_url, app_id, scopes, "user")


def _scopes_url(base_url: str, app_id: str, scopes: Iterable[str], token_type: str) -> str:
    query = urlencode({"q": ",".join(scopes), "op_from": "openapi", "token_type": token_type}, safe=":,")
    return f"{app_url(base_url, app_id)}/auth?{query}"


def scopes_json(scopes: Iterable[str] = (), *, user: Iterable[str] = ()) -> str:
    """Return the JSON for the console's import of permissions. `user`: those that people grant."""
    return json.dumps({"scopes": {"tenant": list(scopes), "user": list(user)}}, indent=2)
