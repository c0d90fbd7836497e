// What the session has told so far: the conversation, the present, what happened. Nothing here
// draws; a reload or a lost connection begins it anew from the replay.

import {
  asked, doing, feelingMark, keptWords, sentence, STATES, toolChip, whoAnswers,
} from "./words.js";

const LATENCIES_KEPT = 200;
const EVENTS_KEPT = 500;
const SAMPLES_A_FRAME = 0.08; // seconds
const NEWS_SECONDS = 60; // so long after the last lost frame an overload is news
const BEHIND_SECONDS = 0.2; // less is not behind to a person
const RECALLED_SHOWN = 2;

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
    this.forgotten = [];
    this.personas = [];
    this.persona = null;
    this.known = new Map(); // slug → persona, as far as they were seen
    this.status = {
      state: "initializing", paused: null, waiting: null, backend: "", reason: "", engine: "",
      note: "", ready: false, brain: "", audio: null, timers: [], ringing: [], calls: [],
      loading: null, lag: 0, lagAt: -Infinity, advice: "", lost: 0, lostAt: -Infinity,
    };
    this.latencies = [];
    this.stages = [];
    this.clockOffset = null; // seconds since 1970 at which the session's clock was 0
    this._turns = new Map();
    this._recalled = new Set();
    this._kept = new Set();
    this._lostBefore = {};
    this._spoken = null;
    this._told = { t: 0, replayed: false }; // the message that is being taken in
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
    this._told = { t: message.t ?? 0, replayed };
    HANDLERS[message.type]?.call(this, message, replayed);
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
    return this.personas.find((each) => each.slug === slug)?.name ?? this.known.get(slug)?.name ?? slug;
  }

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
    const names = [...order.filter((each) => each in last), ...Object.keys(last).filter((each) => !order.includes(each))];
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
      told.push(`this computer is too busy: ${(lost * SAMPLES_A_FRAME).toFixed(1)} s of sound lost`);
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
      const time = at ? `[${at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}] ` : "";
      if (entry.kind === "turn" && entry.text.trim()) {
        lines.push(`${time}${entry.name}: ${heardWords(entry).trim()}${entry.interrupted ? " —" : ""}`);
      } else if (entry.kind === "chip") lines.push(`    ${entry.sign} ${entry.text}`);
      else if (entry.kind === "divider") lines.push(`--- ${entry.text} ---`);
    }
    const log = this.log.map((each) => `[${this.when(each)?.toLocaleTimeString("en-GB") ?? "before"}] ${each.sign} ${each.text}`);
    return `${lines.join("\n")}\n\nWhat happened\n\n${log.join("\n")}\n`;
  }

  // -- entries -------------------------------------------------------------------------------------

  _add(entry) {
    this.entries.push(entry);
    this._touch(entry);
    return entry;
  }

  _touch(entry) {
    this.dirty.add(entry);
    this.changed.add("entries");
  }

  _turn(side, number, make) {
    const key = `${side} ${number}`;
    let entry = this._turns.get(key);
    if (!entry && make) {
      entry = this._add({
        kind: "turn", side, turn: number, text: "", heard: null, partial: false, final: false,
        interrupted: false, typed: false, earlier: false, sign: "", reason: "", ...make,
      });
      this._turns.set(key, entry);
    }
    return entry;
  }

  _chip(chip, t = 0) {
    this._add({ kind: "chip", t, memory: "", ...chip });
  }

  /** A line of what happened; one with a key takes the place of the last with the same. */
  note(sign, tone, text, { key = "", joins = false } = {}) {
    const last = this.log.at(-1);
    if (joins && last?.joins && last.text.length < 80) last.text += ` → ${text}`;
    else {
      if (key) this.log = this.log.filter((each) => each.key !== key);
      const { t, replayed } = this._told;
      this.log.push({ sign, tone, text, key, joins, t, at: replayed ? null : new Date(this._now()) });
      if (this.log.length > EVENTS_KEPT) this.log.shift();
    }
    this.changed.add("log");
  }

  _takeOver(persona) {
    this.persona = persona;
    this.known.set(persona.slug, persona);
    this.changed.add("persona").add("status");
  }

  _loses(counts) {
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

  _forget(deletion) {
    const texts = (deletion.texts ?? []).map(plain).filter(Boolean);
    const ids = new Set([...(deletion.ids ?? []), ...(deletion.gone ?? [])]);
    const holds = (text) => deletion.everything || texts.some((each) => plain(text).includes(each));
    for (const entry of this.entries) {
      if (entry.kind !== "chip" || !entry.memory) continue;
      if (!ids.has(entry.memory) && !holds(entry.text)) continue;
      Object.assign(entry, { text: "forgotten", memory: "" });
      this._touch(entry);
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

/** Words only, in small letters, for comparing. */
export const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

const HANDLERS = {
  Welcome(message) {
    this.personas = message.personas;
    for (const each of message.personas) {
      if (each.colors && each.face) this.known.set(each.slug, { ...each });
    }
    this.status.state = message.state;
    this._takeOver(message.persona);
  },

  Replay(message) {
    for (const event of message.events) this.apply(event, true);
    this._told = { t: 0, replayed: false };
  },

  StateChanged(event, replayed) {
    Object.assign(this.status, { state: event.state, paused: null, waiting: null });
    if (event.state !== "initializing") this.status.loading = null;
    this.changed.add("status");
    if (!replayed) this.note("○", "muted", STATES[event.state].toLowerCase(), { joins: true });
  },

  UserSaid(event) {
    if (event.final && !event.text && !this._turn("user", event.turn)) return;
    const entry = this._turn("user", event.turn, { name: "You", slug: "", t: event.t });
    Object.assign(entry, { text: event.text, partial: !event.final, final: event.final, typed: Boolean(event.typed) });
    this._touch(entry);
  },

  AgentSaid(event) {
    this.status.waiting = null;
    this.changed.add("status");
    this._spoken = event.persona;
    let entry = this._turn("assistant", event.turn);
    if (!entry) {
      if (!event.text && !event.played) return;
      const name = this.nameOf(event.persona);
      entry = this._turn("assistant", event.turn, { name, slug: event.persona, t: event.t });
    }
    entry.text += event.text ?? "";
    if (event.final) {
      endTurn(entry, event);
      if (this.status.paused === event.turn) this.status.paused = null;
    }
    this._touch(entry);
  },

  AnswerProgress(event) {
    const entry = this._turn("assistant", event.turn);
    if (!entry || entry.final) return;
    entry.heard = event.words;
    this._touch(entry);
  },

  ConversationResumed(event) {
    this._add({ kind: "divider", text: `Going on with ${event.began}`, slug: "", t: 0 });
    for (const turn of event.turns) {
      const side = turn.name === "You" ? "user" : "assistant";
      this._add({
        kind: "turn", side, turn: 0, name: turn.name, slug: this._slugOf(turn.name), text: turn.text,
        heard: null, partial: false, final: true, interrupted: Boolean(turn.interrupted),
        typed: false, earlier: true, sign: "", reason: "", t: 0, time: turn.time,
      });
    }
    this._add({ kind: "divider", text: "Now", slug: "", t: 0 });
  },

  PersonaChanged(event, replayed) {
    const { persona } = event;
    const before = this._spoken ?? (replayed ? null : this.persona?.slug);
    if (before && before !== persona.slug) {
      this._add({ kind: "divider", text: `${persona.name} takes over`, slug: persona.slug, t: event.t });
      const took = event.latency == null ? "" : ` after ${event.latency.toFixed(1)} s`;
      if (!replayed) this.note("◆", "primary", `${persona.name} takes over${took}`);
    }
    this._spoken = persona.slug;
    this._takeOver(persona);
  },

  PersonasReloaded(event) {
    this.note("↻", "muted", [`${event.slugs.length} personas read anew`, ...event.failed].join("; "));
  },

  FirstSample(event) {
    if (event.latency == null) return;
    this.latencies.push(event.latency);
    this.stages.push(event.stages ?? {});
    if (this.latencies.length > LATENCIES_KEPT) [this.latencies, this.stages].forEach((each) => each.shift());
    this.note("◔", "secondary", `answered in ${event.latency.toFixed(2)} s`);
    this.changed.add("latency");
  },

  StillThinking(event) {
    this.status.waiting = { doing: event.doing, seconds: event.seconds };
    this.changed.add("status");
  },

  AnswerPaused(event) {
    this.status.paused = event.turn;
    this.changed.add("status");
    this.note("○", "muted", "paused to hear you", { joins: true });
  },

  AnswerResumed(event) {
    this.status.paused = null;
    this.changed.add("status");
    const why = { no_words: "there were no words", backchannel: "you agreed", own_voice: "it was its own voice" };
    this.note("○", "muted", `speaking on (${why[event.reason] ?? event.reason})`, { joins: true });
  },

  FeelingHeard(event) {
    const entry = this._turn("user", event.turn);
    if (!entry) return;
    Object.assign(entry, feelingMark(event));
    this._touch(entry);
  },

  FeelingTakenBack(event) {
    const entry = this._turn("user", event.turn);
    if (!entry) return;
    Object.assign(entry, { sign: "", reason: "" });
    this._touch(entry);
  },

  TurnForClient(event) {
    const told = event.side === "assistant" ? `${event.client} says` : `told to ${event.client}`;
    this._chip({ sign: "»", tone: "accent", text: told }, event.t);
  },

  ToolCalled(event) {
    this.note("▸", "accent", `doing: ${asked(event.call)}`);
  },

  ToolFinished(event) {
    const { result } = event;
    const [sign, tone] = result.ok ? ["✓", "success"] : ["✗", "error"];
    this.note(sign, tone, `${doing(result.call)}: ${result.content}`);
    const chip = toolChip(result);
    if (!chip) return;
    if (result.call.name === "remember" && result.ok) {
      if (this._kept.has(plain(result.content))) return;
      this._kept.add(plain(result.content));
      chip.memory = result.content;
      this.changed.add("memory");
    }
    this._chip(chip, event.t);
  },

  TimersChanged(event) {
    this.status.timers = event.timers;
    this.status.ringing = event.ringing ?? [];
    this.changed.add("timers");
  },

  TimerRang(event) {
    this._chip({ sign: "♪", tone: "accent", text: event.text }, event.t);
  },

  CallsRunning(event) {
    this.status.calls = event.calls ?? [];
    this.changed.add("status");
  },

  MemoryRecalled(event) {
    const fresh = event.found.filter((each) => !this._recalled.has(each.id));
    for (const each of fresh) this._recalled.add(each.id);
    for (const each of fresh.slice(0, RECALLED_SHOWN)) {
      const words = each.memory ? each.text.replace(/\.$/, "") : `“${each.text}”`;
      this._chip({ sign: "◆", tone: "secondary", text: `recalled: ${words}`, memory: each.id }, event.t);
    }
  },

  MemoryKept(event) {
    const { memory } = event;
    this._recalled.add(memory.id);
    this.changed.add("memory");
    if (event.asked || this._kept.has(plain(memory.text))) return; // the tool that keeps it tells it
    this._kept.add(plain(memory.text));
    this._chip({ sign: "◆", tone: "secondary", text: keptWords(memory), memory: memory.id }, event.t);
  },

  MemoryForgotten(event) {
    this._forget(event.deletion);
  },

  LoadProgress(event) {
    this.status.loading = { text: event.text, fraction: event.fraction ?? null };
    this.changed.add("status");
  },

  BackendChosen(event) {
    const { name, reason, note = "", ready = false } = event;
    Object.assign(this.status, { backend: name, reason, note, ready, engine: event.engine || this.status.engine });
    if (ready) this.status.loading = null;
    this.changed.add("status");
    const detail = [ready ? event.engine : reason, note].filter(Boolean).join("; ");
    const what = `ears and voice (${name}) ${ready ? "are ready" : "are starting"}`;
    this.note(ready ? "●" : "↻", "success", detail ? `${what}: ${detail}` : what, { key: "backend" });
  },

  BrainChosen(event) {
    this.status.brain = event.label;
    this.changed.add("status");
    this.note("◇", "secondary", `who answers: ${this.whoAnswers || event.label}`, { key: "brain" });
  },

  AudioChanged(event) {
    this.status.audio = event;
    this.changed.add("status");
  },

  Dropped(event) {
    this._loses(event.counts);
    this.changed.add("status");
  },

  LagChanged(event) {
    this._loses({ lag: event.dropped });
    Object.assign(this.status, { lag: event.seconds, lagAt: this._now() / 1000, advice: event.advice ?? "" });
    this.changed.add("status");
  },

  Notice(event) {
    const signs = { information: ["·", "muted"], warning: ["!", "warning"], error: ["✗", "error"] };
    const [sign, tone] = signs[event.severity ?? "information"] ?? signs.information;
    this.note(sign, tone, sentence(event.text, event.remedy), { key: event.key });
  },

  Failure(event) {
    this.note("✗", "error", sentence(event.text, event.remedy));
  },
};

Model.prototype._slugOf = function slugOf(name) {
  return this.personas.find((each) => each.name === name)?.slug ?? "";
};

function endTurn(entry, event) {
  Object.assign(entry, { final: true, interrupted: Boolean(event.interrupted) });
  if (!event.interrupted) {
    entry.heard = null;
    if (event.played) entry.text = event.played;
    return;
  }
  const heard = (event.played ?? "").split(/\s+/).filter(Boolean);
  const words = entry.text.split(/\s+/).filter(Boolean);
  if (heard.some((word, place) => word !== words[place])) {
    entry.text = [...heard, ...words.slice(heard.length)].join(" "); // joined otherwise
  }
  entry.heard = heard.length;
}
