// May a tool run? One question at a time; to close it is a no.

import { el, openDialog } from "../elements.js";
import { ASKED_BY, spelledOut } from "../words.js";

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
  const fill = (body, close) => {
    const allow = () => {
      allowed = true;
      close();
    };
    const button = (name, text, click, own = {}) =>
      el("button", { type: "button", class: name, text, on: { click }, ...own });
    const no = button("button", "No", close, { autofocus: true });
    const yes = button("button strong", "Yes, once", allow);
    body.append(...told(call), el("div", { class: "buttons" }, no, yes));
  };
  const made = openDialog("consent", "May this run?", fill, () => open && answer(allowed));
  return {
    withdraw: () => {
      open = false;
      made.close();
    },
  };
}

/** Who wants to run what, and with what: all of it, to the letter. */
function told({ name, arguments: given = {}, origin = "model" }) {
  const who = ASKED_BY[origin] ?? ASKED_BY.model;
  const lines = [el("p", {}, `${who} `, el("strong", { text: spelledOut(name) }), ".")];
  const pair = ([key, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [el("dt", { text: spelledOut(key) }), el("dd", { text: spelledOut(text) })];
  };
  const pairs = Object.entries(given).flatMap(pair);
  if (pairs.length) lines.push(el("dl", { class: "quote given" }, ...pairs));
  return lines;
}
