"""What a subject rests on besides its reading: the room's status and existence by the catalogue, and the options."""

from dataclasses import replace
from datetime import timedelta

from .directory import KnownRooms, RoomInfo
from .evidence import Hours, RoomEvidence, Stamp
from .moment import Moment
from .options import Options
from .schedule import DisabledPeriod, disabled_period
from .subject import Subject, SubjectInfo


def rebuild(
    subject: Subject,
    known: KnownRooms,
    options: Options,
    moment: Moment,
    *,
    off_hours_limit: timedelta,
    is_failing: bool,
) -> None:
    """Judge a subject by the catalogue and the options as they are now.

    `off_hours_limit` is how old a status may be off hours, `is_failing` says that statuses can't be read.
    """
    disabled = None
    subject.info = _with_status(subject.info, known)  # as old as the stamp that its evidence gets
    if isinstance(subject.info, RoomInfo):
        read = _status_read(subject, known, moment)
        disabled = disabled_period(subject.info.room.status, read.by_clock_of(moment))
    room = _room_evidence(subject, known, moment, disabled, off_hours_limit=off_hours_limit, is_failing=is_failing)
    subject.rest_on(room, Hours(options.off_hours, moment.time_zone))
    subject.rebuild(disabled=disabled, count_pending_as_busy=options.count_pending_as_busy)


def _with_status(info: SubjectInfo, known: KnownRooms) -> SubjectInfo:
    """Return a room or person with the status that the catalogue has now: it may be newer than `info`."""
    room = known.catalogue.rooms.get(info.id)
    if not isinstance(info, RoomInfo) or room is None or room.status == info.room.status:
        return info
    return replace(info, room=replace(info.room, status=room.status))


def _status_read(subject: Subject, known: KnownRooms, moment: Moment) -> Stamp:
    """Return when the status of a room was read."""
    as_of, read = known.as_of(subject.info.id), subject.status_read
    return read if read and read.at == as_of else Stamp.of(as_of, moment)


def _room_evidence(
    subject: Subject,
    known: KnownRooms,
    moment: Moment,
    disabled: DisabledPeriod | None,
    *,
    off_hours_limit: timedelta,
    is_failing: bool,
) -> RoomEvidence | None:
    """Return what the room API says of a room, None for a person."""
    if not isinstance(subject.info, RoomInfo):
        return None
    room = subject.info.room
    is_missing = known.is_missing(room.room_id)
    is_told = not known.unlisted and (room.status or not is_missing)
    return RoomEvidence(
        status_read=_status_read(subject, known, moment) if is_told else None,
        off_hours_limit=off_hours_limit,
        is_failing=is_missing or is_failing,
        is_doubted=known.is_doubted(room.room_id),
        is_missing=is_missing,
        is_gone=room.room_id in known.gone,
        disabled=disabled,
    )
