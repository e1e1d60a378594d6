"""The long connections of the app."""

from typing import Final

from simulator.answers import Answer, success
from simulator.model import Call
from simulator.tenant import Tenant

from .endpoint import Endpoint

TEN_A_SECOND: Final = ((10, 1.0),)


def count_connections(tenant: Tenant, _call: Call, _: str) -> Answer:
    """Answer the number of open long connections of the app."""
    return success({"online_instance_cnt": tenant.push.online_count()})


ENDPOINTS: Final = (Endpoint("GET", "event/v1/connection", count_connections, counted=False, windows=TEN_A_SECOND),)
