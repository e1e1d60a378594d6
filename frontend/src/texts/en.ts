/** All that the cards say, in English. */

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const en = {
  language: "en",

  words: { free: "Free", busy: "Busy", disabled: "Out of use", unknown: "No data" },
  endingSoon: "Ending soon",
  startingSoon: "Booked soon",
  until: (time: string) => `until ${time}`,
  restOfDay: "rest of the day",
  noEnd: "until further notice",
  noBookings: "no bookings ahead",
  timeLeft: { free: (time: string) => `for ${time}`, busy: (time: string) => `${time} left` },
  duration: (hours: number, minutes: number) => {
    if (!hours) return minutes ? `${minutes} min` : "under a minute";
    return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  },
  next: "Next booking",
  nextNone: "None",
  nextFree: "Next free",
  seats: (count: number) => plural(count, "seat", "seats"),
  pending: (count: number) => plural(count, "request awaits approval", "requests await approval"),
  doubts: {
    unavailable: "Nothing is known right now.",
    missing: (entity: string) => `Home Assistant has no ${entity}.`,
    offline: (time: string) => `No connection to Home Assistant since ${time}.`,
  },
  lost: (time: string) => `Not connected since ${time}`,
  bookings: (spans: string) => `Bookings today: ${spans}`,
  bookingsNone: "No bookings today",
  sentence: (...parts: string[]) => parts.join(", "),
  is: (name: string, state: string) => `${name}: ${state}`,
  details: (name: string) => `Show ${name}`,

  board: {
    title: "Meeting rooms",
    summary: (free: number, all: number) => `${free} of ${all} free`,
    changed: (count: number) => `${count} rooms have changed`,
    floor: "Floor",
    allFloors: "All floors",
    seats: "Seats",
    anySeats: "Any size",
    minSeats: (count: number) => `${count} or more`,
    freeFor: (minutes: number) => `Free for ${minutes} min`,
    none: "There are no rooms yet.",
    noMatch: "No room matches.",
    elsewhere: "Elsewhere",
  },

  cards: {
    room: "Meeting room",
    roomAbout: "One Feishu or Lark room: free or busy, until when, and what comes next. From a tile to a door panel",
    board: "Meeting rooms board",
    boardAbout: "All Feishu or Lark rooms with their day, by floor",
    strategyAbout: "A board of all Feishu or Lark rooms, a view for each building and a door panel for each room",
  },

  labels: {
    entity: "Room",
    entities: "Rooms",
    name: "Name",
    title: "Title",
    place: "Floor",
    min_seats: "Seats at least",
    free_for: "Free for at least",
    free_first: "Free rooms first",
    soon: "“Soon” is within",
    day_start: "The day starts at",
    day_end: "The day ends at",
    hide_clock: "Hide the clock",
    hide_filters: "Hide the filters",
    hide_floors: "One list, not by floor",
    monochrome: "Black and white, for e-paper",
    tap_action: "When tapped",
  },
  helpers: {
    name: "The room's own name if left empty.",
    entities: "All rooms if left empty.",
    place: "As the board writes it, such as “Tower A / 1F”. All floors if left empty.",
    soon: "10 minutes if left empty.",
    day_start: "8 if left empty.",
    day_end: "19 if left empty.",
    monochrome: "No colours, and nothing that changes by the minute.",
    tap_action: "A panel by the door is best left with nothing to tap.",
  },
  units: { minutes: "min" },
  faults: {
    noEntity: "Choose a room: “entity” is missing.",
    wrongEntity: (value: string) => `“${value}” can't be a room: the room's binary sensor is needed.`,
    wrongOption: (name: string, wanted: string) => `“${name}” must be ${wanted}.`,
    wanted: {
      text: "a text",
      boolean: "true or false",
      minutes: "a number of minutes",
      seats: "a number of seats",
      hour: "an hour from 0 to 24",
      entities: "a list of binary sensors",
      action: "an action",
    },
    dayOrder: "The day must end after it starts.",
  },
};

export type Texts = typeof en;
