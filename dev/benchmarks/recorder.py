"""The database rows and size that rooms cause in a week. `scripts/bench recorder`.

Uses a real recorder on SQLite. The size of a table and its indexes is divided among the entities: states by number of
rows, attributes by length.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
import sqlite3
import sys
import tempfile
from typing import Final

from benchmarks.measure import Row, simulate, table

ROOMS: Final = 50
DAYS: Final = 7

_OF_A_ROOM: Final = ("busy", "calendar", "next_change")
_STATES: Final = """
SELECT states_meta.entity_id, COUNT(*) FROM states JOIN states_meta USING (metadata_id)
WHERE last_updated_ts > ? AND last_updated_ts < ? GROUP BY metadata_id
"""
_ATTRIBUTES: Final = """
SELECT entity_id, SUM(LENGTH(shared_attrs)) FROM states_meta JOIN (
    SELECT DISTINCT metadata_id, attributes_id, shared_attrs FROM states JOIN state_attributes USING (attributes_id)
    WHERE last_updated_ts > ? AND last_updated_ts < ?
) USING (metadata_id) GROUP BY metadata_id
"""
_SIZE: Final = "SELECT SUM(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = ?)"


@dataclass
class Week:
    """The parameters of the week, and its results."""

    rooms: int
    days: int
    database: Path
    begin: float = 0.0  # Unix seconds; earlier rows belong to the setup
    end: float = 0.0
    changes: int = 0  # of bookings
    keys: dict[str, str] = field(default_factory=dict)  # the key of each entity, by entity id


@dataclass(slots=True)
class _Share:
    """The share of some entities in the database."""

    rows: float = 0.0
    bytes: float = 0.0


def rows(rooms: int = ROOMS, days: int = DAYS) -> list[Row]:
    """Run the week and measure the database."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "home-assistant.db"
        week: Week = simulate("recorded_week", Week(rooms, days, database), f"--basetemp={folder}/tests")[0]
        shares = _shares(week)
    changes = week.changes / rooms / days
    of_a_room = [shares[key] for key in _OF_A_ROOM]
    of_the_account = {key: share for key, share in shares.items() if key not in _OF_A_ROOM}
    return [
        _row(
            f"per room and day, {rooms} rooms, {days} days", f"booking changes ({changes:.1f})", of_a_room, rooms * days
        ),
        *(_row(f"of that, by `{key}`", "–", [shares[key]], rooms * days) for key in _OF_A_ROOM),
        _row("the account, per day", "–", of_the_account.values(), days),
        *(_row(f"of that, by `{key}`", "–", [share], days) for key, share in of_the_account.items()),
    ]


def _row(what: str, against: str, shares: Iterable[_Share], by: int) -> Row:
    parts = list(shares)
    count, size = sum(share.rows for share in parts) / by, sum(share.bytes for share in parts) / by
    return Row(f"recorded: {what}", against, f"{count:.1f} rows, {size / 1024:.1f} KiB")


def _shares(week: Week) -> dict[str, _Share]:
    shares: dict[str, _Share] = defaultdict(_Share)
    with closing(sqlite3.connect(week.database)) as database:
        for name, query, total in (
            ("states", _STATES, "SELECT COUNT(*) FROM states"),
            ("state_attributes", _ATTRIBUTES, "SELECT SUM(LENGTH(shared_attrs)) FROM state_attributes"),
        ):
            (size,) = database.execute(_SIZE, (name,)).fetchone()
            (parts,) = database.execute(total).fetchone()
            for entity_id, part in database.execute(query, (week.begin, week.end)):
                share = shares[week.keys[entity_id]]
                share.bytes += size * part / parts
                share.rows += part if name == "states" else 0
    return dict(shares)


if __name__ == "__main__":
    print(table(rows(*map(int, sys.argv[1:]))))
