"""What the answers of a poll say about the account."""

from custom_components.feishu_freebusy.feishu.errors import NotReachableError, SubjectError
from custom_components.feishu_freebusy.sync.journal import Outcome, outcome_of
from custom_components.feishu_freebusy.sync.sources import Answers


def never_failed(_subject_id: str) -> int:
    return 0


def test_a_poll_without_answers_proves_nothing() -> None:
    """All subjects that it read were dropped meanwhile: an outage may still last."""
    assert outcome_of({}, {"omm_a"}, never_failed) == Outcome(tells_nothing=True)


def test_one_good_answer_proves_that_the_account_works() -> None:
    answers: Answers = {"omm_a": (), "omm_b": NotReachableError("no answer")}
    assert outcome_of(answers, answers, never_failed) == Outcome()


def test_the_error_of_all_fails_the_account() -> None:
    error = NotReachableError("no answer")
    answers: Answers = {"omm_a": error, "omm_b": NotReachableError("no answer")}
    assert outcome_of(answers, answers, never_failed).failure is error


def test_the_error_of_one_subject_among_others_is_its_own() -> None:
    assert outcome_of({"omm_a": SubjectError("the room does not exist")}, {"omm_a", "omm_b"}, never_failed) == Outcome()
