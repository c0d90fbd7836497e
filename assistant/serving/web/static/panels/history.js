// Earlier conversations: listed, searched, read, copied, and gone on with.

import { el, openDialog, say, toast } from "../elements.js";
import { sentence } from "../words.js";

const TYPING = 250; // milliseconds after the last letter

/** What one asks the session about earlier conversations. Rejects with {text, remedy}. */
export class HistoryDesk {
  /** `requests` is a `Requests`. */
  constructor(requests) {
    this._requests = requests;
    this.shown = null; // the panel, while it is open: whom `forgotten` is told
  }

  /** Something was forgotten: what is shown may hold it. */
  forgotten() {
    this.shown?.();
  }

  /** The newest, or those in which all of the words were said. */
  async find(words = "") {
    return (await this._requests.ask({ type: "AskConversations", words })).conversations;
  }

  /** One of them: a `ConversationRead`. */
  read(conversation) {
    return this._requests.ask({ type: "ReadConversation", conversation });
  }

  async resume(conversation) {
    await this._requests.ask({ type: "ResumeConversation", conversation });
  }
}

/** The panel. `goingOn` says what going on means, where it is less than one might think. */
export function openHistory({ desk, goingOn, copy }) {
  const finder = new Finder(desk, (listed) => reader.open(listed));
  const reader = new Reader(desk, {
    copy,
    back: (listed) => {
      finder.box.hidden = false;
      finder.focus(listed);
    },
    opened: () => (finder.box.hidden = true),
    resumed: () => close(),
    failed: (problem) => finder.tell(sentence(problem.text, problem.remedy)),
  });
  const note = el("p", { class: "quiet", text: goingOn });
  note.hidden = !goingOn;
  const { close, dialog } = openDialog(
    "history",
    "Earlier conversations",
    (body) => body.append(finder.box, reader.box, note),
    () => {
      finder.stop();
      desk.shown = null;
    },
  );
  desk.shown = () => {
    if (!reader.box.hidden) reader.leave();
    finder.look();
  };
  // As in the terminal: escape leaves what is read for the list, then the list.
  dialog.addEventListener("cancel", (event) => {
    if (reader.box.hidden) return;
    event.preventDefault();
    reader.leave();
  });
  finder.look().then(() => finder.begin());
}

/** The list, and the line to search it. */
class Finder {
  constructor(desk, choose) {
    this._desk = desk;
    this._choose = choose;
    this._asked = 0;
    this._timer = 0;
    this._search = el("input", {
      type: "search",
      id: "history-words",
      autocomplete: "off",
      maxLength: 200,
      placeholder: "Look for what was said",
      on: { input: () => this._soon() },
    });
    this._news = el("p", { class: "quiet", role: "status", text: "Reading …" });
    this._list = el("ul", { class: "list" });
    this.box = el(
      "div",
      { class: "list", on: { keydown: (event) => this._move(event) } },
      el("label", { class: "unseen", for: "history-words", text: "Look for what was said" }),
      this._search,
      this._news,
      this._list,
    );
  }

  async look() {
    const words = this._search.value.trim();
    const number = (this._asked += 1);
    try {
      const found = await this._desk.find(words);
      if (number === this._asked) this._show(found, words);
    } catch (problem) {
      if (number === this._asked) this.tell(sentence(problem.text, problem.remedy));
    }
  }

  /** The newest first, unless somebody is somewhere else already. */
  begin() {
    if (!this.box.contains(document.activeElement)) this._rows[0]?.focus();
  }

  /** To the row of this one, else to the search. */
  focus(listed) {
    const row = this._rows.find((each) => each.dataset.id === listed?.conversation);
    (row ?? this._search).focus();
  }

  tell(text) {
    say(this._news, text);
  }

  stop() {
    clearTimeout(this._timer);
    this._asked += 1;
  }

  get _rows() {
    return [...this._list.querySelectorAll("button")];
  }

  _soon() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.look(), TYPING);
  }

  _show(found, words) {
    const rows = found.map((each) => conversationRow(each, () => this._choose(each)));
    this._list.replaceChildren(...rows);
    const count = `${found.length} ${found.length === 1 ? "conversation" : "conversations"}`;
    const none = words ? `Nobody said “${words}”.` : "There are no saved conversations.";
    this.tell(found.length ? count : none);
  }

  /** Up and down, between the search and the rows. */
  _move(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.isComposing) return;
    const places = [this._search, ...this._rows];
    const next = places[places.indexOf(event.target) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

function conversationRow(listed, choose) {
  const { conversation, began, turns, names, first } = listed;
  const who = names.join(", ") || "nobody";
  const row = el(
    "button",
    { type: "button", class: "pick", on: { click: choose } },
    el("b", { text: began }),
    el("span", { text: `with ${who} · ${turns} ${turns === 1 ? "turn" : "turns"}` }),
    el("span", { class: "first", text: first }),
  );
  row.dataset.id = conversation;
  return el("li", {}, row);
}

/** One conversation, to be read. */
class Reader {
  constructor(desk, { back, opened, resumed, failed, copy }) {
    Object.assign(this, { _desk: desk, _back: back, _opened: opened });
    Object.assign(this, { _resumed: resumed, _failed: failed, _copy: copy });
    this.box = el("div", { class: "list" });
    this.box.hidden = true;
    this._listed = null;
  }

  async open(listed) {
    this._listed = listed;
    try {
      const read = await this._desk.read(listed.conversation);
      if (this._listed === listed && this.box.isConnected) this._show(read);
    } catch (problem) {
      this._failed(problem);
    }
  }

  leave() {
    const listed = this._listed;
    this._listed = null;
    this.box.hidden = true;
    this.box.replaceChildren();
    this._back(listed);
  }

  _show(read) {
    const title = el("h3", { id: "history-title", text: read.began });
    const turns = el("ol", { class: "turns past" }, ...read.turns.map(pastTurn));
    if (read.before) {
      const count = `${read.before} ${read.before === 1 ? "turn" : "turns"} before`;
      turns.prepend(el("li", { class: "quiet", text: `… ${count}` }));
    }
    const page = el("section", { tabIndex: 0, "aria-labelledby": title.id }, title, turns);
    const button = (text, click, kind = "") =>
      el("button", { type: "button", class: `button ${kind}`, text, on: { click } });
    const resume = button("Go on with it", () => this._resume(read, resume), "strong");
    const buttons = el(
      "div",
      { class: "buttons sticky" },
      button("All conversations", () => this.leave()),
      button("Copy", () => this._copy(asText(read))),
      resume,
    );
    this.box.replaceChildren(page, buttons);
    this.box.hidden = false;
    this._opened();
    page.focus({ preventScroll: true });
    this.box.parentElement.scrollTop = 0;
  }

  async _resume(read, button) {
    button.disabled = true;
    try {
      await this._desk.resume(read.conversation);
      this._resumed();
    } catch (problem) {
      button.disabled = false;
      toast(problem.text, { remedy: problem.remedy, severity: "error", key: "resume" });
    }
  }
}

function pastTurn({ name, text, time = "", interrupted = false }) {
  const by = el("span", { class: "by", text: name });
  const cut = interrupted ? el("span", { class: "quiet", text: "interrupted" }) : null;
  return el(
    "li",
    { class: `turn ${name === "You" ? "user" : "agent"}` },
    el("p", { class: "head" }, by, el("time", { text: time }), cut),
    el("p", { class: "words", text }),
  );
}

function asText(read) {
  const lines = read.turns.map(({ name, text, time = "" }) => `${name} (${time}): ${text}`);
  return [read.began, ...lines].join("\n\n");
}
