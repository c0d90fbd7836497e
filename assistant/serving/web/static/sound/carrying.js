// Who carries the sound: this page asks for it, gets it, loses it to another, and takes it again after
// a reload or a lost connection.

import { toast } from "../elements.js";
import { Sound } from "./sound.js";

const TALKED = "assistant.talked"; // of this tab: it carried the sound before a reload
const ANSWERED_WITHIN = 10_000; // milliseconds
const NO_ANSWER = "The assistant has not taken the sound.";
const TAP = "The browser wants a tap before it lets this page sound.";
const TAPPED = "Tap anywhere. If it stays silent, this device may have no speaker.";

/**
 * `connection` takes what is sent; `note(text)` writes down what went wrong; `changed()` is called
 * when there is something new to show.
 */
export class Carrying {
  constructor({ connection, note, changed }) {
    Object.assign(this, { _connection: connection, _note: note, _changed: changed });
    this.holder = null; // the last `SoundHolder`
    this.taking = false; // it is being opened, or asked for
    this._timer = 0;
    this._fresh = true; // a connection of which nothing is known yet
    this._connected = false;
    this._wanted = sessionStorage.getItem(TALKED) === "yes";
    this.sound = new Sound({
      send: (bytes) => connection.sendSound(bytes),
      report: (state) => connection.send({ type: "SoundBuffer", ...state }),
      trouble: (problem) => this._tell(problem, problem.mild ? "information" : "warning"),
      changed,
    });
    this.sound.lostMicrophone = () => this.stop();
  }

  /** The page carries it. */
  get mine() {
    return Boolean(this.holder?.mine && this.sound.live);
  }

  /** It carried the sound before, and a press brings it back. */
  get resumes() {
    return this._wanted && !this.sound.isOpen;
  }

  /** The one button. */
  toggle() {
    if (this.sound.isOpen && (this.holder?.mine || this.taking)) this.stop();
    else this.start();
  }

  async start() {
    if (this.taking) return;
    if (!this._connected || !this.holder?.can_take) {
      const message = this.holder?.why || "There is no connection just now.";
      this._tell({ message, remedy: this.holder?.why ? "" : "Wait until it is back." }, "warning");
      return;
    }
    this._take(true);
    try {
      await this.sound.open();
      if (!this.sound.isRunning)
        this._tell({ message: TAP, remedy: TAPPED }, "information");
      this._want(true);
      this._ask();
    } catch (problem) {
      this._want(false);
      this._take(false);
      this._tell(problem, "error");
      this._note(`${problem.message} ${problem.remedy}`);
    }
    this._changed();
  }

  stop() {
    this._want(false);
    this._take(false);
    if (this.holder?.mine) this._connection.send({ type: "ReleaseSound" });
    this.sound.close();
    this._changed();
  }

  /** Where the sound is now; it may have gone to another page. */
  held(holder) {
    this.holder = holder;
    if (holder.mine) {
      this._take(false);
      this.sound.start();
    } else if (this.sound.live) {
      this.sound.close();
      this._want(false);
      if (holder.holder === "page")
        this._tell(
          { message: `The sound went to ${holder.who}.`, remedy: "Start brings it back." },
          "information",
        );
    } else if (this.taking && !holder.can_take) {
      this._take(false);
      this.sound.close();
    }
    this._changed();
    this._goOn();
  }

  lost() {
    this._connected = false;
    this.holder = null; // it is told anew
    this._fresh = true;
    this._take(false);
    this.sound.pause();
  }

  connected() {
    this._connected = true;
    this._goOn();
  }

  /** Connected, perhaps again, and it is known where the sound is: who carried it goes on, if it
   * may. */
  async _goOn() {
    if (!this._fresh || !this._connected || !this.holder) return;
    this._fresh = false;
    if (!this._wanted || this.taking || this.mine) return;
    if (this.sound.isOpen) {
      this._take(true);
      this._ask();
      return;
    }
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    if (permission?.state !== "granted" || this.taking || !this._connected) return;
    this._take(true);
    try {
      await this.sound.open();
      if (this.sound.isRunning) this._ask();
      else {
        this._take(false); // a browser that wants a press first: the button says, go on talking
        await this.sound.close();
      }
    } catch {
      this._take(false);
    }
    this._changed();
  }

  _ask() {
    if (this.holder?.mine) {
      this.held(this.holder); // the other side has not noticed that it was away
      return;
    }
    if (!this._connection.send({ type: "TakeSound", sample_rate: 24_000 })) this._take(false);
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.taking && this._unanswered(), ANSWERED_WITHIN);
  }

  _unanswered() {
    this.stop();
    this._tell({ message: NO_ANSWER, remedy: "Press Start again." }, "error");
  }

  _take(on) {
    this.taking = on;
    this._changed();
  }

  _want(on) {
    this._wanted = on;
    sessionStorage.setItem(TALKED, on ? "yes" : "no");
  }

  _tell({ message, remedy }, severity) {
    toast(message, { remedy, severity, key: "sound" });
  }
}
