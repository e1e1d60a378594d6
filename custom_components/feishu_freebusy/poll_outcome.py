"""What a poll came to: whether a failure is the account's or that of single subjects, and what the log says of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
import logging

from .feishu.errors import FeishuError
from .model.subject import Subject
from .problems import reasons_of
from .sources import ACCOUNT_ERRORS, OUTAGE_ERRORS, Answers, has_good

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll tells of the account: the failure that is the account's, if there is one, or nothing at all."""

    failure: FeishuError | None = None
    tells_nothing: bool = False


def outcome_of(answers: Answers, read: Mapping[str, Subject]) -> Outcome:
    """Return what a poll that had these answers came to; `read` are all that are read, be it in this poll or not."""
    if not answers or has_good(answers):
        return Outcome()
    errors = {subject_id: answer for subject_id, answer in answers.items() if isinstance(answer, FeishuError)}
    of_all = [error for error in errors.values() if isinstance(error, (*ACCOUNT_ERRORS, *OUTAGE_ERRORS))]
    if len(errors) < len(read) and all(read[subject_id].failures for subject_id in errors if subject_id in read):
        return Outcome(tells_nothing=bool(of_all))  # they failed before, be it alone, and nobody else was asked
    if len(errors) == len(read) > 1 and len({type(error) for error in errors.values()}) == 1:
        return Outcome(next(iter(errors.values())))
    return Outcome(of_all[0] if of_all else None)


class UnreadableLog:
    """Says once that some subjects of an account can't be read, and once that all can be read again."""

    def __init__(self, account: str) -> None:
        """Take what the account is called."""
        self._account = account
        self._some_are = False

    def note(self, subjects: Collection[Subject]) -> None:
        """Take what is known, after a poll, of all subjects that are read."""
        errors = [subject.error for subject in subjects if subject.error]
        if errors and not self._some_are:
            # Without names: logs are shown to others, and the entities tell which
            reasons = reasons_of(errors)
            _LOGGER.warning(
                "%s of %s rooms and people of %s can't be read: %s", len(errors), len(subjects), self._account, reasons
            )
        if self._some_are and not errors:
            _LOGGER.info("All rooms and people of %s can be read again", self._account)
        self._some_are = bool(errors)
