// This page as the microphone and the speaker of the conversation.

import { GraphReader, TrackReader, readsTracks } from "./microphone.js";
import { GONE, SILENCED, SUSPENDED, missing, problemOf } from "./problems.js";

const RATE = 24_000; // samples a second on the wire
const SAMPLES_A_MILLISECOND = RATE / 1000;
const RESUMED_WITHIN = 1_000; // milliseconds; where a browser wants a press first, it waits for ever
const HEADER = 4; // bytes of the number before each message

function contextOf(sampleRate) {
  const latencyHint = "interactive";
  try {
    return new AudioContext({ latencyHint, sampleRate });
  } catch {
    return new AudioContext({ latencyHint });
  }
}

/**
 * `send(bytes)` takes a message of sound and says whether it could go, `report` is told how many
 * samples wait and were played and the latency of the speaker in seconds, `trouble(problem)` hears
 * of what needs a person, `changed()` that there is something new to show.
 */
export class Sound {
  constructor({ send, report, trouble, changed }) {
    Object.assign(this, { _send: send, _report: report, _trouble: trouble, _changed: changed });
    this._context = null;
    this._track = null;
    this._lock = null;
    this._number = 0;
    this._expected = null;
    this._opening = null;
    this._muted = false;
    this._paused = false;
    this._known = []; // names of the microphones that there were
    this.live = false; // whether sound goes both ways
    this.microphone = "";
    this.sent = 0;
    this.unsent = 0; // messages that the network had no room for
    this.lost = 0; // messages of the other side that never came
    this.state = { buffered: 0, played: 0, underruns: 0, lead: 0, dropped: 0 };
    this.chosen = { input: "", output: "" };
    document.addEventListener("visibilitychange", () => this._awake());
    addEventListener("pointerdown", () => this._awake(), { passive: true });
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this._devicesChanged());
  }

  get isOpen() {
    return this._track !== null;
  }

  /** Milliseconds that wait, what the sound card keeps included. */
  get milliseconds() {
    return Math.round(this.state.buffered / SAMPLES_A_MILLISECOND + this._latency * 1000);
  }

  /** Whether the browser lets it sound: some want a press of a finger first. */
  get isRunning() {
    return this._context?.state === "running";
  }

  /** "sound 48 ms, 0 gaps". */
  get words() {
    const gaps = this.state.underruns;
    const away = this.lost + this.unsent;
    const told = `sound ${this.milliseconds} ms, ${gaps} ${gaps === 1 ? "gap" : "gaps"}`;
    return away ? `${told}, ${away * 20} ms lost on the way` : told;
  }

  /** Ask for the microphone and make the graph, on a press of a key or a button (browsers want one).
   * Throws `SoundProblem`. */
  async open() {
    this._opening ??= this._open().finally(() => (this._opening = null));
    return this._opening;
  }

  async _open() {
    if (this.isOpen) return;
    const lacking = missing();
    if (lacking) throw lacking;
    try {
      // Made before anything is waited for: browsers remember the press for a moment only.
      this._context = contextOf(RATE);
      this._context.resume();
      this._take(await this._stream());
      if (!readsTracks()) await this._fitContext();
      await this._graph();
    } catch (error) {
      await this.close();
      throw problemOf(error);
    }
  }

  _stream() {
    const audio = {
      echoCancellation: true,
      autoGainControl: true,
      noiseSuppression: false,
      channelCount: 1,
    };
    if (this.chosen.input) audio.deviceId = { exact: this.chosen.input };
    return navigator.mediaDevices.getUserMedia({ audio });
  }

  /** Some browsers join no microphone to a context of another rate: then it has the device's own,
   * and the worklet resamples. */
  async _fitContext() {
    try {
      this._context.createMediaStreamSource(this._media);
    } catch {
      await this._context.close();
      this._context = contextOf();
    }
  }

  async _graph() {
    const context = this._context;
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const heard = (message) => this._heard(message);
    this._microphone = readsTracks() ? new TrackReader(heard) : new GraphReader(context, heard);
    this._microphone.join(this._media);
    this._speaker = new AudioWorkletNode(context, "speaker", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this._speaker.port.onmessage = (event) => this._told(event.data);
    this._speaker.connect(context.destination);
    context.addEventListener("statechange", () => this._contextChanged());
    if (this.chosen.output) await context.setSinkId?.(this.chosen.output).catch(() => {});
    await Promise.race([context.resume(), new Promise((done) => setTimeout(done, RESUMED_WITHIN))]);
  }

  _take(stream) {
    const [track] = stream.getAudioTracks();
    this._media = stream;
    this._track = track;
    this.microphone = track.label || "microphone";
    track.enabled = !this._muted;
    track.addEventListener("ended", () => this._track === track && this._ended());
    track.addEventListener("mute", () => this._track === track && this._trouble(SILENCED));
    this._changed();
  }

  /** Sound goes from now on. */
  start() {
    if (!this.isOpen || this.live) return;
    Object.assign(this, { live: true, _number: 0, _expected: null, sent: 0, unsent: 0, lost: 0 });
    this._keepAwake();
    this._devicesKnown();
    this._changed();
  }

  async _devicesKnown() {
    this._known = (await this.devices())
      .filter((each) => each.kind === "input")
      .map((each) => each.name);
  }

  /** The connection is lost: keep the microphone, expect nothing. */
  pause() {
    this.live = false;
    this._speaker?.port.postMessage("stop");
    this._changed();
  }

  async close() {
    this.live = false;
    const { _context: context, _track: track } = this;
    this._microphone?.end();
    this._speaker?.port.postMessage("end");
    Object.assign(this, {
      _context: null,
      _track: null,
      _microphone: null,
      _speaker: null,
      _media: null,
    });
    this.state = { buffered: 0, played: 0, underruns: 0, lead: 0, dropped: 0 };
    track?.stop();
    this._lock?.release().catch(() => {});
    this._lock = null;
    this._changed();
    if (context && context.state !== "closed") await context.close().catch(() => {});
  }

  setMuted(muted) {
    this._muted = muted;
    if (this._track) this._track.enabled = !muted;
  }

  /** A message of the server's: its number, then 20 ms of sound. */
  play(message) {
    if (!this.live || message.byteLength <= HEADER) return;
    const number = new DataView(message).getUint32(0, true);
    if (this._expected !== null && number > this._expected) this.lost += number - this._expected;
    this._expected = number + 1;
    const samples = message.slice(HEADER);
    this._speaker?.port.postMessage(samples, [samples]);
  }

  /** Barge-in: nothing of what waits is to be heard. */
  flush() {
    this._speaker?.port.postMessage("flush");
  }

  /** Another microphone or speaker of this device, while it runs. */
  async choose(kind, id) {
    this.chosen[kind] = id;
    if (!this.isOpen) return;
    try {
      if (kind === "output") await this._context.setSinkId?.(id);
      else await this._reopen();
    } catch (error) {
      this._trouble(problemOf(error));
    }
  }

  /** [{kind, id, name}] of this device, as far as the browser tells. */
  async devices() {
    const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const kinds = { audioinput: "input", audiooutput: "output" };
    return found
      .filter((each) => kinds[each.kind] && each.label)
      .map((each) => ({ kind: kinds[each.kind], id: each.deviceId, name: each.label }));
  }

  _heard(samples) {
    if (!this.live) return;
    const message = new Uint8Array(HEADER + samples.byteLength);
    new DataView(message.buffer).setUint32(0, this._number, true);
    message.set(new Uint8Array(samples), HEADER);
    this._number = (this._number + 1) >>> 0;
    if (this._send(message)) this.sent += 1;
    else this.unsent += 1;
  }

  _told(state) {
    this.state = state;
    if (!this.live) return;
    this._report({ buffered: state.buffered, played: state.played, latency: this._latency });
    this._changed();
  }

  /** Seconds from the context to the ear, as the browser estimates them. */
  get _latency() {
    return this._context?.outputLatency || this._context?.baseLatency || 0;
  }

  async _reopen() {
    const old = this._track;
    const stream = await this._stream();
    this._take(stream);
    old?.stop();
    this._microphone.join(stream);
  }

  /** Unplugged: another one may be there. */
  async _ended() {
    this.chosen.input = "";
    try {
      await this._reopen();
      this._trouble({
        message: `Another microphone from now on: ${this.microphone}.`,
        remedy: "Choose one under Sound.",
        mild: true,
      });
    } catch {
      this._trouble(GONE);
      this.lostMicrophone?.();
    }
  }

  async _devicesChanged() {
    if (!this.isOpen) return;
    const inputs = (await this.devices()).filter((each) => each.kind === "input");
    const id = this._track?.getSettings?.().deviceId;
    if (
      id &&
      inputs.length &&
      !inputs.some((each) => each.id === id) &&
      this._track.readyState === "live"
    ) {
      await this._ended();
    } else {
      const fresh = inputs.find((each) => each.name !== "" && !this._known.includes(each.name));
      if (fresh)
        this._trouble({
          message: `A new microphone is there: ${fresh.name}.`,
          remedy: "Choose it under Sound.",
          mild: true,
        });
    }
    this._known = inputs.map((each) => each.name);
    this._changed();
  }

  _contextChanged() {
    const state = this._context?.state;
    if (!this.live || !state || state === "closed") return;
    if (state !== "running") this._trouble(SUSPENDED);
    else if (this._paused) this._trouble({ message: "The sound goes on.", remedy: "", mild: true });
    this._paused = state !== "running";
  }

  /** The phone was locked, or another app was in front: go on where it is allowed. */
  async _awake() {
    if (document.visibilityState !== "visible" || !this._context) return;
    if (this._context.state !== "running") await this._context.resume().catch(() => {});
    if (this.live && !this._lock) this._keepAwake();
  }

  /** A phone that locks itself ends the conversation. */
  async _keepAwake() {
    try {
      this._lock = await navigator.wakeLock?.request("screen");
      this._lock?.addEventListener("release", () => (this._lock = null));
    } catch {
      this._lock = null; // a low battery: then it locks
    }
  }
}
