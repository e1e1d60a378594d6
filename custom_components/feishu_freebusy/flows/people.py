"""The steps that choose people, by email, mobile number or id. The user names them: free/busy has no names."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
import re
from string import capwords
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .._vol import vol
from ..const import CONF_PEOPLE
from ..errors import form_placeholders, unnamed_problem_key
from ..feishu.client import SCOPES_USER_IDS, FeishuClient
from ..feishu.console import scopes_url
from ..feishu.errors import FeishuError, SubjectError
from ..feishu.models import SubjectKind, SubjectRef
from ..sync.sources import PeopleSource

# Pasted lists may have Chinese punctuation. Blanks do not separate: phone numbers contain them
_SEPARATORS = re.compile(r"[\t\n\r,;，；、]+")
_WITHIN_NUMBERS = re.compile(r"[\s().-]+")
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_MOBILE = re.compile(r"\+\d{6,15}|1\d{10}", re.ASCII)  # with country code, or from mainland China
_BETWEEN_NAMES = re.compile(r"[._-]+")


class PeopleSteps(ConfigEntryBaseFlow):
    """Chooses people, finds their ids, tries to read them and asks for their names."""

    _people_problem: dict[str, str]
    _people_placeholders: dict[str, str]

    def __init__(self) -> None:
        super().__init__()
        self._people: dict[str, str] | None = None  # ids and names
        self._texts: dict[str, str] = {}  # ids, and the texts typed for them

    def _client(self) -> FeishuClient:
        """Return the client to read with."""
        raise NotImplementedError

    def _people_before(self) -> Mapping[str, str]:
        """Return the people of the entry, ids and names."""
        raise NotImplementedError

    def _linked_person(self) -> Mapping[str, str]:
        """Return the person who is linked to the app, who may be chosen from the list: id and name."""
        return {}

    async def _nobody_chosen(self) -> ConfigFlowResult | None:
        """Return the step to go to if nobody is chosen, None to continue without people."""
        return None

    async def _people_done(self, people: dict[str, str]) -> ConfigFlowResult:
        """Continue with the chosen people, ids and names."""
        raise NotImplementedError

    async def async_step_people(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for people. An empty choice is valid if there are rooms."""
        self._people_problem, self._people_placeholders = {}, {}
        if user_input is None:
            return self._show_people(self._people_before() if self._people is None else self._people)
        typed = list(dict.fromkeys(_split(user_input.get(CONF_PEOPLE, []))))
        if not typed and (result := await self._nobody_chosen()):
            return result
        try:
            await self._find_people(typed)
        except FeishuError as error:
            self._note("base", unnamed_problem_key(error), error=error)
        if self._people_problem:
            return self._show_people(typed)
        return await self.async_step_person_names()

    async def _find_people(self, typed: list[str]) -> None:
        """Find the ids of the typed texts, and try to read the new people."""
        known = self._known_people()
        contacts = [text for text in typed if text not in known and (_EMAIL.fullmatch(text) or _MOBILE.fullmatch(text))]
        ids = {text: text for text in typed if text not in contacts}
        if wrong := [text for text in ids if text not in known and not _is_id(text)]:
            self._note(CONF_PEOPLE, "invalid_person", wrong)
            return
        client = self._client()
        if contacts:
            ids |= await client.user_ids(
                emails=[text for text in contacts if "@" in text],
                mobiles=[text for text in contacts if "@" not in text],
            )
        if unknown := [text for text in contacts if text not in ids]:
            self._note(CONF_PEOPLE, "person_not_found", unknown)
            return
        self._texts = {}
        for text in typed:
            self._texts.setdefault(ids[text], text)
        await self._try_people(client, [person_id for person_id in self._texts if person_id not in known])
        if not self._people_problem:
            self._people = {person_id: known.get(person_id, "") for person_id in self._texts}

    async def _try_people(self, client: FeishuClient, person_ids: Iterable[str]) -> None:
        now = dt_util.utcnow()  # any day tells whether people can be read
        answers = await PeopleSource(client).read(person_ids, now, now + timedelta(days=1))
        errors = {person_id: answer for person_id, answer in answers.items() if isinstance(answer, FeishuError)}
        if not errors:
            return
        first = next(iter(errors.values()))
        if not isinstance(first, SubjectError):
            raise first
        alike = [self._texts[person_id] for person_id, error in errors.items() if isinstance(error, SubjectError)]
        self._note(CONF_PEOPLE, "person_unreadable", alike, first)

    def _known_people(self) -> dict[str, str]:
        """Return the names of people who need no first read, by id."""
        return {**self._linked_person(), **self._people_before(), **(self._people or {})}

    def _note(self, field: str, key: str, people: Iterable[str] = (), error: FeishuError | None = None) -> None:
        self._people_problem = {field: key}
        named = form_placeholders(error) if error else {}
        self._people_placeholders = {**named, "people": ", ".join(people)}

    def _show_people(self, chosen: Iterable[str]) -> ConfigFlowResult:
        options = [SelectOptionDict(value=person_id, label=name) for person_id, name in self._known_people().items()]
        client = self._client()
        return self.async_show_form(
            step_id="people",
            data_schema=vol.Schema(
                {
                    vol.Optional(CONF_PEOPLE, description={"suggested_value": list(chosen)}): SelectSelector(
                        SelectSelectorConfig(
                            options=options, multiple=True, custom_value=True, mode=SelectSelectorMode.DROPDOWN
                        )
                    )
                }
            ),
            errors=self._people_problem,
            description_placeholders={
                "scopes": "",
                "details": "",
                "people": "",
                "scopes_url": scopes_url(client.base_url, client.app_id, SCOPES_USER_IDS),
                **self._people_placeholders,
            },
        )

    async def async_step_person_names(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for names. Each field is labeled with the typed text, because an id identifies nobody to the user."""
        if TYPE_CHECKING:
            assert self._people is not None
        named = user_input or {}
        nameless = {person_id: self._texts[person_id] for person_id, name in self._people.items() if not name}
        self._people |= {person_id: named.get(text, "").strip() for person_id, text in nameless.items()}
        if all(self._people.values()):
            return await self._people_done(self._people)
        fields = {text: _suggested_name(text) for person_id, text in nameless.items() if not self._people[person_id]}
        return self.async_show_form(
            step_id="person_names",
            data_schema=vol.Schema(
                {
                    vol.Required(text, description={"suggested_value": name}): TextSelector()
                    for text, name in fields.items()
                }
            ),
            errors={} if user_input is None else {"base": "no_person_name"},
        )


def _split(values: Iterable[str]) -> Iterator[str]:
    """Yield each address, number and id in the typed or pasted values."""
    for value in values:
        for part in _SEPARATORS.split(value):
            number = _WITHIN_NUMBERS.sub("", part)
            yield from [number] if _MOBILE.fullmatch(number) else part.split()


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and SubjectRef.of(text).kind is SubjectKind.PERSON


def _suggested_name(text: str) -> str:
    """Return a name for an email address ("Li Na" for li.na@example.com), empty for other texts."""
    name, at, _ = text.partition("@")
    return capwords(_BETWEEN_NAMES.sub(" ", name)) if at else ""
