// May a tool run? One question at a time; to close it is a no.

import { el, openDialog } from "../elements.js";
import { asked } from "../words.js";

/** `answer(id, allowed)` is called once for each question that is not withdrawn. */
export class Consent {
  constructor(answer) {
    this._answer = answer;
    this._questions = [];
  }

  /** {id, call}: it is shown once those before it are answered. */
  ask(question) {
    this._questions.push({ ...question, shown: null });
    this._next();
  }

  /** It was answered elsewhere. */
  withdraw(id) {
    const at = this._questions.findIndex((each) => each.id === id);
    if (at < 0) return;
    const [gone] = this._questions.splice(at, 1);
    gone.shown?.withdraw();
    this._next();
  }

  /** The connection is gone, and with it who asked. */
  withdrawAll() {
    for (const each of this._questions.splice(0)) each.shown?.withdraw();
  }

  _next() {
    const [first] = this._questions;
    if (!first || first.shown) return;
    first.shown = openConsent(first.call, (allowed) => {
      this._answer(first.id, allowed);
      this._questions.shift();
      this._next();
    });
  }
}

function openConsent(call, answer) {
  let allowed = false;
  let open = true;
  const made = openDialog(
    "consent",
    "May I?",
    (body, close) => {
      const allow = () => {
        allowed = true;
        close();
      };
      const button = (name, text, click, own = {}) =>
        el("button", { type: "button", class: name, text, on: { click }, ...own });
      const no = button("button", "No", close, { autofocus: true });
      const yes = button("button strong", "Yes, do it", allow);
      body.append(
        el("p", { class: "quote", text: asked(call) }),
        el("div", { class: "buttons" }, no, yes),
      );
    },
    () => open && answer(allowed),
  );
  return {
    withdraw: () => {
      open = false;
      made.close();
    },
  };
}
