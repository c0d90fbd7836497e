// Every key of the page, as in the terminal where a browser leaves it to us. Single keys can be
// switched off (WCAG 2.2, 2.1.4).

import { dialogOpen } from "./elements.js";

const TYPES = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const PRESSES = new Set(["BUTTON", "A", "SUMMARY"]);
const KEPT = "assistant.keys";

/** [keys, action, what it does]; the only place that names a key: the help is made from it. */
export const KEYS = [
  [[" "], "microphone", "Mute or unmute; with push-to-talk, hold to talk"],
  [["i", "Escape"], "interrupt", "Stop the assistant speaking or thinking"],
  [["/"], "write", "Write instead of speaking; escape leaves the line"],
  [["p"], "personas", "Choose a persona"],
  [["n"], "next", "Next persona"],
  [["N"], "previous", "Previous persona"],
  [["r"], "repeat", "Say the last answer again"],
  [["d"], "sound", "Sound: microphone, speaker, volume"],
  [["b"], "brain", "Choose who answers"],
  [["m"], "memory", "What is remembered of you"],
  [["h"], "history", "Earlier conversations: read, search, go on with one"],
  [["a"], "log", "What happened behind the conversation"],
  [["w"], "times", "Where the time of the answers went"],
  [["t"], "pushToTalk", "Switch between open microphone and push-to-talk"],
  [["+", "="], "louder", "Louder"],
  [["-"], "quieter", "Quieter"],
  [[">"], "faster", "Speak faster"],
  [["<"], "slower", "Speak slower"],
  [["y"], "copy", "Copy the last answer"],
  [["Y"], "copyAll", "Copy the whole conversation"],
  [
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    "number",
    "Talk with persona 1 to 9 of the picker",
  ],
  [["?"], "help", "What you can say, and all keys"],
];
const ACTIONS = new Map(KEYS.flatMap(([keys, action]) => keys.map((key) => [key, action])));

export const keysOn = () => localStorage.getItem(KEPT) !== "off";
export const setKeys = (on) => localStorage.setItem(KEPT, on ? "on" : "off");

/** `act(action, key, down)` is called for each press, and for the end of the space key's. */
export function listenForKeys(act) {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && !dialogOpen()) {
      event.preventDefault();
      act("save", event.key, true);
      return;
    }
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    if (event.repeat && !["louder", "quieter", "faster", "slower"].includes(action)) return;
    act(action, event.key, true);
  });
  addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    if (event.target === pointed) event.preventDefault(); // else it would press the button
    act("microphone", event.key, false);
  });
  addEventListener("pointerdown", (event) => (pointed = event.target.closest?.("button") ?? null));
  addEventListener("blur", () => act("microphone", " ", false));
}

/** The button that was last pressed by mouse or finger: it has the focus, but nobody chose it. */
let pointed = null;

function actionOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialogOpen())
    return null;
  const at = event.target;
  const typing = TYPES.has(at?.tagName) || at?.isContentEditable;
  if (event.key === "Escape") return typing ? "leave" : "interrupt";
  if (typing || !keysOn()) return null;
  if (event.key !== " ") pointed = null;
  else if (PRESSES.has(at?.tagName) && at !== pointed) return null;
  return ACTIONS.get(event.key) ?? null;
}
