// The conversation on the page: one list item an entry, made once and changed in place.

import { readable } from "./colors.js";
import { el, say } from "./elements.js";
import { heardWords, spokenParts } from "./model.js";
import { clock } from "./words.js";

const SHOWN = 400; // entries on the page at first, and how many a look back adds
const NEAR = 48; // pixels from the end that count as being there
const READ_OUT = 6; // entries that stay in the announcer

export class ConversationView {
  /** `showMemory(id)` opens what a chip tells of. */
  constructor({ list, scroll, empty, newest, announcer, showMemory }) {
    Object.assign(this, { _list: list, _scroll: scroll, _empty: empty, _newest: newest });
    Object.assign(this, { _announcer: announcer, _showMemory: showMemory });
    this._views = new Map();
    this._hidden = new Set(); // the oldest, which are not on the page
    this._atEnd = true;
    this._announced = new WeakSet();
    scroll.addEventListener("scroll", () => this._look(), { passive: true });
    new ResizeObserver(() => this._follow()).observe(scroll);
  }

  /** Begin anew: another connection tells it all again. What is said already is not read out. */
  reset(model) {
    const fromEnd = this._scroll.scrollHeight - this._scroll.scrollTop;
    this._views.clear();
    this._list.replaceChildren();
    this._hidden = new Set(model.entries.slice(0, Math.max(0, model.entries.length - SHOWN)));
    this._offerEarlier(model);
    for (const entry of model.entries) {
      this._show(entry, model);
      this._announce(entry); // it may have come before anything was drawn
    }
    model.dirty.clear();
    this._scroll.scrollTop = this._scroll.scrollHeight - fromEnd;
    this._end();
  }

  /** Draw what is different. */
  render(model) {
    for (const entry of model.dirty) {
      this._show(entry, model);
      this._announce(entry);
    }
    model.dirty.clear();
    if (this._atEnd && this._views.size > 1.5 * SHOWN) this._trim(model);
    this._end();
  }

  /** The times, once the session's clock is known; the colours, once the ground has changed. */
  redraw(model) {
    for (const entry of this._views.keys()) this._show(entry, model);
  }

  toEnd() {
    this._atEnd = true;
    this._follow();
    this._look();
  }

  _end() {
    this._empty.hidden = this._views.size > 0;
    this._follow();
    if (!this._atEnd) this._newest.hidden = false;
  }

  _follow() {
    if (this._atEnd) this._scroll.scrollTop = this._scroll.scrollHeight;
  }

  _look() {
    const { scrollTop, clientHeight, scrollHeight } = this._scroll;
    this._atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this._atEnd) this._newest.hidden = true;
  }

  /** Of a talk that lasts for hours the oldest leave the page. */
  _trim(model) {
    for (const entry of [...this._views.keys()].slice(0, -SHOWN)) {
      this._views.get(entry).element.remove();
      this._views.delete(entry);
      this._hidden.add(entry);
    }
    this._offerEarlier(model);
  }

  /** The button above the oldest that is shown. */
  _offerEarlier(model) {
    this._earlier?.remove();
    this._earlier = null;
    if (!this._hidden.size) return;
    const text = "Show what was said before";
    const button = el("button", { type: "button", class: "button", text });
    button.addEventListener("click", () => this._showEarlier(model));
    this._earlier = el("li", { class: "chip" }, button);
    this._list.prepend(this._earlier);
  }

  _showEarlier(model) {
    const height = this._scroll.scrollHeight;
    const shown = this._views;
    this._views = new Map(); // in the order of the page: the oldest first
    const items = [...this._hidden].slice(-SHOWN).map((entry) => {
      this._hidden.delete(entry);
      return this._make(entry, model);
    });
    for (const [entry, view] of shown) this._views.set(entry, view);
    this._earlier.after(...items);
    this._offerEarlier(model);
    this._scroll.scrollTop += this._scroll.scrollHeight - height;
  }

  _show(entry, model) {
    const view = this._views.get(entry);
    if (view) view.update();
    else if (!this._hidden.has(entry)) this._list.append(this._make(entry, model));
  }

  _make(entry, model) {
    const make = { turn: turnView, chip: chipView, divider: dividerView }[entry.kind];
    const view = make(entry, model, this._showMemory);
    this._views.set(entry, view);
    view.update();
    return view.element;
  }

  /** For screen readers: each turn once, when it is over, but none of those that were told before
   *  this page was there. What was typed here is known already. */
  _announce(entry) {
    const done =
      entry.kind === "turn" ? entry.final && entry.text && !entry.typed : entry.kind === "chip";
    if (!done || entry.past || this._announced.has(entry)) return;
    this._announced.add(entry);
    const text = entry.kind === "turn" ? `${entry.name}: ${heardWords(entry)}` : entry.text;
    this._announcer.append(el("p", { text }));
    while (this._announcer.children.length > READ_OUT) this._announcer.firstElementChild.remove();
  }
}

/** The colour of who spoke, as it can be read here; "" for the present persona's. */
function colorOf(slug, model) {
  const persona = model.known.get(slug);
  if (!persona || slug === model.persona?.slug || !model.look) return "";
  return readable(persona.colors.primary, [model.look.ground, model.look.surface]);
}

function setWho(element, slug, model) {
  const color = colorOf(slug, model);
  if (color) element.style.setProperty("--who", color);
  else element.style.removeProperty("--who");
}

function turnView(entry, model) {
  const by = el("span", { class: "by" });
  const time = el("time");
  const [heard, now, coming] = ["heard", "now", "coming"].map((name) =>
    el("span", { class: name }),
  );
  const head = el("p", { class: "head" }, by, time);
  const words = el("p", { class: "words" }, heard, now, coming);
  const element = el(
    "li",
    { class: `turn ${entry.side === "user" ? "user" : "agent"}` },
    head,
    words,
  );
  let why = null;

  function mark() {
    if (Boolean(entry.sign) === Boolean(why)) return;
    if (why) {
      why.remove();
      why = null;
      return;
    }
    const told = el("p", { class: "why", text: entry.reason });
    why = el("details", { class: "mark" }, el("summary", { text: `~ ${entry.sign}` }), told);
    element.append(why);
  }

  function update() {
    say(by, entry.name);
    const at = model.when(entry);
    say(time, entry.time ?? (at ? clock(at) : ""));
    if (at) time.dateTime = at.toISOString();
    setWho(element, entry.slug, model);
    element.classList.toggle("partial", entry.partial);
    element.classList.toggle("earlier", entry.earlier);
    const cut = entry.interrupted && entry.heard !== null;
    const parts = entry.final && !cut ? [entry.text, "", ""] : spokenParts(entry.text, entry.heard);
    if (cut)
      parts.splice(0, 3, parts[0] + parts[1], parts[2].trim() ? " — " : " —", parts[2].trim());
    else if (entry.partial) parts[2] += " …";
    say(heard, parts[0]);
    say(now, parts[1]);
    say(coming, parts[2]);
    now.className = cut ? "cut" : "now";
    coming.className = cut ? "unheard" : entry.heard === null ? "heard" : "coming";
    mark();
  }
  return { element, update };
}

function chipView(entry, model, showMemory) {
  const sign = el("span", { class: "sign", "aria-hidden": "true" });
  const element = el("li", { class: "chip", style: { "--tone": `var(--${entry.tone})` } }, sign);
  let words = null;
  function update() {
    say(sign, entry.sign);
    const tag = entry.memory ? "button" : "span";
    if (words?.localName !== tag) {
      words?.remove();
      const own =
        tag === "button" ? { type: "button", on: { click: () => showMemory(entry.memory) } } : {};
      words = el(tag, own);
      element.append(words);
    }
    say(words, entry.text);
  }
  return { element, update };
}

function dividerView(entry, model) {
  const words = el("span", { text: entry.text });
  const element = el("li", { class: "rule" }, words);
  return { element, update: () => setWho(element, entry.slug, model) };
}
