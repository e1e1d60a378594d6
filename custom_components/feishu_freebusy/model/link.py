"""What is known of the link of a person: whether it works, why not, and when to renew it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..feishu.grants import GrantProblem

CONSENT_LASTS = timedelta(days=365)  # Feishu's rule
RENEW_AFTER = timedelta(days=335)


class LinkEnd(StrEnum):
    """Why the person has to consent again."""

    COPIED = "copied"  # the refresh token was used elsewhere: a restored backup, or a copy of this installation
    INTERRUPTED = "interrupted"  # the answer with the next refresh token never arrived or was not written
    EXPIRED = "expired"  # not renewed for a week, or a year is over
    REVOKED = "revoked"
    UNAVAILABLE = "unavailable"  # they left or are suspended, or the app is not available to them
    OTHER_APP = "other_app"
    MISSING = "missing"  # the file with the tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The link of a person.

    `problem` and `code` are those of the last refusal, None after a success. `challenge_url` is a page of Feishu's that
    may lift a refusal by the access policy; empty if there is none. `is_to_renew`: the year since the consent is nearly
    over.
    """

    consented_at: datetime | None = None
    problem: GrantProblem | None = None
    code: int | None = None
    challenge_url: str = ""
    end: LinkEnd | None = None
    is_to_renew: bool = False

    @property
    def ends_at(self) -> datetime | None:
        """Return when Feishu ends the link, even if it is used."""
        return self.consented_at and self.consented_at + CONSENT_LASTS
