// Push-to-talk: the button that is held, and the key that does the same.

import { byId } from "../elements.js";

const PRESSES = [" ", "Enter"];

export class TalkKey {
  /** `pressed(down)` is told each change. */
  constructor(pressed) {
    this._pressed = pressed;
    this._down = false;
    this._button = byId("talk");
    this._listen();
  }

  hold(down) {
    if (this._down === down) return;
    this._down = down;
    this._button.setAttribute("aria-pressed", String(down));
    this._pressed(down);
  }

  _listen() {
    const on = (name, heard) => this._button.addEventListener(name, heard);
    on("pointerdown", (event) => {
      this._button.setPointerCapture(event.pointerId);
      this.hold(true);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      on(end, () => this.hold(false));
    on("keydown", (event) => PRESSES.includes(event.key) && !event.repeat && this.hold(true));
    on("keyup", (event) => PRESSES.includes(event.key) && this.hold(false));
    on("contextmenu", (event) => event.preventDefault());
  }
}
