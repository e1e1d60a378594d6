"""Names used by more than one module."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "feishu_freebusy"

# entry.data: the address and the credentials
CONF_APP_ID: Final = "app_id"
CONF_APP_SECRET: Final = "app_secret"  # noqa: S105  # the name of the field
CONF_BASE_URL: Final = "base_url"
CONF_ACCOUNTS_URL: Final = "accounts_url"  # where people sign in, if the base_url does not tell
# The person who is linked: open_id, union_id, name, scopes, consented_at. Their tokens are not in the entry
CONF_PERSON: Final = "person"
# Asked for in the form, stored as the base_url

# entry.options: what is read, and how
CONF_ROOMS: Final = "rooms"
CONF_ROOM_LEVELS: Final = "room_levels"
CONF_PEOPLE: Final = "people"
CONF_BUILDING_DEPTH: Final = "building_depth"
CONF_PLAN: Final = "plan"
CONF_MONTHLY_BUDGET: Final = "monthly_budget"
CONF_SOURCE: Final = "source"
CONF_SUGGEST_AREAS: Final = "suggest_areas"
CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_OFF_HOURS: Final = "off_hours"
CONF_OFFICE_DAY: Final = "office_day"
CONF_HORIZON_DAYS: Final = "horizon_days"
CONF_MIN_FREE_MINUTES: Final = "min_free_minutes"
CONF_COUNT_PENDING_AS_BUSY: Final = "count_pending_as_busy"
CONF_INCLUDE_EXTERNAL_CALENDAR: Final = "include_external_calendar"
CONF_DASHBOARD_CARDS: Final = "dashboard_cards"
CONF_VOICE_SENTENCES: Final = "voice_sentences"
CONF_LIVE_UPDATES: Final = "live_updates"
CONF_BOOK: Final = "book"
CONF_RELEASE: Final = "release"
CONF_BOOKING_TITLE: Final = "booking_title"
CONF_BOOKING_CALENDAR: Final = "booking_calendar"
CONF_BOOKING_CONTACT: Final = "booking_contact"
CONF_LONGEST_BOOKING: Final = "longest_booking_minutes"
CONF_PERSON_USERS: Final = "person_users"
CONF_TITLES: Final = "titles"
CONF_TITLES_FOR_ASSISTANTS: Final = "titles_for_assistants"
CONF_OCCUPANCY: Final = "occupancy"
CONF_NO_SHOW_MINUTES: Final = "no_show_minutes"
CONF_NO_SHOWS: Final = "no_shows"

# Fired on the bus for each booking that this integration makes or ends
EVENT_ACTION: Final = "feishu_freebusy_action"
# Fired for each no-show that this integration will release soon, or would release without the dry run
EVENT_NO_SHOW: Final = "feishu_freebusy_no_show"

# Triggers and conditions
CONF_DURATION: Final = "duration"

CATALOGUE_INTERVAL: Final = timedelta(hours=6)
