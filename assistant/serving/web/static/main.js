// The page: joins the connection, the model and what is shown.

import { lookOf } from "./colors.js";
import { Connection, enter, tokenOfAddress } from "./connection.js";
import { ConversationView } from "./conversation.js";
import { byId, el, say, setStyle, toast } from "./elements.js";
import { Face } from "./faces/face.js";
import { listenForKeys } from "./keys.js";
import { MemoryDesk, openMemory } from "./memory.js";
import { Model, plain } from "./model.js";
import {
  openBrains, openConsent, openHelp, openLog, openMore, openPersonas, openSound, openTimes, openToday,
} from "./panels.js";
import { LevelBars, showDue, showKnown, showSound, showState, showStatus, showTimes } from "./side.js";
import { Sound } from "./sound/sound.js";
import { SAYINGS } from "./words.js";

const SCHEME = "assistant.scheme";
const TALKED = "assistant.talked"; // of this tab: it carried the sound before a reload
const KNOWN_AGAIN = 1_500; // milliseconds: what was just said is written down a moment later
const ROLES = ["ground", "surface", "panel", "wash", "text", "muted", "primary", "secondary", "accent", "success", "warning", "error", "line", "hair"];

let model = new Model();
let holder = null;
let connected = false;
let taking = false;
let wanted = sessionStorage.getItem(TALKED) === "yes"; // this page means to carry the sound
let typed = []; // sent, and not yet told back
let knownTimer = 0;
let waitingBrains = null;
let waitingDevices = null;
let consents = [];

const night = matchMedia("(prefers-color-scheme: dark)");
const face = new Face(byId("face"));
const bars = new LevelBars(byId("levels"));
const memory = new MemoryDesk((message) => connection.send(message));
const view = new ConversationView({
  list: byId("turns"), scroll: byId("scroll"), empty: byId("empty"), newest: byId("newest"),
  announcer: byId("announcer"), showMemory: (id) => openMemory(memory, id),
});
const sound = new Sound({
  send: (bytes) => connection.sendSound(bytes),
  report: (state) => connection.send({ type: "SoundBuffer", ...state }),
  trouble: (problem) => toast(problem.message, { remedy: problem.remedy, severity: problem.mild ? "information" : "warning", key: "sound" }),
  changed: () => soon("sound"),
});
sound.lostMicrophone = () => stopSound();
const connection = new Connection({ message: take, sound: (bytes) => sound.play(bytes), state: linked });

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
  if (parts.has("persona")) wear();
  if (parts.has("all")) view.reset(model);
  else if (parts.has("entries")) view.render(model);
  if (parts.has("persona") || parts.has("times")) view.redraw(model);
  if (parts.has("entries") || parts.has("all")) {
    byId("hints").hidden = model.entries.some((each) => each.side === "user" && !each.earlier);
  }
  if (parts.has("timers") || parts.has("all")) showDue(model, stopRinging);
  if (parts.has("memory")) lookAgain();
  const status = ["status", "persona", "all"].some((each) => parts.has(each));
  if (status) {
    showState(model, connected);
    showStatus(model);
    face.feel(model.status, connected);
    sound.setMuted(Boolean(model.status.audio?.muted));
  }
  if (parts.has("latency") || parts.has("all")) showTimes(model);
  if (status || parts.has("sound")) {
    showSound({ holder, sound, taking, resumes: wanted && !sound.isOpen, audio: model.status.audio, connected });
  }
}

const isDark = () => {
  const kept = localStorage.getItem(SCHEME);
  return kept ? kept === "dark" : night.matches;
};

/** The persona's colours on everything. */
function wear() {
  const dark = isDark();
  const root = document.documentElement;
  root.dataset.scheme = dark ? "dark" : "light";
  root.style.setProperty("color-scheme", dark ? "dark" : "light");
  say(byId("scheme-name"), dark ? "Light" : "Dark");
  if (!model.persona) return;
  const look = (model.look = lookOf(model.persona.colors, dark));
  setStyle(root, Object.fromEntries([...ROLES.map((role) => [`--${role}`, look[role]]), ["--on-primary", look.onPrimary]]));
  for (const each of document.querySelectorAll("meta[name=theme-color]")) {
    each.removeAttribute("media");
    each.content = look.ground;
  }
  face.show(model.persona, dark);
  bars.color(look);
}

function showHints() {
  const other = model.personas.find((each) => each.slug !== model.persona?.slug)?.name;
  const words = [SAYINGS[0][1][0], `change to ${other}`, SAYINGS[3][1][0], SAYINGS[2][1][0]];
  const hint = (each) => el("button", { type: "button", class: "hint", text: each, on: { click: () => sendText(each) } });
  byId("hints").replaceChildren(...words.filter((each) => other || !each.includes("undefined")).map(hint));
}

// -- from the session ------------------------------------------------------------------------------

function take(message) {
  switch (message.type) {
    case "Welcome":
      model = new Model();
      model.apply(message);
      connected = true;
      showHints();
      soon("all", "persona", "status", "memory");
      takeAgain();
      return;
    case "Replay":
      model.apply(message);
      restore();
      soon("all");
      return;
    case "Levels":
      heard(message);
      return;
    case "SoundHolder":
      held(message);
      return;
    case "FlushSound":
      sound.flush();
      return;
    case "ConfirmAsked":
      ask(message);
      return;
    case "ConfirmWithdrawn":
      withdraw(message.id);
      return;
    case "BrainsFound":
      waitingBrains?.resolve(message);
      return;
    case "DevicesFound":
      waitingDevices?.resolve(message);
      return;
    case "MemoryFound":
    case "ForgetPreview":
    case "MemoriesForgotten":
    case "RequestFailed":
      memory.take(message);
      return;
    case "CommandRefused":
      tell(message.text, message.remedy, "warning");
      return;
    case "Goodbye":
      toast(`The assistant says goodbye: ${message.reason}.`, { remedy: message.remedy ?? "", severity: "warning", key: "goodbye" });
      return;
  }
  model.apply(message);
  if (message.type === "Notice") told(message);
  if (message.type === "PersonasReloaded") connection.greet(); // colours and names are others now
  if (message.type === "Failure") tell(message.text, message.remedy, "error");
  if (message.type === "UserSaid" && message.typed) typed = typed.filter((each) => plain(each) !== plain(message.text));
  if (model.changed.size) soon();
}

function told({ text, remedy = "", severity = "information", key = "" }) {
  toast(text, { remedy, severity, key });
}

/** A message that is in the log, too. */
function tell(text, remedy, severity) {
  if (severity === "warning") model.note("!", "warning", remedy ? `${text}. ${remedy}` : text);
  toast(text, { remedy, severity, key: text });
}

function heard({ input, output }) {
  bars.push(input, output);
  face.hear(Math.max(0, ...output), Math.max(0, ...input));
}

function linked(state, seconds, tries = 0) {
  const link = byId("link");
  link.classList.toggle("good", state === "open");
  link.classList.toggle("bad", state === "waiting");
  const hint = tries > 3 ? ". Does assistant web still run?" : "";
  const words = { connecting: "Connecting …", open: "Connected", refused: "A token is needed", waiting: `Not connected; trying again in ${seconds} s${hint}` };
  say(link, words[state]);
  if (state === "open") {
    performance.mark("connected");
    byId("gate").close();
    return;
  }
  if (connected) memory.lose();
  connected = false;
  sound.pause();
  for (const each of consents) each.shown?.withdraw();
  consents = [];
  soon("status");
  if (state === "refused") showGate("");
}

/** What was typed and never arrived stands in the line again. */
function restore() {
  const told = new Set(model.entries.filter((each) => each.typed).map((each) => plain(each.text)));
  const missing = typed.filter((each) => !told.has(plain(each)));
  typed = [];
  const line = byId("words");
  if (!missing.length || line.value.includes(missing.join("\n"))) return;
  line.value = [...missing, line.value].filter(Boolean).join("\n");
  toast("What you wrote last had not arrived.", { remedy: "It stands in the line again: send it once more." });
}

// -- consent ---------------------------------------------------------------------------------------

function ask(question) {
  consents.push({ ...question, shown: null });
  nextConsent();
}

function nextConsent() {
  const first = consents[0];
  if (!first || first.shown) return;
  first.shown = openConsent(first.call, (allowed) => {
    connection.send({ type: "AnswerConfirm", id: first.id, allowed });
    consents.shift();
    nextConsent();
  });
}

function withdraw(id) {
  const at = consents.findIndex((each) => each.id === id);
  if (at < 0) return;
  const [gone] = consents.splice(at, 1);
  gone.shown?.withdraw();
  nextConsent();
}

// -- the sound -------------------------------------------------------------------------------------

async function startSound() {
  if (taking) return;
  if (!connected || !holder?.can_take) {
    toast(holder?.why || "There is no connection just now.", { remedy: holder?.why ? "" : "Wait until it is back.", severity: "warning", key: "sound" });
    return;
  }
  taking = true;
  soon("sound");
  try {
    await sound.open();
    if (!sound.isRunning) toast("The browser wants a tap before it lets this page sound.", { remedy: "Tap anywhere.", key: "sound" });
    keepWanting(true);
    connection.send({ type: "TakeSound", sample_rate: 24000 });
  } catch (problem) {
    taking = false;
    keepWanting(false);
    toast(problem.message, { remedy: problem.remedy, severity: "error", key: "sound" });
    model.note("✗", "error", `${problem.message} ${problem.remedy}`);
  }
  soon("sound");
}

function stopSound() {
  keepWanting(false);
  taking = false;
  if (holder?.mine) connection.send({ type: "ReleaseSound" });
  sound.close();
  soon("sound");
}

function keepWanting(on) {
  wanted = on;
  sessionStorage.setItem(TALKED, on ? "yes" : "no");
}

/** Where the sound is now; it may have gone to another page. */
function held(message) {
  const before = holder;
  holder = message;
  if (message.mine) {
    taking = false;
    sound.start();
  } else if (sound.live) {
    sound.close();
    keepWanting(false);
    if (message.holder === "page" && message.who) {
      toast(`The sound went to ${message.who}.`, { remedy: "Start brings it back.", key: "sound" });
    }
  } else if (taking && before && !message.can_take) {
    taking = false;
    sound.close();
  }
  soon("sound");
}

/** After a lost connection or a reload: who carried the sound goes on, if it may. */
async function takeAgain() {
  if (!wanted || taking) return;
  if (sound.isOpen) {
    taking = true;
    connection.send({ type: "TakeSound", sample_rate: 24000 });
    return;
  }
  const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  if (permission?.state !== "granted" || taking || !connected) return;
  taking = true;
  soon("sound");
  try {
    await sound.open();
    if (sound.isRunning) connection.send({ type: "TakeSound", sample_rate: 24000 });
    else {
      taking = false;
      await sound.close();
    }
  } catch {
    taking = false; // the button says: go on talking here
  }
  soon("sound");
}

// -- what a person does ----------------------------------------------------------------------------

function sendText(text) {
  const words = text.trim();
  if (!words) return false;
  if (!connection.send({ type: "SendText", text: words })) {
    toast("There is no connection just now.", { remedy: "What you wrote stays in the line.", severity: "warning", key: "offline" });
    return false;
  }
  typed.push(words);
  view.toEnd();
  return true;
}

function stopRinging() {
  connection.send({ type: "InterruptAnswer" });
}

function lookAgain() {
  clearTimeout(knownTimer);
  knownTimer = setTimeout(() => memory.ask().then(showKnown, () => {}), model.entries.length ? KNOWN_AGAIN : 0);
}

function change(what, by) {
  const audio = model.status.audio;
  if (!audio) return;
  const rounded = (value, least, most) => Math.min(most, Math.max(least, Math.round(value * 10) / 10));
  if (what === "volume") connection.send({ type: "SetVolume", volume: rounded(audio.volume + by, 0, 1) });
  else connection.send({ type: "SetSpeechRate", rate: rounded(audio.rate + by, 0.5, 2) });
}

function step(by) {
  const slugs = model.personas.map((each) => each.slug);
  if (!slugs.length) return;
  const at = slugs.indexOf(model.persona?.slug);
  connection.send({ type: "SwitchPersona", slug: slugs[(at + by + slugs.length) % slugs.length] });
}

function askOnce(type, kept, keep) {
  const asked = Promise.withResolvers ? Promise.withResolvers() : resolvers();
  keep(asked);
  connection.send({ type });
  return asked.promise;
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

const askBrains = () => askOnce("AskBrains", waitingBrains, (asked) => (waitingBrains = asked));
const askDevices = () => askOnce("AskDevices", waitingDevices, (asked) => (waitingDevices = asked));

function save() {
  const at = new Date();
  const stamp = new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16).replace(":", "");
  const address = URL.createObjectURL(new Blob([model.asText()], { type: "text/plain" }));
  const link = el("a", { href: address, download: `conversation-${stamp}.txt` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  toast("The conversation is saved as text.");
}

async function copy(text) {
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("The browser lets nothing be copied here.", { remedy: "Mark the words and copy them by hand.", severity: "warning" });
  }
}

function toggleScheme() {
  localStorage.setItem(SCHEME, isDark() ? "light" : "dark");
  wear();
  view.redraw(model);
}

let spaceHeld = false;

function microphone(down) {
  const audio = model.status.audio;
  if (audio?.push_to_talk) talkKey(down);
  else if (down) connection.send({ type: "SetMuted", muted: !audio?.muted });
}

function talkKey(down) {
  if (spaceHeld === down) return;
  spaceHeld = down;
  byId("talk").setAttribute("aria-pressed", String(down));
  connection.send({ type: "PressTalkKey", down });
}

const ACTIONS = {
  start: () => (sound.isOpen && (holder?.mine || taking) ? stopSound() : startSound()),
  mute: () => connection.send({ type: "SetMuted", muted: !model.status.audio?.muted }),
  interrupt: () => connection.send({ type: "InterruptAnswer" }),
  repeat: () => connection.send({ type: "RepeatAnswer" }),
  personas: () => openPersonas(model, isDark(), (message) => connection.send(message)),
  memory: () => openMemory(memory),
  today: () => openToday(model, sendText, stopRinging),
  sound: () => openSound({ model, sound, holder, send: (message) => connection.send(message), askDevices }),
  brain: () => openBrains(askBrains(), (message) => connection.send(message)),
  log: () => openLog(model, save),
  times: () => openTimes(model),
  help: () => openHelp(model),
  scheme: toggleScheme,
  save,
  newest: () => view.toEnd(),
  more: () => openMore([
    ["What happened", ACTIONS.log], ["Who answers", ACTIONS.brain], ["Where the time went", ACTIONS.times],
    ["Save the conversation", save], [isDark() ? "Light colours" : "Dark colours", toggleScheme], ["Help", ACTIONS.help],
  ]),
  write: () => byId("words").focus(),
  leave: () => document.activeElement?.blur(),
  next: () => step(1),
  previous: () => step(-1),
  number: (key) => model.personas[Number(key) - 1] && connection.send({ type: "SwitchPersona", slug: model.personas[Number(key) - 1].slug }),
  pushToTalk: () => connection.send({ type: "SetPushToTalk", on: !model.status.audio?.push_to_talk }),
  louder: () => change("volume", 0.1),
  quieter: () => change("volume", -0.1),
  faster: () => change("rate", 0.1),
  slower: () => change("rate", -0.1),
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
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) talk.addEventListener(end, () => talkKey(false));
talk.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && !event.repeat && talkKey(true));
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

night.addEventListener("change", () => {
  wear();
  view.redraw(model);
});
setInterval(() => model.status.timers.length && showDue(model, stopRinging), 1_000);
setInterval(() => soon("status"), 5_000); // what is news for a while only goes by itself

// -- the way in ------------------------------------------------------------------------------------

function showGate(problem) {
  const gate = byId("gate");
  say(byId("gate-problem"), problem);
  if (!gate.open) gate.showModal();
}

byId("gate").addEventListener("cancel", (event) => event.preventDefault());
byId("gate-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = byId("token").value.trim().replace(/^.*#/, ""); // the whole address does, too
  byId("token").value = "";
  await come(token);
});

async function come(token) {
  try {
    const found = await enter(token);
    if (found.ok) connection.start();
    else {
      linked("refused");
      showGate(found.text);
    }
  } catch {
    linked("waiting", 2);
    setTimeout(() => come(token), 2_000);
  }
}

addEventListener("hashchange", () => location.hash && come(tokenOfAddress()));
if (!CSS.supports("field-sizing", "content")) {
  line.addEventListener("input", () => {
    line.style.height = "auto";
    line.style.height = `${line.scrollHeight}px`;
  });
}

wear();
come(tokenOfAddress());
