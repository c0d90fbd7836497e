// The page: joins the connection, the model and what is shown.

import { isDark, toggleScheme, watchScheme, wear } from "./appearance.js";
import { Connection, tokenOfAddress } from "./connection.js";
import { ConversationView } from "./conversation.js";
import { byId, el, say, toast } from "./elements.js";
import { Face } from "./faces/face.js";
import { listenForKeys } from "./keys.js";
import { Model } from "./model.js";
import { Consent } from "./panels/consent.js";
import { Gate } from "./panels/gate.js";
import { MemoryDesk, openMemory } from "./panels/memory.js";
import {
  openBrains,
  openHelp,
  openLog,
  openMore,
  openPersonas,
  openTimes,
  openToday,
} from "./panels/panels.js";
import { openSound } from "./panels/sound-panel.js";
import {
  LevelBars,
  showDue,
  showKnown,
  showSound,
  showState,
  showStatus,
  showTimes,
} from "./side.js";
import { Carrying } from "./sound/carrying.js";
import { plain, SAYINGS, sentence } from "./words.js";

const KNOWN_AGAIN = 1_500; // milliseconds: what was just said is written down a moment later

let model = new Model();
let connected = false;
let typed = []; // sent, and not yet told back
let knownTimer = 0;
let found = {}; // who waits for an answer that has no number, by its type
let talks = false; // the talk key is down

const face = new Face(byId("face"));
const bars = new LevelBars(byId("levels"));
const connection = new Connection({
  message: take,
  sound: (bytes) => carrying.sound.play(bytes),
  state: linked,
});
const send = (message) => connection.send(message);
const carrying = new Carrying({
  connection,
  note: (text) => model.note("✗", "error", text),
  changed: () => soon("sound"),
});
const memory = new MemoryDesk(send);
const consent = new Consent((id, allowed) => send({ type: "AnswerConfirm", id, allowed }));
const gate = new Gate({
  entered: () => connection.start(),
  away: (seconds) => linked("waiting", seconds),
});
const view = new ConversationView({
  list: byId("turns"),
  scroll: byId("scroll"),
  empty: byId("empty"),
  newest: byId("newest"),
  announcer: byId("announcer"),
  showMemory: (id) => openMemory(memory, id),
});

// -- what is shown, at most once a frame -----------------------------------------------------------

const pending = new Set();
let asked = false;

function soon(...parts) {
  if (!asked) requestAnimationFrame(draw);
  asked = true;
  for (const part of parts) pending.add(part);
}

function draw() {
  asked = false;
  const parts = new Set([...pending, ...model.changed]);
  pending.clear();
  model.changed.clear();
  const has = (...names) => names.some((name) => parts.has(name));
  if (has("persona")) showPersona();
  if (has("all")) view.reset(model);
  else if (has("entries")) view.render(model);
  if (has("persona", "times")) view.redraw(model);
  if (has("entries", "all")) showHints();
  if (has("timers", "all")) showDue(model, stopRinging);
  if (has("memory")) lookAgain();
  if (has("latency", "all")) showTimes(model);
  if (has("status", "persona", "all")) showPresent();
  if (has("status", "persona", "all", "sound")) showSound(carrying, model.status.audio, connected);
}

function showPersona() {
  const look = wear(model.persona);
  if (!look) return;
  model.look = look;
  face.show(model.persona, isDark());
  bars.color(look);
}

function showPresent() {
  showState(model, connected);
  showStatus(model);
  face.feel(model.status, connected);
  carrying.sound.setMuted(Boolean(model.status.audio?.muted));
}

/** What one could say, until something was said. */
function showHints() {
  const box = byId("hints");
  box.hidden = model.entries.some((each) => each.side === "user" && !each.earlier);
  if (box.hidden || box.dataset.of === model.persona?.slug) return;
  box.dataset.of = model.persona?.slug ?? "";
  const other = model.personas.find((each) => each.slug !== model.persona?.slug)?.name;
  const words = [
    "what can you do",
    other && `change to ${other}`,
    ...SAYINGS[3][1].slice(0, 1),
    SAYINGS[2][1][0],
  ];
  const hint = (text) =>
    el("button", { type: "button", class: "hint", text, on: { click: () => sendText(text) } });
  box.replaceChildren(...words.filter(Boolean).map(hint));
}

function repaint() {
  soon("persona");
}

// -- from the session ------------------------------------------------------------------------------

const ANSWERS = ["MemoryFound", "ForgetPreview", "MemoriesForgotten", "RequestFailed"];

/** Messages that are no news of the conversation. */
const TAKEN = {
  Welcome(message) {
    model = new Model();
    model.apply(message);
    connected = true;
    soon("all", "persona", "status", "memory");
    carrying.connected();
  },
  Replay(message) {
    model.apply(message);
    restore();
    soon("all");
  },
  Levels({ input, output }) {
    bars.push(input, output);
    face.hear(Math.max(0, ...output), Math.max(0, ...input));
  },
  SoundHolder: (message) => carrying.held(message),
  FlushSound: () => carrying.sound.flush(),
  ConfirmAsked: (message) => consent.ask(message),
  ConfirmWithdrawn: (message) => consent.withdraw(message.id),
  BrainsFound: (message) => found.AskBrains?.(message),
  DevicesFound: (message) => found.AskDevices?.(message),
  CommandRefused({ text, remedy }) {
    model.note("!", "warning", sentence(text, remedy));
    toast(text, { remedy, severity: "warning", key: text });
  },
  Goodbye({ reason, remedy = "" }) {
    toast(`The assistant says goodbye: ${reason}.`, {
      remedy,
      severity: "warning",
      key: "goodbye",
    });
  },
};

function take(message) {
  const { type } = message;
  if (Object.hasOwn(TAKEN, type)) {
    TAKEN[type](message);
    return;
  }
  if (ANSWERS.includes(type)) {
    memory.take(message);
    return;
  }
  model.apply(message);
  const { text, remedy = "", severity, key = "" } = message;
  if (type === "Notice") toast(text, { remedy, severity, key });
  if (type === "Failure") toast(text, { remedy, severity: "error", key: text });
  if (type === "PersonasReloaded") connection.greet(); // colours and names are others now
  if (type === "UserSaid" && message.typed)
    typed = typed.filter((each) => plain(each) !== plain(text));
  if (model.changed.size) soon();
}

function linked(state, seconds = 0, tries = 0) {
  const hint = tries > 3 ? ". Does assistant web still run?" : "";
  const words = {
    connecting: "Connecting …",
    open: "Connected",
    refused: "A token is needed",
    waiting: `Not connected; trying again in ${seconds} s${hint}`,
  };
  const link = byId("link");
  link.classList.toggle("good", state === "open");
  link.classList.toggle("bad", state === "waiting");
  say(link, words[state]);
  if (state === "open") {
    performance.mark("connected");
    gate.close();
    return;
  }
  connected = false;
  memory.lose();
  carrying.lost();
  consent.withdrawAll();
  soon("status");
  if (state === "refused") gate.show();
}

/** What was typed and never arrived stands in the line again. */
function restore() {
  const told = new Set(model.entries.filter((each) => each.typed).map((each) => plain(each.text)));
  const missing = typed.filter((each) => !told.has(plain(each)));
  typed = [];
  const line = byId("words");
  if (!missing.length || line.value.includes(missing.join("\n"))) return;
  line.value = [...missing, line.value].filter(Boolean).join("\n");
  toast("What you wrote last had not arrived.", {
    remedy: "It stands in the line again: send it once more.",
  });
}

// -- what a person does ----------------------------------------------------------------------------

function sendText(text) {
  const words = text.trim();
  if (!words) return false;
  if (!send({ type: "SendText", text: words })) {
    const remedy = "What you wrote stays in the line.";
    toast("There is no connection just now.", { remedy, severity: "warning", key: "offline" });
    return false;
  }
  typed.push(words);
  view.toEnd();
  return true;
}

function stopRinging() {
  send({ type: "InterruptAnswer" });
}

function lookAgain() {
  clearTimeout(knownTimer);
  const wait = model.entries.length ? KNOWN_AGAIN : 0;
  knownTimer = setTimeout(() => memory.ask().then(showKnown, () => {}), wait);
}

/** Volume or rate of speech, by a tenth. */
function change(type, key, by, least, most) {
  const now = model.status.audio?.[key];
  if (now === undefined) return;
  send({ type, [key]: Math.min(most, Math.max(least, Math.round((now + by) * 10) / 10)) });
}

const louder = (by) => change("SetVolume", "volume", by, 0, 1);
const faster = (by) => change("SetSpeechRate", "rate", by, 0.5, 2);

function switchTo(place) {
  const persona = model.personas[place];
  if (persona) send({ type: "SwitchPersona", slug: persona.slug });
}

function step(by) {
  const at = model.personas.findIndex((each) => each.slug === model.persona?.slug);
  switchTo((at + by + model.personas.length) % model.personas.length);
}

/** Ask for what has no number; promises the answer. */
function ask(type) {
  return new Promise((resolve) => {
    found[type] = resolve;
    send({ type });
  });
}

function save() {
  const now = new Date();
  const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString();
  const href = URL.createObjectURL(new Blob([model.asText()], { type: "text/plain" }));
  el("a", { href, download: `conversation-${local.slice(0, 16).replace(":", "")}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
  toast("The conversation is saved as text.");
}

async function copy(text) {
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    const remedy = "Mark the words and copy them by hand.";
    toast("The browser lets nothing be copied here.", { remedy, severity: "warning" });
  }
}

function recolor() {
  toggleScheme();
  repaint();
}

function microphone(down) {
  const audio = model.status.audio;
  if (audio?.push_to_talk) talkKey(down);
  else if (down) send({ type: "SetMuted", muted: !audio?.muted });
}

function talkKey(down) {
  if (talks === down) return;
  talks = down;
  byId("talk").setAttribute("aria-pressed", String(down));
  send({ type: "PressTalkKey", down });
}

const ACTIONS = {
  start: () => carrying.toggle(),
  mute: () => send({ type: "SetMuted", muted: !model.status.audio?.muted }),
  interrupt: () => send({ type: "InterruptAnswer" }),
  repeat: () => send({ type: "RepeatAnswer" }),
  personas: () => openPersonas(model, isDark(), send),
  memory: () => openMemory(memory),
  today: () => openToday(model, sendText, stopRinging),
  sound: () => openSound({ model, carrying, send, askDevices: () => ask("AskDevices") }),
  brain: () => openBrains(ask("AskBrains"), send),
  log: () => openLog(model, save),
  times: () => openTimes(model),
  help: () => openHelp(model),
  scheme: recolor,
  save,
  newest: () => view.toEnd(),
  more: () =>
    openMore([
      ["What happened", ACTIONS.log],
      ["Who answers", ACTIONS.brain],
      ["Where the time went", ACTIONS.times],
      ["Save the conversation", save],
      [isDark() ? "Light colours" : "Dark colours", recolor],
      ["Help", ACTIONS.help],
    ]),
  write: () => byId("words").focus(),
  leave: () => document.activeElement?.blur(),
  next: () => step(1),
  previous: () => step(-1),
  number: (key) => switchTo(Number(key) - 1),
  pushToTalk: () => send({ type: "SetPushToTalk", on: !model.status.audio?.push_to_talk }),
  louder: () => louder(0.1),
  quieter: () => louder(-0.1),
  faster: () => faster(0.1),
  slower: () => faster(-0.1),
  copy: () => copy(model.lastAnswer),
  copyAll: () => copy(model.asText()),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-do]");
  if (button) ACTIONS[button.dataset.do]?.();
});

listenForKeys((action, key, down) => {
  if (action === "microphone") microphone(down);
  else if (down) ACTIONS[action]?.(key);
});

const talk = byId("talk");
talk.addEventListener("pointerdown", (event) => {
  talk.setPointerCapture(event.pointerId);
  talkKey(true);
});
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
  talk.addEventListener(end, () => talkKey(false));
}
talk.addEventListener(
  "keydown",
  (event) => [" ", "Enter"].includes(event.key) && !event.repeat && talkKey(true),
);
talk.addEventListener("keyup", (event) => [" ", "Enter"].includes(event.key) && talkKey(false));
talk.addEventListener("contextmenu", (event) => event.preventDefault());

const line = byId("words");
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (sendText(line.value)) line.value = "";
});
line.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("composer").requestSubmit();
});
if (!CSS.supports("field-sizing", "content")) {
  line.addEventListener("input", () => {
    line.style.height = "auto";
    line.style.height = `${line.scrollHeight}px`;
  });
}

watchScheme(repaint);
setInterval(() => model.status.timers.length && showDue(model, stopRinging), 1_000);
setInterval(() => soon("status"), 5_000); // what is news for a while only goes by itself
addEventListener("hashchange", () => location.hash && gate.come(tokenOfAddress()));

wear(null);
gate.come(tokenOfAddress());
