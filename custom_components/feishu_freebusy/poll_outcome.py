"""What a poll came to: whether a failure is the account's or that of single subjects, and what the log says of them."""

from collections.abc import Collection
import logging

from .feishu import FeishuError
from .problems import reasons_of
from .sources import ACCOUNT_ERRORS, OUTAGE_ERRORS, Answers
from .subject import Subject

_LOGGER = logging.getLogger(__name__)


def failure_of_all(answers: Answers, subjects: int) -> FeishuError | None:
    """Return the error that is the account's, None if there is none; so many `subjects` are read at all."""
    errors = [answer for answer in answers.values() if isinstance(answer, FeishuError)]
    if not errors or len(errors) < len(answers):
        return None
    alike = {type(error) for error in errors}
    whole_account = len(alike) == 1 and len(errors) == subjects > 1
    if whole_account or isinstance(errors[0], (*ACCOUNT_ERRORS, *OUTAGE_ERRORS)):
        return errors[0]
    return None


class UnreadableLog:
    """Says once that some subjects of an account can't be read, and once that all can be read again."""

    def __init__(self, account: str) -> None:
        """Take what the account is called."""
        self._account = account
        self._some_are = False

    def note(self, subjects: Collection[Subject]) -> None:
        """Take what is known of all subjects after a poll."""
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
