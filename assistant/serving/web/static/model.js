// What the session has told so far: the conversation, the present, what happened. Nothing here
// draws; a reload or a lost connection begins it anew from the replay.

import { HANDLERS } from "./events.js";
import { plain, STATES, whoAnswers } from "./words.js";

const EVENTS_KEPT = 500;
const SAMPLES_A_FRAME = 0.08; // seconds
const NEWS_SECONDS = 60; // so long after the last lost frame an overload is news
const BEHIND_SECONDS = 0.2; // less is not behind to a person

/**
 * One conversation as it is shown. `changed` holds the names of what is different since it was
 * cleared: "entries", "status", "persona", "timers", "log", "memory"; `dirty` the entries that are.
 */
export class Model {
  constructor(now = () => Date.now()) {
    this._now = now;
    this.entries = [];
    this.log = [];
    this.changed = new Set();
    this.dirty = new Set();
    this.personas = [];
    this.persona = null;
    this.known = new Map(); // slug → persona, as far as they were seen
    this.status = {
      state: "initializing",
      paused: null,
      waiting: null,
      backend: "",
      reason: "",
      engine: "",
      note: "",
      ready: false,
      brain: "",
      audio: null,
      timers: [],
      ringing: [],
      calls: [],
      loading: null,
      lag: 0,
      lagAt: -Infinity,
      advice: "",
      lost: 0,
      lostAt: -Infinity,
    };
    this.latencies = [];
    this.stages = [];
    this.clockOffset = null; // seconds since 1970 at which the session's clock was 0
    this._turns = new Map();
    this.recalled = new Set();
    this.kept = new Set();
    this._lostBefore = {};
    this.spoken = null;
    this.told = { t: 0, replayed: false }; // the message that is being taken in
  }

  /** Take a message in. `replayed`: it was told before, to others. Returns it. */
  apply(message, replayed = false) {
    if (!replayed && message.t > 0) {
      const zero = this._now() / 1000 - message.t;
      if (this.clockOffset === null || zero < this.clockOffset) {
        if (this.clockOffset === null) this.changed.add("times");
        this.clockOffset = zero;
      }
    }
    this.told = { t: message.t ?? 0, replayed };
    if (Object.hasOwn(HANDLERS, message.type)) HANDLERS[message.type](this, message, replayed);
    return message;
  }

  /** When this happened, as a Date; null where that is not known. */
  when(entry) {
    if (entry.at) return entry.at;
    if (!entry.t || this.clockOffset === null) return null;
    return new Date((this.clockOffset + entry.t) * 1000);
  }

  /** The name of a persona by its slug. */
  nameOf(slug) {
    return (
      this.personas.find((each) => each.slug === slug)?.name ?? this.known.get(slug)?.name ?? slug
    );
  }

  /** The slug of a persona by its name; "" for one that is gone. */
  slugOf(name) {
    return this.personas.find((each) => each.name === name)?.slug ?? "";
  }

  /** Who answers, in words. */
  get whoAnswers() {
    return whoAnswers(this.status.brain, this.status.backend);
  }

  /** One word for what it does. */
  get stateWord() {
    if (this.status.paused !== null) return "Paused to hear you";
    return STATES[this.status.state] ?? this.status.state;
  }

  /** The last answer's words, as far as they were heard; "" before the first. */
  get lastAnswer() {
    const turns = this.entries.filter((each) => each.kind === "turn" && each.text);
    const last = turns.findLast((each) => each.side === "assistant");
    return last ? heardWords(last) : "";
  }

  /** Median seconds from the end of the user's words to the first sound of the answer. */
  get usualLatency() {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    if (!sorted.length) return null;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The usual milliseconds of each stage: [[name, last, median], …]. */
  stageTable() {
    const last = this.stages.at(-1) ?? {};
    const order = ["wait", "transcribe", "answer", "voice", "device"];
    const names = [
      ...order.filter((each) => each in last),
      ...Object.keys(last).filter((each) => !order.includes(each)),
    ];
    return names.map((name) => {
      const all = this.stages.map((each) => each[name]).filter((each) => each !== undefined);
      return [name, last[name], all.sort((a, b) => a - b)[all.length >> 1]];
    });
  }

  /** What this machine could not keep up with, in words; "" while all is well. */
  overload() {
    const { lag, lagAt, advice, lost, lostAt } = this.status;
    const recent = (at) => this._now() / 1000 - at < NEWS_SECONDS;
    const told = [];
    if (lost > 0 && recent(lostAt)) {
      told.push(
        `this computer is too busy: ${(lost * SAMPLES_A_FRAME).toFixed(1)} s of sound lost`,
      );
    }
    if (lag >= BEHIND_SECONDS && recent(lagAt)) {
      told.push(`it is ${lag.toFixed(1)} s behind${advice ? `: try ${advice}` : ""}`);
    }
    return told.join("; ");
  }

  /** The conversation to be kept, as plain text. */
  asText() {
    const lines = [];
    for (const entry of this.entries) {
      const at = this.when(entry);
      const time = at
        ? `[${at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}] `
        : "";
      if (entry.kind === "turn" && entry.text.trim()) {
        lines.push(
          `${time}${entry.name}: ${heardWords(entry).trim()}${entry.interrupted ? " —" : ""}`,
        );
      } else if (entry.kind === "chip") lines.push(`    ${entry.sign} ${entry.text}`);
      else if (entry.kind === "divider") lines.push(`--- ${entry.text} ---`);
    }
    const log = this.log.map(
      (each) =>
        `[${this.when(each)?.toLocaleTimeString("en-GB") ?? "before"}] ${each.sign} ${each.text}`,
    );
    return `${lines.join("\n")}\n\nWhat happened\n\n${log.join("\n")}\n`;
  }

  // -- entries -------------------------------------------------------------------------------------

  /** The newest entry: {kind: "turn" | "chip" | "divider", …}. */
  add(entry) {
    this.entries.push(entry);
    this.touch(entry);
    return entry;
  }

  /** It is different from how it was drawn. */
  touch(entry) {
    this.dirty.add(entry);
    this.changed.add("entries");
  }

  /** The entry of this turn, made from `make` where there is none; undefined without it. */
  turn(side, number, make) {
    const key = `${side} ${number}`;
    let entry = this._turns.get(key);
    if (!entry && make) {
      entry = this.add({
        kind: "turn",
        side,
        turn: number,
        text: "",
        heard: null,
        partial: false,
        final: false,
        interrupted: false,
        typed: false,
        earlier: false,
        sign: "",
        reason: "",
        ...make,
      });
      this._turns.set(key, entry);
    }
    return entry;
  }

  /** Something that was done meanwhile: {sign, tone, text, memory}; `memory` is what it opens. */
  chip(chip, t = 0) {
    this.add({ kind: "chip", t, memory: "", ...chip });
  }

  /** A line of what happened; one with a key takes the place of the last with the same. */
  note(sign, tone, text, { key = "", joins = false } = {}) {
    const last = this.log.at(-1);
    if (joins && last?.joins && last.text.length < 80) last.text += ` → ${text}`;
    else {
      if (key) this.log = this.log.filter((each) => each.key !== key);
      const { t, replayed } = this.told;
      this.log.push({
        sign,
        tone,
        text,
        key,
        joins,
        t,
        at: replayed ? null : new Date(this._now()),
      });
      if (this.log.length > EVENTS_KEPT) this.log.shift();
    }
    this.changed.add("log");
  }

  /** This persona is in charge from now on. */
  takeOver(persona) {
    this.persona = persona;
    this.known.set(persona.slug, persona);
    this.changed.add("persona").add("status");
  }

  /** Frames lost so far, by place; a total that shrinks begins anew. */
  loses(counts) {
    let fresh = 0;
    for (const [place, total] of Object.entries(counts)) {
      const before = this._lostBefore[place] ?? 0;
      fresh += total >= before ? total - before : total;
      this._lostBefore[place] = total;
    }
    if (!fresh) return;
    const now = this._now() / 1000;
    if (now - this.status.lostAt >= NEWS_SECONDS) this.status.lost = 0;
    this.status.lost += fresh;
    this.status.lostAt = now;
  }

  /** Nothing of it stays: neither what tells of it nor the turns in which it was said. */
  forget(deletion) {
    const { everything = false } = deletion;
    const texts = (deletion.texts ?? []).map((each) => each.trim()).filter(Boolean);
    const ids = new Set([...(deletion.ids ?? []), ...(deletion.gone ?? [])]);
    const holds = (text) => everything || texts.some((each) => plain(text).includes(plain(each)));
    for (const entry of this.entries) {
      const told =
        entry.kind === "chip" && entry.memory && (ids.has(entry.memory) || holds(entry.text));
      const said =
        entry.kind === "turn" && (everything || texts.some((each) => entry.text.includes(each)));
      if (told) Object.assign(entry, { text: "forgotten", memory: "" });
      else if (said && entry.final)
        Object.assign(entry, { text: "(forgotten)", interrupted: false, heard: null, sign: "" });
      else continue;
      this.touch(entry);
    }
    this.log = this.log.filter((each) => each.tone !== "secondary" || !holds(each.text));
    this.changed.add("log").add("memory");
  }
}

/** The words that count: of an answer that was cut, those that were heard. */
export function heardWords(entry) {
  if (!entry.interrupted || entry.heard === null) return entry.text;
  return entry.text.split(/\s+/).filter(Boolean).slice(0, entry.heard).join(" ");
}

/**
 * A turn's text as [heard, the word being said, what is yet to come], white space kept.
 * `heard` counts words that have begun to sound; null: not known.
 */
export function spokenParts(text, heard) {
  if (heard === null) return ["", "", text];
  let at = 0;
  let begin = 0;
  const words = /\S+/g;
  for (let count = 0; count < heard; count += 1) {
    const word = words.exec(text);
    if (!word) return [text, "", ""];
    [begin, at] = [word.index, word.index + word[0].length];
  }
  return [text.slice(0, begin), text.slice(begin, at), text.slice(at)];
}
