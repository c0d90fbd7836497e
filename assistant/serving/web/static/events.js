// What each message of the session changes in the model. One that is not known changes nothing.

import {
  asked,
  doing,
  feelingMark,
  keptWords,
  plain,
  sentence,
  STATES,
  toolChip,
} from "./words.js";

const LATENCIES_KEPT = 200;
const RECALLED_SHOWN = 2;

/** By type: (model, message, replayed). */
export const HANDLERS = {
  Welcome(model, message) {
    model.personas = message.personas;
    for (const each of message.personas) {
      if (each.colors && each.face) model.known.set(each.slug, { ...each });
    }
    model.status.state = message.state;
    model.takeOver(message.persona);
  },

  Replay(model, message) {
    for (const event of message.events) model.apply(event, true);
    model.told = { t: 0, replayed: false };
    for (const entry of model.entries) entry.past = entry.kind !== "turn" || entry.final;
  },

  StateChanged(model, event, replayed) {
    Object.assign(model.status, { state: event.state, paused: null, waiting: null });
    if (event.state !== "initializing") model.status.loading = null;
    model.changed.add("status");
    if (!replayed) model.note("○", "muted", STATES[event.state].toLowerCase(), { joins: true });
  },

  UserSaid(model, event) {
    if (event.final && !event.text && !model.turn("user", event.turn)) return;
    const entry = model.turn("user", event.turn, { name: "You", slug: "", t: event.t });
    Object.assign(entry, {
      text: event.text,
      partial: !event.final,
      final: event.final,
      typed: Boolean(event.typed),
    });
    model.touch(entry);
  },

  AgentSaid(model, event) {
    model.status.waiting = null;
    model.changed.add("status");
    model.spoken = event.persona;
    let entry = model.turn("assistant", event.turn);
    if (!entry) {
      if (!event.text && !event.played) return;
      const name = model.nameOf(event.persona);
      entry = model.turn("assistant", event.turn, { name, slug: event.persona, t: event.t });
    }
    entry.text += event.text ?? "";
    if (event.final) {
      endTurn(entry, event);
      if (model.status.paused === event.turn) model.status.paused = null;
    }
    model.touch(entry);
  },

  AnswerProgress(model, event) {
    const entry = model.turn("assistant", event.turn);
    if (!entry || entry.final) return;
    entry.heard = event.words;
    model.touch(entry);
  },

  ConversationResumed(model, event) {
    model.add({ kind: "divider", text: `Going on with ${event.began}`, slug: "", t: 0 });
    for (const turn of event.turns) {
      const side = turn.name === "You" ? "user" : "assistant";
      model.add({
        kind: "turn",
        side,
        turn: 0,
        name: turn.name,
        slug: model.slugOf(turn.name),
        text: turn.text,
        heard: null,
        partial: false,
        final: true,
        interrupted: Boolean(turn.interrupted),
        typed: false,
        earlier: true,
        sign: "",
        reason: "",
        t: 0,
        time: turn.time,
      });
    }
    model.add({ kind: "divider", text: "Now", slug: "", t: 0 });
  },

  PersonaChanged(model, event, replayed) {
    const { persona } = event;
    const before = model.spoken ?? (replayed ? null : model.persona?.slug);
    if (before && before !== persona.slug) {
      model.add({
        kind: "divider",
        text: `${persona.name} takes over`,
        slug: persona.slug,
        t: event.t,
      });
      const took = event.latency == null ? "" : ` after ${event.latency.toFixed(1)} s`;
      if (!replayed) model.note("◆", "primary", `${persona.name} takes over${took}`);
    }
    model.spoken = persona.slug;
    model.takeOver(persona);
  },

  PersonasReloaded(model, event) {
    model.note(
      "↻",
      "muted",
      [`${event.slugs.length} personas read anew`, ...event.failed].join("; "),
    );
  },

  FirstSample(model, event) {
    if (event.latency == null) return;
    model.latencies.push(event.latency);
    model.stages.push(event.stages ?? {});
    if (model.latencies.length > LATENCIES_KEPT)
      [model.latencies, model.stages].forEach((each) => each.shift());
    model.note("◔", "secondary", `answered in ${event.latency.toFixed(2)} s`);
    model.changed.add("latency");
  },

  StillThinking(model, event) {
    model.status.waiting = { doing: event.doing, seconds: event.seconds };
    model.changed.add("status");
  },

  AnswerPaused(model, event) {
    model.status.paused = event.turn;
    model.changed.add("status");
    model.note("○", "muted", "paused to hear you", { joins: true });
  },

  AnswerResumed(model, event) {
    model.status.paused = null;
    model.changed.add("status");
    const why = {
      no_words: "there were no words",
      backchannel: "you agreed",
      own_voice: "it was its own voice",
    };
    model.note("○", "muted", `speaking on (${why[event.reason] ?? event.reason})`, { joins: true });
  },

  FeelingHeard(model, event) {
    const entry = model.turn("user", event.turn);
    if (!entry) return;
    Object.assign(entry, feelingMark(event));
    model.touch(entry);
  },

  FeelingTakenBack(model, event) {
    const entry = model.turn("user", event.turn);
    if (!entry) return;
    Object.assign(entry, { sign: "", reason: "" });
    model.touch(entry);
  },

  TurnForClient(model, event) {
    const told = event.side === "assistant" ? `${event.client} says` : `told to ${event.client}`;
    model.chip({ sign: "»", tone: "accent", text: told }, event.t);
  },

  ToolCalled(model, event) {
    model.note("▸", "accent", `doing: ${asked(event.call)}`);
  },

  ToolFinished(model, event) {
    const { result } = event;
    const [sign, tone] = result.ok ? ["✓", "success"] : ["✗", "error"];
    model.note(sign, tone, `${doing(result.call)}: ${result.content}`);
    const chip = toolChip(result);
    if (!chip) return;
    if (result.call.name === "remember" && result.ok) {
      if (model.kept.has(plain(result.content))) return;
      model.kept.add(plain(result.content));
      chip.memory = result.content;
      model.changed.add("memory");
    }
    model.chip(chip, event.t);
  },

  TimersChanged(model, event) {
    model.status.timers = event.timers;
    model.status.ringing = event.ringing ?? [];
    model.changed.add("timers");
  },

  TimerRang(model, event) {
    model.chip({ sign: "♪", tone: "accent", text: event.text }, event.t);
  },

  CallsRunning(model, event) {
    model.status.calls = event.calls ?? [];
    model.changed.add("status");
  },

  MemoryRecalled(model, event) {
    const fresh = event.found.filter((each) => !model.recalled.has(each.id));
    for (const each of fresh) model.recalled.add(each.id);
    for (const each of fresh.slice(0, RECALLED_SHOWN)) {
      const words = each.memory ? each.text.replace(/\.$/, "") : `“${each.text}”`;
      model.chip(
        { sign: "◆", tone: "secondary", text: `recalled: ${words}`, memory: each.id },
        event.t,
      );
    }
  },

  MemoryKept(model, event) {
    const { memory } = event;
    model.recalled.add(memory.id);
    model.changed.add("memory");
    if (event.asked || model.kept.has(plain(memory.text))) return; // the tool that keeps it tells it
    model.kept.add(plain(memory.text));
    model.chip(
      { sign: "◆", tone: "secondary", text: keptWords(memory), memory: memory.id },
      event.t,
    );
  },

  MemoryForgotten(model, event) {
    model.forget(event.deletion);
  },

  LoadProgress(model, event) {
    model.status.loading = { text: event.text, fraction: event.fraction ?? null };
    model.changed.add("status");
  },

  BackendChosen(model, event) {
    const { name, reason, note = "", ready = false } = event;
    Object.assign(model.status, {
      backend: name,
      reason,
      note,
      ready,
      engine: event.engine || model.status.engine,
    });
    if (ready) model.status.loading = null;
    model.changed.add("status");
    const detail = [ready ? event.engine : reason, note].filter(Boolean).join("; ");
    const what = `ears and voice (${name}) ${ready ? "are ready" : "are starting"}`;
    model.note(ready ? "●" : "↻", "success", detail ? `${what}: ${detail}` : what, {
      key: "backend",
    });
  },

  BrainChosen(model, event) {
    model.status.brain = event.label;
    model.changed.add("status");
    model.note("◇", "secondary", `who answers: ${model.whoAnswers || event.label}`, {
      key: "brain",
    });
  },

  AudioChanged(model, event) {
    model.status.audio = event;
    model.changed.add("status");
  },

  Dropped(model, event) {
    model.loses(event.counts);
    model.changed.add("status");
  },

  LagChanged(model, event) {
    model.loses({ lag: event.dropped });
    Object.assign(model.status, {
      lag: event.seconds,
      lagAt: model._now() / 1000,
      advice: event.advice ?? "",
    });
    model.changed.add("status");
  },

  Notice(model, event) {
    const signs = { information: ["·", "muted"], warning: ["!", "warning"], error: ["✗", "error"] };
    const [sign, tone] = signs[event.severity ?? "information"] ?? signs.information;
    model.note(sign, tone, sentence(event.text, event.remedy), { key: event.key });
  },

  Failure(model, event) {
    model.note("✗", "error", sentence(event.text, event.remedy));
  },
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
