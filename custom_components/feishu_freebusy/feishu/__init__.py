"""Client of the Feishu (Lark) Open Platform. Knows nothing of Home Assistant."""

from .address import FEISHU_URL, LARK_URL, AddressError, AddressProblem, normalised_base_url
from .catalogue import Catalogue, read_catalogue
from .client import SCOPES_FREE_BUSY, SCOPES_ROOMS, FeishuClient
from .errors import (
    AppError,
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    FeishuError,
    IpDeniedError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    UnreadableAnswerError,
)
from .models import ActivateStatus, Bot, BusyPeriod, Room, RoomLevel, RoomStatus, RsvpStatus, UserIdType
from .traffic import AppTraffic

__all__ = [
    "FEISHU_URL",
    "LARK_URL",
    "SCOPES_FREE_BUSY",
    "SCOPES_ROOMS",
    "ActivateStatus",
    "AddressError",
    "AddressProblem",
    "AppError",
    "AppTraffic",
    "AppUnavailableError",
    "Bot",
    "BotDisabledError",
    "BusyPeriod",
    "Catalogue",
    "CredentialsError",
    "FeishuClient",
    "FeishuError",
    "IpDeniedError",
    "NotFeishuError",
    "NotReachableError",
    "QuotaExceededError",
    "RateLimitedError",
    "RequestError",
    "Room",
    "RoomLevel",
    "RoomStatus",
    "RsvpStatus",
    "ScopeMissingError",
    "ServerError",
    "StaleTokenError",
    "SubjectError",
    "UnreadableAnswerError",
    "UserIdType",
    "normalised_base_url",
    "read_catalogue",
]
