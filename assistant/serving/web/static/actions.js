// What a person can do, by the names that keys and buttons call it.

import { isDark, toggleScheme } from "./appearance.js";
import { el, toast } from "./elements.js";
import { openHistory } from "./panels/history.js";
import { openMemory } from "./panels/memory.js";
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
import { goingOn } from "./words.js";

/**
 * The actions, each called with the key that was pressed. `present()` gives the model as it is now;
 * `ask(type)` promises the answer to a command without a number; `repaint` is told that light or
 * dark was chosen.
 */
export function makeActions(page) {
  const { present, send, ask, carrying, composer, view, memory, history, repaint } = page;
  const audio = () => present().status.audio;
  const mute = () => send({ type: "SetMuted", muted: !audio()?.muted });
  const stopRinging = () => send({ type: "InterruptAnswer" });
  const save = () => saveAsFile(present().asText());
  const recolor = () => {
    toggleScheme();
    repaint();
  };

  /** Volume or rate of speech, by a tenth. */
  function change(type, key, by, least, most) {
    const now = audio()?.[key];
    if (now === undefined) return;
    send({ type, [key]: Math.min(most, Math.max(least, Math.round((now + by) * 10) / 10)) });
  }

  const louder = (by) => change("SetVolume", "volume", by, 0, 1);
  const faster = (by) => change("SetSpeechRate", "rate", by, 0.5, 2);

  function switchTo(place) {
    const persona = present().personas[place];
    if (persona) send({ type: "SwitchPersona", slug: persona.slug });
  }

  function step(by) {
    const { personas, persona } = present();
    const at = personas.findIndex((each) => each.slug === persona?.slug);
    switchTo((at + by + personas.length) % personas.length);
  }

  function openEarlier() {
    const { brain, backend } = present().status;
    openHistory({ desk: history, goingOn: goingOn(brain, backend), copy });
  }

  const actions = {
    start: () => carrying.toggle(),
    mute,
    interrupt: () => send({ type: "InterruptAnswer" }),
    repeat: () => send({ type: "RepeatAnswer" }),
    personas: () => openPersonas(present(), isDark(), send),
    memory: () => openMemory(memory),
    history: openEarlier,
    today: () => openToday(present(), (text) => composer.write(text), stopRinging),
    sound: () =>
      openSound({ model: present(), carrying, send, askDevices: () => ask("AskDevices") }),
    brain: () => openBrains(ask("AskBrains"), send),
    log: () => openLog(present(), save),
    times: () => openTimes(present()),
    help: () => openHelp(present()),
    scheme: recolor,
    save,
    newest: () => view.toEnd(),
    more: () =>
      openMore([
        ["Earlier conversations", openEarlier],
        ["What happened", actions.log],
        ["Who answers", actions.brain],
        ["Where the time went", actions.times],
        ["Save the conversation", save],
        [isDark() ? "Light colours" : "Dark colours", recolor],
        ["Help", actions.help],
      ]),
    write: () => composer.focus(),
    leave: () => document.activeElement?.blur(),
    next: () => step(1),
    previous: () => step(-1),
    number: (key) => switchTo(Number(key) - 1),
    pushToTalk: () => send({ type: "SetPushToTalk", on: !audio()?.push_to_talk }),
    louder: () => louder(0.1),
    quieter: () => louder(-0.1),
    faster: () => faster(0.1),
    slower: () => faster(-0.1),
    copy: () => copy(present().lastAnswer),
    copyAll: () => copy(present().asText()),
  };
  return actions;
}

function saveAsFile(text) {
  const now = new Date();
  const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString();
  const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
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
