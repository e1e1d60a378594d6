"""Links that open the Feishu or Lark app. A private deployment has none, because no host of theirs is documented.

https://open.feishu.cn/document/applink-protocol/supported-protocol/open-calendar
"""

from .address import FEISHU_URL, LARK_URL

_HOSTS = {FEISHU_URL: "https://applink.feishu.cn", LARK_URL: "https://applink.larksuite.com"}


def rooms_url(base_url: str) -> str | None:
    """Return the calendar's view of all meeting rooms. Only the desktop app has it."""
    return _calendar_url(base_url, "meeting")


def day_url(base_url: str) -> str | None:
    """Return the day in the user's calendar."""
    return _calendar_url(base_url, "day")


def _calendar_url(base_url: str, view: str) -> str | None:
    host = _HOSTS.get(base_url)
    return host and f"{host}/client/calendar/view?type={view}"
