// Volume and rate of speech, push-to-talk, and the devices: of this page, or of the machine.

import { el, openDialog, say } from "../elements.js";
import { checkbox, choice, slider } from "./fields.js";

/** Volume, speech rate, push-to-talk, and the devices: of this page, or of the machine. */
export function openSound({ model, carrying, send, askDevices }) {
  const { sound, mine } = carrying;
  openDialog("sound", "Sound", (body) => {
    const audio = model.status.audio ?? { volume: 1, rate: 1, push_to_talk: false, muted: false };
    body.append(
      slider(
        "Volume",
        audio.volume,
        { min: 0, max: 1, step: 0.05 },
        (value) => `${Math.round(value * 100)} %`,
        (volume) => send({ type: "SetVolume", volume }),
      ),
      slider(
        "Rate of speech",
        audio.rate,
        { min: 0.5, max: 2, step: 0.1 },
        (value) => `× ${value.toFixed(1)}`,
        (rate) => send({ type: "SetSpeechRate", rate }),
      ),
      checkbox("Push-to-talk: hold the button or the space key to talk", audio.push_to_talk, (on) =>
        send({ type: "SetPushToTalk", on }),
      ),
      checkbox("Microphone off", audio.muted, (muted) => send({ type: "SetMuted", muted })),
    );
    const devices = el("div", { class: "list" });
    body.append(devices);
    if (mine) ownDevices(devices, sound);
    else askDevices().then((found) => machineDevices(devices, found.devices, send));
    const test = el("button", {
      type: "button",
      class: "button",
      text: "Play a test sound",
      on: { click: () => send({ type: "PlayTestSound" }) },
    });
    body.append(el("div", { class: "buttons" }, test));
    if (mine) body.append(soundFigures(sound));
  });
}

function soundFigures(sound) {
  const line = el("p", { class: "quiet" });
  const show = () => {
    const { lead, dropped } = sound.state;
    const shed = Math.round(dropped / 24);
    say(
      line,
      `${sound.words}; lead ${Math.round(lead / 24)} ms, ${shed} ms of surplus shed, ${sound.sent} messages sent.`,
    );
    if (line.isConnected) setTimeout(show, 500);
  };
  queueMicrotask(show);
  return line;
}

async function ownDevices(box, sound) {
  const found = await sound.devices();
  for (const [kind, title] of [
    ["input", "Microphone of this device"],
    ["output", "Speaker of this device"],
  ]) {
    const all = found.filter((each) => each.kind === kind);
    if (kind === "output" && !("setSinkId" in AudioContext.prototype)) continue;
    if (all.length)
      box.append(
        choice(
          title,
          all.map((each) => [each.id, each.name]),
          sound.chosen[kind] || all[0].id,
          (id) => sound.choose(kind, id),
        ),
      );
  }
}

function machineDevices(box, devices, send) {
  for (const [kind, title] of [
    ["input", "Microphone of the machine"],
    ["output", "Speaker of the machine"],
  ]) {
    const all = devices.filter((each) => each.kind === kind);
    if (!all.length) continue;
    const inUse = all.find((each) => each.in_use)?.name ?? "";
    box.append(
      choice(
        title,
        [["", "the system’s default"], ...all.map((each) => [each.name, each.name])],
        inUse,
        (name) => send({ type: "UseDevice", kind, name: name || null }),
      ),
    );
  }
}
