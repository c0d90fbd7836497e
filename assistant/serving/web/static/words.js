// What goes on, in words that a stranger understands. The same words as in the terminal.

const SCRIPTED = ["scripted", "scripted persona"];
const ITSELF = "the model itself";

/** By agent state; the founding three are Ready, Loading, Listening. */
export const STATES = {
  initializing: "Loading",
  idle: "Ready",
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
};

/** Who answers; "" where that is not known yet. */
export function whoAnswers(brain, backend) {
  if (SCRIPTED.includes(brain)) return "prepared answers, no language model";
  if (brain && brain !== ITSELF) {
    const [model, place] = brain.split(" · ");
    if (place === "own server") return `${modelName(model)} on this machine`;
    return place ? `${modelName(model)} by ${place}` : modelName(model);
  }
  if (backend === "echo") return "echo: says back what it hears, answers nothing";
  if (backend.startsWith("moshi-server")) return "Moshi on a server";
  if (backend.startsWith("moshi-")) return "Moshi on this machine";
  return brain && backend ? `${modelName(backend)} answers by itself` : "";
}

/** What going on with an earlier conversation means, where it is less than one might think. */
export function goingOn(brain, backend) {
  if (brain !== ITSELF && !backend.startsWith("moshi-")) return "";
  if (backend === "echo") return "The echo answers nothing: going on only shows again what was said.";
  const name = backend.startsWith("moshi-") ? "Moshi" : backend ? modelName(backend) : "The model";
  return (
    `${name} answers by itself and is not told what was said then: going on shows it again, ` +
    "and what is remembered of you counts as ever. A language model would be told."
  );
}

/** As people write it: "qwen3-1.7b" is "Qwen3 1.7B". */
function modelName(model) {
  const word = (each) =>
    /^\d+(?:\.\d+)?[bm]$/.test(each) ? each.toUpperCase() : each[0].toUpperCase() + each.slice(1);
  return model
    .trim()
    .split(/[-:_ ]+/)
    .filter(Boolean)
    .map(word)
    .join(" ");
}

/** Stages of a latency, in the order in which they pass. */
export const STAGES = {
  wait: "making sure that you had finished",
  transcribe: "writing down your words",
  answer: "thinking of the answer",
  voice: "making the voice",
  device: "the loudspeaker",
};

/** What happened and what to do, in one line. */
export function sentence(text, remedy) {
  return remedy ? `${text.replace(/\.$/, "")}. ${remedy}` : text;
}

/** Not longer than that, cut between words where it can be. */
export function shortened(text, letters = 160) {
  const line = String(text).split(/\s+/).filter(Boolean).join(" ");
  if (line.length <= letters) return line;
  const cut = line.slice(0, letters - 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), letters * 0.6)).trimEnd()}…`;
}

/** "7.2" → "7 s"; from two minutes on in minutes. */
function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Words only, in small letters, for comparing. */
export const plain = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

// -- tools -----------------------------------------------------------------------------------------

/** The name of a tool as words: "set volume". */
export function doing(call) {
  const name = call.name === "change_theme" ? "change persona" : call.name;
  return shortened(name.replaceAll("_", " "), 60);
}

/** The call in words: "set volume (percent: 30)". */
export function asked(call) {
  const pair = ([name, value]) =>
    `${name.replaceAll("_", " ")}: ${shortened(typeof value === "string" ? value : JSON.stringify(value), 80)}`;
  const given = Object.entries(call.arguments ?? {})
    .map(pair)
    .join(", ");
  return given ? `${doing(call)} (${given})` : doing(call);
}

/** Who wants a tool to run, by the origin of the call. */
export const ASKED_BY = {
  model: "The language model wants to run",
  speech: "You asked by voice to run",
  typed: "You asked to run",
  key: "You asked to run",
  client: "Another program wants to run",
  agent: "A coding agent wants to go on with",
};

/** To the letter: characters that have no shape, or turn the writing round, are named. */
export function spelledOut(text) {
  const named = (each) => `⟨U+${each.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
  return text.replace(/(?![\n\t])[\p{C}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/gu, named);
}

/** Tools whose result is what is said: a chip beside it would say it twice. */
const ANSWERS = new Set(
  (
    "current_time list_themes recall what_do_you_know_about_me flip_coin throw_dice random_number " +
    "choose_one count spell what_the_user_said what_was_talked_about days_until day_of time_in " +
    "convert percentage read_list show_timers about_yourself repeat stop stop_ringing"
  ).split(" "),
);
const TIMERS = new Set(
  "set_timer set_timers correct_timer extend_timer snooze cancel_timer".split(" "),
);

/** What a tool has done, as a chip {sign, tone, text}; null where the conversation shows it. */
export function toolChip(result) {
  const { name, origin } = result.call;
  const short = shortened(result.content);
  if (!result.ok) return { sign: "✗", tone: "error", text: `${doing(result.call)}: ${short}` };
  if (name === "change_theme" || (ANSWERS.has(name) && origin !== "model")) return null;
  if (name === "remember") return { sign: "◆", tone: "secondary", text: `remembered: ${short}` };
  if (name === "forget") return { sign: "◇", tone: "secondary", text: `forgetting: ${short}` };
  if (TIMERS.has(name)) return { sign: "◷", tone: "accent", text: short };
  const text = short ? `${doing(result.call)}: ${short}` : doing(result.call);
  return { sign: "▸", tone: "accent", text };
}

// -- memory and feelings ---------------------------------------------------------------------------

/** A memory as a part of a sentence: "your parrot is called Picasso". */
export function keptWords(memory) {
  const text = shortened(memory.text).replace(/\.$/, "");
  const told = /^Your?s?\b/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
  return `${memory.confidence < 0.5 ? "remembered, as a guess" : "remembered"}: ${told}`;
}

/** The quiet mark beside a turn of the user's, and what it means. */
export function feelingMark(event) {
  if (!event.kind) {
    const reason = "Your voice was louder than usual. If that means nothing: “I am not angry”.";
    return { sign: "a raised voice", reason };
  }
  const why = (event.cues ?? []).join("; ") || "how you said it";
  const wrong = `It is a guess; where it is wrong, say “I am not ${event.kind}”.`;
  return { sign: event.kind, reason: `You seemed ${event.kind} because of this: ${why}. ${wrong}` };
}

/** What a language model does before its first word, and for how long. */
export function thinkingWords(name, waiting) {
  const words = {
    thinking: `${name} is thinking`,
    loading: "The language model is being loaded",
    waiting: "The language model is busy",
  };
  return waiting ? `${words[waiting.doing] ?? words.thinking} · ${duration(waiting.seconds)}` : "";
}

/** "pasta timer", "alarm", "reminder to call Ada". */
export function timerName(timer) {
  if (timer.kind === "reminder") return `reminder ${timer.name}`.trim();
  return `${timer.name} ${timer.kind}`.trim();
}

/** How long yet, or when: "4:59", "18:00", "Tue 07:00". */
export function dueWords(timer, now) {
  const left = Math.max(0, Math.ceil(timer.due - now / 1000));
  if (left < 3600) return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const at = new Date(timer.due * 1000);
  const hour = clock(at);
  if (at.toDateString() === new Date(now).toDateString()) return hour;
  return `${at.toLocaleDateString("en-GB", { weekday: "short" })} ${hour}`;
}

/** Hour and minute: "18:19". */
export function clock(date) {
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

// -- what one can say ------------------------------------------------------------------------------

/** By subject; {other} is the name of another persona. */
export const SAYINGS = [
  ["Yourself and it", ["what can you do", "who am I talking to", "do you record what I say"]],
  ["Personas", ["change to {other}", "who else is there"]],
  ["Memory", ["remember that my cat is called Pixel", "what do you know about me", "forget that"]],
  ["Timers", ["set a pasta timer for ten minutes", "wake me at seven", "show my timers"]],
  ["Lists", ["add milk and eggs to my shopping list", "what is on my list"]],
  ["Numbers and days", ["how many miles are 10 kilometres", "how many days until Christmas"]],
  ["The voice", ["louder", "speak slower", "say that again", "stop"]],
];
