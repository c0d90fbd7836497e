// What is told beside the conversation: state, loudness, what is due, how fast, what is wrong.

import { byId, el, say } from "./elements.js";
import { dueWords, shortened, thinkingWords, timerName } from "./words.js";

const KNOWN_SHOWN = 4;
const DUE_SHOWN = 4;
const SPARKS = 24;
const BARS = 44;

/** Above the conversation: who is here, and what it is doing. */
export function showState(model, connected) {
  const { status, persona } = model;
  const muted = status.audio?.muted && ["idle", "listening"].includes(status.state);
  const word = connected ? (muted ? "Microphone off" : model.stateWord) : "Not connected";
  document.body.dataset.state = connected && !muted ? status.state : "off";
  say(byId("state"), word);
  say(byId("name"), persona?.name ?? "assistant");
  say(byId("summary"), persona?.summary ?? "");
  byId("face").setAttribute("aria-label", persona ? `Face of ${persona.name}` : "Face");
  document.title = persona ? `${persona.name} · assistant` : "assistant";
  const loading = status.loading;
  say(byId("doing"), loading?.text ?? thinkingWords(persona?.name ?? "it", status.waiting) ?? "");
  const bar = byId("loading");
  bar.hidden = !loading;
  if (loading?.fraction == null) bar.removeAttribute("value");
  else bar.value = loading.fraction;
  const busy = ["speaking", "thinking"].includes(status.state);
  byId("stop").classList.toggle("live", busy);
  showMute(status);
}

function showMute({ audio }) {
  const off = Boolean(audio?.muted);
  const button = byId("mute");
  button.setAttribute("aria-pressed", String(off));
  say(button.querySelector("span"), off ? "Muted" : "Mute");
  byId("mute-icon").setAttribute("href", off ? "#i-mic-off" : "#i-mic");
}

/** Where the sound is, and what the main button does. */
export function showSound({ holder, sound, taking, resumes, mine }, audio, connected) {
  const start = byId("start");
  const may = connected && (holder?.can_take ?? false);
  start.classList.toggle("on", mine);
  start.setAttribute("aria-disabled", String(!mine && !may));
  const words = taking
    ? "Loading …"
    : mine
      ? "Stop talking"
      : resumes
        ? "Go on talking"
        : "Start talking";
  say(byId("start-text"), words);
  byId("start-icon").setAttribute("href", mine ? "#i-stop" : "#i-mic");
  const talk = byId("talk");
  talk.hidden = !(audio?.push_to_talk && !audio.muted && (mine || holder?.holder !== "none"));
  talk.setAttribute("aria-pressed", String(Boolean(audio?.talk_key)));
  const where = byId("where");
  say(
    where,
    mine
      ? `You talk through this device: ${shortened(sound.microphone, 60)}.`
      : whereWords(holder, audio),
  );
  where.classList.toggle("bad", Boolean(holder && !holder.can_take && !mine));
  say(byId("status-sound"), mine ? "sound here" : shortSound(holder, audio));
  say(byId("status-buffer"), mine ? sound.words : "");
}

function whereWords(holder, audio) {
  if (!holder) return "";
  if (holder.why) return holder.why;
  if (holder.holder === "page") return `The sound is with ${holder.who}. Start brings it here.`;
  if (holder.holder === "machine") {
    const microphone = audio?.microphone ? ` (${shortened(audio.microphone, 40)})` : "";
    return `The sound is at the machine${microphone}. Start brings it to this device.`;
  }
  return "Nobody listens yet. Start opens this device’s microphone; or write below.";
}

function shortSound(holder, audio) {
  if (!holder || holder.holder === "none") return "no sound";
  if (holder.holder === "page") return `sound: ${holder.who}`;
  if (audio && audio.microphone === null) return "no microphone at the machine";
  return audio?.muted ? "microphone off" : "sound at the machine";
}

/** The row at the end: who answers, what is wrong. */
export function showStatus(model) {
  const who = model.whoAnswers || (model.status.ready ? "" : "starting …");
  say(byId("status-brain"), who ? `answers: ${who}` : "who answers?");
  const call = model.status.calls[0];
  const calls = call
    ? `${call.source}: ${call.fraction == null ? "…" : `${Math.round(call.fraction * 100)} %`} ${call.text}`.trim()
    : "";
  const trouble = [
    model.overload(),
    calls,
    model.status.audio?.echo === "guarded"
      ? "only “stop” interrupts it until it knows your room"
      : "",
  ];
  say(byId("status-trouble"), trouble.filter(Boolean).join(" · "));
}

/** The last answers as bars, and how long one usually takes. */
export function showTimes(model) {
  const values = model.latencies.slice(-SPARKS);
  const last = values.at(-1);
  const usual = model.usualLatency;
  const words =
    last === undefined
      ? "No answer yet."
      : values.length === 1
        ? `Answered in ${last.toFixed(1)} s.`
        : `Last ${last.toFixed(1)} s, usually ${usual.toFixed(1)} s.`;
  say(byId("times"), words);
  const spark = byId("spark");
  spark.toggleAttribute("hidden", values.length < 2);
  const top = Math.max(...values, 0.001);
  const space = "http://www.w3.org/2000/svg";
  spark.setAttribute("viewBox", `0 0 ${SPARKS * 10} 36`);
  spark.setAttribute("preserveAspectRatio", "none");
  spark.replaceChildren(
    ...values.map((value, place) => {
      const bar = document.createElementNS(space, "rect");
      const high = Math.max(2, (34 * Math.max(0, value)) / top);
      for (const [name, each] of Object.entries({
        x: place * 10 + 1,
        y: 36 - high,
        width: 7,
        height: high,
        rx: 1.5,
      }))
        bar.setAttribute(name, each);
      return bar;
    }),
  );
}

/** What is remembered, a few of it. `found` is a `MemoryFound`, null: not known yet. */
export function showKnown(found) {
  if (!found) return;
  const texts = found.memories
    .filter((each) => !each.replaced_by)
    .slice(0, KNOWN_SHOWN)
    .map((each) => each.text);
  byId("known").replaceChildren(...texts.map((text) => el("li", { text: shortened(text, 110) })));
  const none = byId("known-none");
  none.hidden = texts.length > 0 && !found.private;
  if (found.private) say(none, "This conversation is private: nothing of it is kept.");
  else say(none, found.enabled ? "Nothing yet. Say: remember that …" : "Memory is off.");
}

/** Timers, alarms and reminders: what is due next, and what rings. */
export function showDue(model, stop) {
  const { timers, ringing } = model.status;
  const now = Date.now();
  const lines = timers
    .slice(0, DUE_SHOWN)
    .map((timer) =>
      el("li", {}, el("b", { text: dueWords(timer, now) }), timer.name || timer.kind),
    );
  byId("due").replaceChildren(...lines);
  byId("due-none").hidden = lines.length > 0;
  const banner = byId("ringing");
  const told = ringing.map(timerName).join(", ");
  if (!told) banner.hidden = true;
  else if (banner.dataset.told !== told || banner.hidden) {
    const button = el("button", { type: "button", text: "Stop ringing", on: { click: stop } });
    banner.replaceChildren(
      el("span", { text: `♪ ${told[0].toUpperCase()}${told.slice(1)}` }),
      button,
    );
    banner.hidden = false;
  }
  banner.dataset.told = told;
}

/** How loud both sides were: the user's bars up, the assistant's down, the newest in the middle. */
export class LevelBars {
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext("2d");
    this._input = new Array(BARS).fill(0);
    this._output = new Array(BARS).fill(0);
    this._colors = ["#888888", "#888888"];
    this._still = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this._fit()).observe(canvas);
  }

  color(look) {
    this._colors = [look.primary, look.accent];
    this._draw();
  }

  /** Levels 0 to 1 for each 20 ms, the newest last. */
  push(input, output) {
    const loudest = (values) => Math.max(0, ...values);
    this._input = [...this._input.slice(1), loudest(input)];
    this._output = [...this._output.slice(1), loudest(output)];
    if (!this._still.matches && !document.hidden) this._draw();
  }

  /** The size is read where it changes: to read it at each drawing lays the page out each time. */
  _fit() {
    const canvas = this._canvas;
    const scale = Math.min(2, globalThis.devicePixelRatio || 1);
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    this._draw();
  }

  _draw() {
    const { _context: c } = this;
    const { width: wide, height: high } = this._canvas;
    if (!wide || !high) return;
    c.clearRect(0, 0, wide, high);
    const step = wide / BARS;
    const middle = high / 2;
    for (let place = 0; place < BARS; place += 1) {
      c.globalAlpha = 0.25 + 0.75 * (place / BARS);
      this._bar(
        c,
        place * step,
        middle,
        step * 0.45,
        -this._input[place] * middle * 0.92,
        this._colors[0],
      );
      this._bar(
        c,
        place * step,
        middle,
        step * 0.45,
        this._output[place] * middle * 0.92,
        this._colors[1],
      );
    }
    c.globalAlpha = 1;
  }

  _bar(c, x, middle, wide, tall, color) {
    const height = Math.max(1.5, Math.abs(tall));
    c.fillStyle = color;
    c.beginPath();
    c.roundRect(x, tall < 0 ? middle - height - 1 : middle + 1, wide, height, wide / 2);
    c.fill();
  }
}
