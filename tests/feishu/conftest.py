"""Fixtures: a client of the simulated tenant over real sockets."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.session import session_options
from simulator import Simulator, Tenant


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the back-off negligible. Tests on virtual time check its length."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.001)


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session with the options of the integration's session."""
    async with aiohttp.ClientSession(**session_options()) as opened:
        yield opened


@pytest.fixture
def client(quick_retries: None, session: aiohttp.ClientSession, simulator: Simulator, tenant: Tenant) -> FeishuClient:
    """Return a client of the tenant."""
    return FeishuClient(session, tenant.app_id, tenant.app_secret, base_url=simulator.base_url)
