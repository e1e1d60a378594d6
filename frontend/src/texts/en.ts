/** The texts of the cards in English. */

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const en = {
  language: "en",

  words: { free: "Free", busy: "Busy", disabled: "Out of use", unknown: "No data" },
  endingSoon: "Ending soon",
  startingSoon: "Booked soon",
  until: { free: (time: string) => `until ${time}`, busy: (time: string) => `until ${time}` },
  restOfDay: "rest of the day",
  noEnd: "until further notice",
  noBookings: "no bookings ahead",
  timeLeft: (time: string) => `${time} left`,
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
    unavailable: "State not known right now.",
    missing: (entity: string) => `Home Assistant has no ${entity}.`,
    offline: (time: string) => `No connection to Home Assistant since ${time}.`,
    overdue: (time: string) => `No news since ${time}.`,
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
    roomAbout: "One Feishu or Lark room: free or busy, until when, and the next booking. From a tile to a door panel",
    board: "Meeting rooms board",
    boardAbout: "All Feishu or Lark rooms with today's bookings, by floor",
    strategyAbout: "A board of all Feishu or Lark rooms, a view for each building and a door panel for each room",
  },

  labels: {
    entity: "Room",
    entities: "Rooms",
    name: "Name",
    title: "Title",
    place: "Floor",
    min_seats: "Minimum number of seats",
    free_for: "Free for at least (minutes)",
    free_first: "Free rooms first",
    soon: "“Soon” (minutes)",
    day_start: "Day starts at (hour)",
    day_end: "Day ends at (hour)",
    hide_clock: "Hide clock",
    hide_filters: "Hide filters",
    hide_floors: "Don't group by floor",
    monochrome: "Black and white, for e-paper",
    tap_action: "When tapped",
  },
  helpers: {
    name: "If empty, the room's own name.",
    entities: "If empty, all rooms.",
    place: "As shown on the board, such as “Tower A / 1F”. If empty, all floors.",
    soon: "If empty, 10 minutes.",
    day_start: "If empty, 8.",
    day_end: "If empty, 19.",
    monochrome: "No colors, and nothing that changes every minute.",
    tap_action: "On a door panel, it is best to choose no action.",
  },
  faults: {
    noEntity: "Choose a room: “entity” is missing.",
    wrongEntity: (value: string) => `“${value}” is not a room: use the room's binary sensor.`,
    wrongOption: (name: string, wanted: string) => `“${name}” must be ${wanted}.`,
    wanted: {
      text: "text",
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
