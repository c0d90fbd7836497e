// The way in: asks for the token where the cookie does not do.

import { enter } from "../connection.js";
import { byId, say } from "../elements.js";

const AGAIN = 2_000; // milliseconds

/** `entered()` is called once somebody is let in, `away(seconds)` where nobody answers. */
export class Gate {
  constructor({ entered, away }) {
    Object.assign(this, { _entered: entered, _away: away, _dialog: byId("gate") });
    this._dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("gate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const token = byId("token").value.trim().replace(/^.*#/, ""); // the whole address does, too
      byId("token").value = "";
      this.come(token);
    });
  }

  /** Come in with this token, or with the cookie where it is "". */
  async come(token) {
    try {
      const found = await enter(token);
      if (found.ok) this._entered();
      else this.show(found.text);
    } catch {
      this._away(AGAIN / 1000);
      setTimeout(() => this.come(token), AGAIN);
    }
  }

  show(problem = "") {
    say(byId("gate-problem"), problem);
    if (!this._dialog.open) this._dialog.showModal();
  }

  close() {
    this._dialog.close();
  }
}
