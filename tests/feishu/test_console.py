"""Links into the developer console."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.feishu.console import (
    app_url,
    bot_url,
    console_url,
    scopes_json,
    scopes_url,
    security_url,
    version_url,
)

SCOPES = ("calendar:calendar.free_busy:read", "vc:room:readonly")


@pytest.mark.parametrize("base_url", [FEISHU_URL, LARK_URL, "https://open.example.com:8443", "http://[::1]:80"])
def test_links_start_with_the_base_url(base_url: str) -> None:
    pages = [page(base_url, "cli_1") for page in (app_url, bot_url, security_url, version_url)]
    links = [console_url(base_url), scopes_url(base_url, "cli_1", SCOPES), *pages]

    for link in links:
        assert link.startswith(f"{base_url}/app")


def test_the_link_to_permissions_preselects_the_scopes() -> None:
    assert scopes_url(FEISHU_URL, "cli_1", SCOPES) == (
        "https://open.feishu.cn/app/cli_1/auth"
        "?q=calendar:calendar.free_busy:read,vc:room:readonly&op_from=openapi&token_type=tenant"
    )


def test_bot_security_and_versions_have_their_own_pages() -> None:
    pages = [page(LARK_URL, "cli_1") for page in (bot_url, security_url, version_url)]

    assert pages == [f"https://open.larksuite.com/app/cli_1/{page}" for page in ("bot", "safe", "version")]


def test_an_app_id_cannot_change_the_target_of_a_link() -> None:
    link = urlsplit(scopes_url(FEISHU_URL, "../evil?q=x#y/", SCOPES))

    assert link.netloc == "open.feishu.cn"
    assert link.path == "/app/..%2Fevil%3Fq%3Dx%23y%2F/auth"
    assert parse_qs(link.query)["q"] == [",".join(SCOPES)]
    assert link.fragment == ""


def test_scopes_json_has_the_format_of_the_console_import() -> None:
    assert json.loads(scopes_json(SCOPES)) == {"scopes": {"tenant": list(SCOPES), "user": []}}
