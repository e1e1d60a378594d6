"""A person who is linked to an entry."""

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.api import async_create_grants
from custom_components.feishu_freebusy.const import CONF_ACCOUNTS_URL, CONF_PERSON
from custom_components.feishu_freebusy.feishu.grants import USER_SCOPES, challenge_of, new_verifier
from simulator import Tenant
from simulator.model import User
from tests.clock import Clock

REDIRECT = "https://my.home-assistant.io/redirect/oauth"


async def link_person(hass: HomeAssistant, clock: Clock, tenant: Tenant, entry: MockConfigEntry, person: User) -> None:
    """Link a person to a loaded entry, as the flow does after their consent."""
    verifier = new_verifier()
    code = tenant.consents.new_code(person.open_id, USER_SCOPES, REDIRECT, challenge_of(verifier), "S256")
    data = {**entry.data, CONF_ACCOUNTS_URL: tenant.accounts_url}
    grants = async_create_grants(hass, data)
    assert grants
    grant = await clock.run(grants.exchange(code, redirect_uri=REDIRECT, verifier=verifier))
    keeper = entry.runtime_data.grant
    await clock.run(keeper.async_adopt(grant, open_id=person.open_id, consented_at=clock.now))
    data[CONF_PERSON] = {
        "open_id": person.open_id,
        "union_id": "on_1",
        "name": person.name,
        "scopes": sorted(grant.scopes),
        "consented_at": clock.now.isoformat(),
    }
    hass.config_entries.async_update_entry(entry, data=data)
    await clock.settle()
