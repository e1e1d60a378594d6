// Lays out room cards of all states and sizes, and returns the faults: texts that overlap, texts that are cut without an
// ellipsis, keys that are too small for a finger.
async ({ cases, sizes, language, layout, refusal }) => {
  const PLATFORM = "feishu_freebusy";
  const SLACK = 1; // pixels
  const FINGER = 48;
  // One for all texts: each change of the page has to update all ranges
  const range = document.createRange();
  document.documentElement.lang = language;
  // A stand-in for the card of Home Assistant
  if (!customElements.get("ha-card")) {
    customElements.define(
      "ha-card",
      class extends HTMLElement {
        connectedCallback() {
          if (this.shadowRoot) return;
          const look = "display:block;border:1px solid #e0e0e0;border-radius:12px;background:#fff;color:#141414";
          this.attachShadow({ mode: "open" }).innerHTML = `<style>:host{${look}}</style><slot></slot>`;
        }
      },
    );
  }
  document.body.replaceChildren();

  const states = {};
  const entities = {};
  const devices = {};
  for (const [name, { state, attributes }] of Object.entries(cases)) {
    const entity_id = `binary_sensor.${name}`;
    states[entity_id] = { entity_id, state, attributes };
    entities[entity_id] = { entity_id, platform: PLATFORM, translation_key: "busy", device_id: name };
    devices[name] = { configuration_url: "https://applink.feishu.cn/client/calendar/view?type=meeting" };
  }
  const hass = {
    states,
    entities,
    devices,
    config: { time_zone: "UTC", state: "RUNNING" },
    locale: { language, time_format: language === "en" ? "12" : "24", time_zone: "server" },
    themes: { darkMode: false },
    connected: true,
    // Every action is refused, with a long reason
    callService: () => Promise.reject({ code: "home_assistant_error", message: refusal }),
    services: { [PLATFORM]: { book_room: {}, extend_booking: {}, end_booking: {} } },
  };

  const shown = [];
  for (const [name, { config, press }] of Object.entries(cases)) {
    for (const [width, height] of sizes) {
      const place = document.createElement("div");
      place.id = name;
      place.style.cssText = `inline-size:${width}px;block-size:${height}px;contain:strict`;
      const card = document.createElement("feishu-room-card");
      card.layout = layout;
      card.setConfig({ type: "custom:feishu-room-card", entity: `binary_sensor.${name}`, ...config });
      card.hass = hass;
      place.append(card);
      document.body.append(place);
      shown.push({ card, press, about: `${name} ${width}x${height}` });
    }
  }
  await Promise.all(shown.map(({ card }) => card.updateComplete));
  // A press on a key leads to a question, a refusal, or to tomorrow
  for (const { card, press } of shown) {
    if (press === "turn") card.shadowRoot.querySelector(".turn").click();
    else if (press) [...card.shadowRoot.querySelectorAll(".key")].at(press === "first" ? 0 : -1)?.click();
  }
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  // A page that is turned slides in
  for (const { card } of shown) {
    for (const animation of card.shadowRoot.getAnimations()) {
      if (Number.isFinite(animation.effect.getComputedTiming().endTime)) animation.finish();
    }
  }

  const faults = [];
  for (const { card, about } of shown) for (const fault of faultsOf(card)) faults.push(`${about}: ${fault}`);
  return faults;

  function faultsOf(card) {
    const surface = card.shadowRoot.querySelector("ha-card");
    const edge = surface.getBoundingClientRect();
    const found = surface.scrollWidth > surface.clientWidth ? ["it is too wide"] : [];
    const boxes = [];
    for (const element of surface.querySelectorAll("*")) {
      if (!element.checkVisibility({ visibilityProperty: true }) || element.closest(".unheard, .tap")) continue;
      const name = element.getAttribute("class") ?? element.localName;
      if (element.matches("svg, .logo, .strip, .key, .open, .turn, .nearby li")) {
        boxes.push({ element, name, box: element.getBoundingClientRect() });
      }
      if (element.matches(".key, .open, .turn")) {
        const { width, height } = element.getBoundingClientRect();
        if (width < FINGER - SLACK || height < FINGER - SLACK) found.push(`${name} is too small: ${width}x${height}`);
      }
      const text = textOf(element);
      if (!text) continue;
      const clip = clipOf(element, surface);
      for (const line of linesOf(element)) {
        const seen = intersection(line, clip.box);
        if (!seen) continue; // a whole line that does not fit is left out
        const isCutInline = line.left < clip.box.left - SLACK || line.right > clip.box.right + SLACK;
        const isCutBlock = line.top < clip.box.top - 2 * SLACK || line.bottom > clip.box.bottom + 2 * SLACK;
        if (isCutBlock || (isCutInline && !clip.hasEllipsis)) found.push(`“${text}” (${name}) is cut`);
        if (isCutInline && clip.hasEllipsis && seen.width < 2.4 * parseFloat(getComputedStyle(element).fontSize)) {
          found.push(`“${text}” (${name}) shows too little`);
        }
        boxes.push({ element, name: `“${text}” (${name})`, box: seen });
      }
    }
    const hasRoom = edge.width >= 222 || edge.height >= 242;
    if (surface.matches(".acts") && hasRoom && !boxes.some(({ element }) => element.matches(".key, .open, .said"))) {
      found.push("it has no key");
    }
    for (const [index, one] of boxes.entries()) {
      if (one.box.right > edge.right + SLACK || one.box.left < edge.left - SLACK) found.push(`${one.name} leaves the card`);
      if (one.box.bottom > edge.bottom + SLACK || one.box.top < edge.top - SLACK) found.push(`${one.name} leaves the card`);
      for (const other of boxes.slice(index + 1)) {
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
        const common = intersection(one.box, other.box);
        if (common && common.width > SLACK && common.height > 2 * SLACK) found.push(`${one.name} overlaps ${other.name}`);
      }
    }
    return found;
  }

  /** Return the text that is directly in an element. */
  function textOf(element) {
    const texts = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    return texts.map(({ data }) => data.trim()).join("");
  }

  /** Return the boxes of the lines of that text, without the space above and below its letters. */
  function linesOf(element) {
    const size = parseFloat(getComputedStyle(element).fontSize);
    return [...element.childNodes]
      .filter(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim())
      .flatMap((node) => {
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter(({ width }) => width > 0);
      })
      .map(({ left, right, top, bottom }) => {
        const spare = Math.max(0, (bottom - top - size) / 2);
        return boxOf(left, right, top + spare, bottom - spare);
      });
  }

  /** Return the part of the card in which an element can be seen. */
  function clipOf(element, surface) {
    let { left, right, top, bottom } = surface.getBoundingClientRect();
    let hasEllipsis = false;
    for (let parent = element; parent !== surface; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      if (style.overflow === "visible" || style.display === "inline" || style.display === "contents") continue;
      const box = parent.getBoundingClientRect();
      if (box.right < right || box.left > left) hasEllipsis ||= style.textOverflow === "ellipsis";
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return { box: boxOf(left, right, top, bottom), hasEllipsis };
  }

  function intersection(one, other) {
    const [left, right] = [Math.max(one.left, other.left), Math.min(one.right, other.right)];
    const [top, bottom] = [Math.max(one.top, other.top), Math.min(one.bottom, other.bottom)];
    return left < right && top < bottom ? boxOf(left, right, top, bottom) : null;
  }

  function boxOf(left, right, top, bottom) {
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  }
}
