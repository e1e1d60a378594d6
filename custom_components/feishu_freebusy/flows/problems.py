"""The errors of a form, and the addresses that forms ask for."""

from collections.abc import Iterable, Mapping

from ..const import CONF_APP_ID, CONF_APP_SECRET
from ..errors import form_placeholders, unnamed_problem_key
from ..feishu.address import AddressError, normalized_base_url
from ..feishu.errors import FeishuError
from ..feishu.grants import GrantError, GrantProblem

_FIELDS: Mapping[str, str] = {
    "invalid_app_id": CONF_APP_ID,
    "no_app_id": CONF_APP_ID,
    "invalid_auth": CONF_APP_SECRET,
    "no_secret": CONF_APP_SECRET,
}
# The error that a form shows for a refused sign-in
_GRANT_KEYS: Mapping[GrantProblem, str] = {
    GrantProblem.CODE: "sign_in_expired",
    GrantProblem.EXPIRED: "sign_in_expired",
    GrantProblem.OTHER_APP: "sign_in_expired",
    GrantProblem.PERSON: "person_refused",
    GrantProblem.APP: "sign_in_off",
    GrantProblem.CREDENTIALS: "invalid_auth",
    GrantProblem.POLICY: "access_policy",
}


class Problem:
    """The errors of a form, and their placeholders."""

    def __init__(self, fields: Iterable[object] = ()) -> None:
        """Create a form without errors. `fields` are the names of its fields."""
        self.errors: dict[str, str] = {}
        self.placeholders = {"scopes": "", "details": ""}
        self._fields = {str(field) for field in fields}

    def note(self, error: FeishuError) -> None:
        """Show a failure of Feishu."""
        if isinstance(error, GrantError):
            self.note_key(_GRANT_KEYS.get(error.problem, "request_refused"))
        else:
            self.note_key(unnamed_problem_key(error))
        self.placeholders |= form_placeholders(error)

    def note_key(self, key: str) -> None:
        """Show a problem at its field, or above a form without that field."""
        field = _FIELDS.get(key)
        self.errors[field if field in self._fields else "base"] = key

    def address(self, field: str, typed: str) -> str | None:
        """Return the normal form of a typed address, or note the problem at its field."""
        try:
            return normalized_base_url(typed)
        except AddressError as error:
            self.errors[field] = f"address_{error.problem.value}"
        return None
