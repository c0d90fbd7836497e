// The page: joins the connection, the model and what is shown.

import { makeActions } from "./actions.js";
import { isDark, watchScheme, wear } from "./appearance.js";
import { Composer } from "./composer.js";
import { Connection, tokenOfAddress } from "./connection.js";
import { ConversationView } from "./conversation.js";
import { byId, el, say, toast } from "./elements.js";
import { Face } from "./faces/face.js";
import { listenForKeys } from "./keys.js";
import { Model } from "./model.js";
import { Consent } from "./panels/consent.js";
import { Gate } from "./panels/gate.js";
import { HistoryDesk } from "./panels/history.js";
import { MemoryDesk, openMemory } from "./panels/memory.js";
import { Requests } from "./panels/requests.js";
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
import { TalkKey } from "./sound/talk-key.js";
import { SAYINGS, sentence } from "./words.js";

const KNOWN_AGAIN = 1_500; // milliseconds: what was just said is written down a moment later

let model = new Model();
let connected = false;
let knownTimer = 0;
const found = {}; // who waits for an answer that has no number, by its type

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
const requests = new Requests(send);
const memory = new MemoryDesk(requests);
const history = new HistoryDesk(requests);
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
const composer = new Composer({ send, sent: () => view.toEnd() });
const talkKey = new TalkKey((down) => send({ type: "PressTalkKey", down }));
const actions = makeActions({
  present: () => model,
  send,
  ask,
  carrying,
  composer,
  view,
  memory,
  history,
  repaint,
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
  if (has("timers", "all")) showDue(model, actions.interrupt);
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
  const hint = (text) => {
    const click = () => composer.write(text);
    return el("button", { type: "button", class: "hint", text, on: { click } });
  };
  box.replaceChildren(...words.filter(Boolean).map(hint));
}

function repaint() {
  soon("persona");
}

// -- from the session ------------------------------------------------------------------------------

const ANSWERS = [
  "ConversationRead",
  "ConversationsFound",
  "ConversationTakenOver",
  "ForgetPreview",
  "MemoriesForgotten",
  "MemoryFound",
  "RequestFailed",
];

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
    composer.restore(model.entries);
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
    requests.take(message);
    return;
  }
  model.apply(message);
  const { text, remedy = "", severity, key = "" } = message;
  if (type === "Notice") toast(text, { remedy, severity, key });
  if (type === "Failure") toast(text, { remedy, severity: "error", key: text });
  if (type === "PersonasReloaded") connection.greet(); // colours and names are others now
  if (type === "MemoryForgotten") history.forgotten();
  if (type === "UserSaid" && message.typed) composer.arrived(text);
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
  requests.lose();
  carrying.lost();
  consent.withdrawAll();
  soon("status");
  if (state === "refused") gate.show();
}

// -- what a person does ----------------------------------------------------------------------------

function lookAgain() {
  clearTimeout(knownTimer);
  const wait = model.entries.length ? KNOWN_AGAIN : 0;
  knownTimer = setTimeout(() => memory.ask().then(showKnown, () => {}), wait);
}

/** Ask for what has no number; promises the answer. */
function ask(type) {
  return new Promise((resolve) => {
    found[type] = resolve;
    send({ type });
  });
}

function microphone(down) {
  if (model.status.audio?.push_to_talk) talkKey.hold(down);
  else if (down) actions.mute();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-do]");
  if (button) actions[button.dataset.do]?.();
});

listenForKeys((action, key, down) => {
  if (action === "microphone") microphone(down);
  else if (down) actions[action]?.(key);
});

watchScheme(repaint);
setInterval(() => model.status.timers.length && showDue(model, actions.interrupt), 1_000);
setInterval(() => soon("status"), 5_000); // what is news for a while only goes by itself
addEventListener("hashchange", () => location.hash && gate.come(tokenOfAddress()));

wear(null);
gate.come(tokenOfAddress());
