"""Calls about the app itself: applying for scopes, and calls outside the quota."""

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import RequestError, ScopeMissingError
from custom_components.feishu_freebusy.feishu.hints import STATUS_CHANGED
from simulator import Tenant
from simulator.push import Connection


async def test_missing_scopes_are_applied_for(client: FeishuClient, tenant: Tenant) -> None:
    tenant.revoke("calendar:room:readonly")

    await client.apply_for_scopes()

    assert tenant.scope_requests == [{"calendar:room:readonly"}]
    with pytest.raises(RequestError) as again:
        await client.apply_for_scopes()
    assert again.value.code == 212004


async def test_an_application_for_no_scopes_is_refused(client: FeishuClient) -> None:
    with pytest.raises(RequestError) as refused:
        await client.apply_for_scopes()
    assert refused.value.code == 212002


async def test_too_many_applications_are_refused(client: FeishuClient, tenant: Tenant) -> None:
    for number in range(10):
        tenant.revoke(f"scope:{number}")
        await client.apply_for_scopes()

    tenant.revoke("one:more")
    with pytest.raises(RequestError) as refused:
        await client.apply_for_scopes()
    assert refused.value.code == 212003


async def test_number_of_long_connections(client: FeishuClient, tenant: Tenant) -> None:
    assert await client.online_connections() == 0
    tenant.push.connections.append(Connection("1", 1))
    assert await client.online_connections() == 1


async def test_events_of_the_published_version(client: FeishuClient, tenant: Tenant) -> None:
    with pytest.raises(ScopeMissingError) as missing:
        await client.published_events()
    assert "application:application:self_manage" in missing.value.scopes
    tenant.grant("application:application:self_manage")
    assert await client.published_events() == {STATUS_CHANGED}
    tenant.push.subscribed.add("vc.room.created_v1")
    assert await client.published_events() == {STATUS_CHANGED, "vc.room.created_v1"}
    tenant.variants.app_version = "under_review"
    assert await client.published_events() == frozenset()


async def test_calls_outside_the_quota_are_not_counted(client: FeishuClient, tenant: Tenant) -> None:
    tenant.quota_left = 10
    tenant.revoke("calendar:room:readonly")

    await client.check_credentials()
    await client.apply_for_scopes()
    await client.granted_scopes()
    await client.online_connections()
    await client.user_ids(emails=["a@example.com"])
    assert not client.traffic.counted

    await client.bot()
    await client.rooms()
    assert client.traffic.counted.total() == 10 - tenant.quota_left
