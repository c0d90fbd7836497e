// The line in which one writes, and what of it has not arrived yet.

import { byId, toast } from "./elements.js";
import { plain } from "./words.js";

export class Composer {
  /** `send(message)` says whether it could be sent; `sent` is told of each text that was. */
  constructor({ send, sent }) {
    this._send = send;
    this._sent = sent;
    this._line = byId("words");
    this._waiting = []; // sent, and not yet told back
    this._listen();
  }

  focus() {
    this._line.focus();
  }

  /** Whether these words could be sent. */
  write(text) {
    const words = text.trim();
    if (!words) return false;
    if (!this._send({ type: "SendText", text: words })) {
      const remedy = "What you wrote stays in the line.";
      toast("There is no connection just now.", { remedy, severity: "warning", key: "offline" });
      return false;
    }
    this._waiting.push(words);
    this._sent();
    return true;
  }

  /** The session has told these words back. */
  arrived(text) {
    this._waiting = this._waiting.filter((each) => plain(each) !== plain(text));
  }

  /** What was typed and is not in the conversation that is told anew stands in the line again. */
  restore(entries) {
    const told = new Set(entries.filter((each) => each.typed).map((each) => plain(each.text)));
    const missing = this._waiting.filter((each) => !told.has(plain(each)));
    this._waiting = [];
    const line = this._line;
    if (!missing.length || line.value.includes(missing.join("\n"))) return;
    line.value = [...missing, line.value].filter(Boolean).join("\n");
    toast("What you wrote last had not arrived.", {
      remedy: "It stands in the line again: send it once more.",
    });
  }

  _listen() {
    const line = this._line;
    const form = byId("composer");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.write(line.value)) line.value = "";
    });
    line.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    if (CSS.supports("field-sizing", "content")) return;
    line.addEventListener("input", () => {
      line.style.height = "auto";
      line.style.height = `${line.scrollHeight}px`;
    });
  }
}
