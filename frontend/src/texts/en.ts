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
  next: "Next:",
  nextNone: "None",
  nextFree: "Next free:",
  today: "Today",
  tomorrow: "Tomorrow",
  nothingBooked: "No bookings",
  nearby: "Free nearby",
  seats: (count: number) => plural(count, "seat", "seats"),
  pending: (count: number) => plural(count, "request awaits approval", "requests await approval"),
  doubts: {
    unavailable: (time: string) => (time ? `State not known since ${time}.` : "State not known right now."),
    missing: (entity: string) => `Home Assistant has no ${entity}.`,
    offline: (time: string) => `No connection to Home Assistant since ${time}.`,
    overdue: (time: string) => `No news since ${time}.`,
  },
  lost: (time: string) => `Not connected since ${time}`,
  bookings: (spans: string) => `Bookings today: ${spans}`,
  bookingsNone: "No bookings today",
  sentence: (...parts: string[]) => parts.join(", "),
  badge: (free: number) => `${free} free`,
  is: (name: string, state: string) => `${name}: ${state}`,
  details: (name: string) => `Show ${name}`,

  actions: {
    book: "Book",
    extend: "Extend",
    end: "End",
    change: "Extend or end",
    bookFor: (time: string) => `Book for ${time}`,
    bookUntil: (time: string) => `Book until ${time}`,
    extendBy: (time: string) => `Extend by ${time}`,
    minutes: (minutes: number) => `${minutes} min`,
    confirm: "End this meeting now? The room becomes free for others.",
    endNow: "End now",
    keep: "Keep it",
    working: {
      book: "Booking… Feishu needs a few seconds.",
      extend: "Extending… Feishu needs a few seconds.",
      end: "Ending… Feishu needs a few seconds.",
    },
    booked: (name: string, time: string) => `${name} is booked until ${time}.`,
    extended: (name: string, time: string) => `${name} is booked until ${time}.`,
    ended: (name: string) => `The meeting in ${name} has ended.`,
    notShownYet: (name: string) => `The meeting in ${name} is ended, but Feishu still shows it.`,
    refused: {
      book: (reason: string) => `Not booked. ${reason}`,
      extend: (reason: string) => `Not extended. ${reason}`,
      end: (reason: string) => `Not ended. ${reason}`,
    },
    forbidden: "You are not allowed to change this room.",
    noReason: "Home Assistant gives no reason.",
    unknown: "The connection was lost, so it is not known whether this worked. Check the state of the room.",
    enterPin: "Enter the PIN",
    wrongPin: "Wrong PIN",
    locked: "Too many attempts. Try again in a minute.",
    digits: (count: number) => plural(count, "digit entered", "digits entered"),
    erase: "Delete the last digit",
    cancel: "Cancel",
    ok: "OK",
    close: "Close",
  },

  invite: {
    feishu: "Feishu",
    code: (app: string) => `QR code: new event in ${app}`,
    title: (app: string) => `Book in ${app}`,
    addRoom: (name: string) => `Scan, then add the room ${name}`,
    link: (app: string) => `Book in ${app}`,
    about: (time: string, name: string) => `${time}. Add the room ${name} there.`,
    event: "Meeting",
  },

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
    requests: (count: number) => plural(count, "request", "requests"),
    continued: (place: string) => `${place} (continued)`,
    page: (page: number, pages: number) => `Page ${page} of ${pages}`,
    previousPage: "Previous page",
    nextPage: "Next page",
  },

  utilization: {
    title: "Utilization",
    all: "All rooms",
    about:
      "Shares of the office hours. If most rooms of a size are nearly always booked, there are too few of them. Large rooms that are seldom booked may be too large.",
    thisMonth: "This month",
    shares: { booked: "Booked", used: "Used", no_show: "Nobody came", ad_hoc: "Ad hoc use" },
    lastMonth: "Booked last month",
    seats: {
      upTo: (most: number) => `Up to ${most} seats`,
      between: (least: number, most: number) => `${least} to ${most} seats`,
      from: (least: number) => `${least} seats or more`,
      unknown: "Number of seats unknown",
    },
    empty: "Booked, but nobody came",
    eachRoom: "Each room",
    enable: (address: string) =>
      `The sensors of rooms are disabled at first. To see each room here, open [Entities](${address}), search for *Booked*, select all that you find, and enable them. Half a minute later, reload this page.\n\nRooms with occupancy sensors also have *No-shows today* and *No-shows this month*.`,
  },

  cards: {
    room: "Meeting room",
    roomAbout: "One Feishu or Lark room: free or busy, until when, and the next booking. From a tile to a door panel",
    board: "Meeting rooms board",
    boardAbout: "All Feishu or Lark rooms with today's bookings, by floor",
    badge: "Free meeting rooms",
    badgeAbout: "How many Feishu or Lark rooms are free, of a floor or with enough seats",
    strategyAbout:
      "A board of all Feishu or Lark rooms, a view for each building, the utilization and a door panel for each room",
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
      seconds: "a number of seconds",
      hour: "an hour from 0 to 24",
      entities: "a list of binary sensors",
      action: "an action",
      color: "a color such as “#17723a”",
      pin: "4 to 8 digits in quotes",
    },
    dayOrder: "The day must end after it starts.",
  },
};

export type Texts = typeof en;
