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
    """Return the page with the app's IP allowlist."""
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
    query = urlencode({"q": ",".join(scopes), "op_from": "openapi", "token_type": "tenant"}, safe=":,")
    return f"{app_url(base_url, app_id)}/auth?{query}"


def scopes_json(scopes: Iterable[str]) -> str:
    """Return the JSON for the console's import of permissions."""
    return json.dumps({"scopes": {"tenant": list(scopes), "user": []}}, indent=2)
