// What is remembered of the user: to be looked at, searched and forgotten.

import { el, openDialog, say, toast } from "../elements.js";
import { sentence } from "../words.js";

const TYPING = 250; // milliseconds after the last letter
const KINDS = {
  personal: "about you",
  emotional: "how you felt",
  contextual: "what is going on",
  relational: "people",
  temporal: "dates and habits",
};

/** What one asks the session about memory. Rejects with {text, remedy}. */
export class MemoryDesk {
  /** `requests` is a `Requests`. */
  constructor(requests) {
    this._requests = requests;
  }

  /** The newest of what is remembered, or what fits the words. */
  ask(words = "") {
    return this._requests.ask({ type: "AskMemory", words });
  }

  /** What forgetting these would take along: a `DeletionPreview`. */
  async preview(ids) {
    return (await this._requests.ask({ type: "ForgetMemories", ids, sure: false })).preview;
  }

  async forget(ids) {
    await this._requests.ask({ type: "ForgetMemories", ids, sure: true });
  }
}

/** The panel. `at`: the id or the words of a memory that is to be seen first. */
export function openMemory(desk, at = "") {
  const search = el("input", {
    type: "search",
    id: "memory-words",
    autocomplete: "off",
    placeholder: "Look for something",
  });
  const news = el("p", { class: "quiet", role: "status", text: "Reading …" });
  const list = el("ul", { class: "memories" });
  const forget = el("button", {
    type: "button",
    class: "button danger",
    text: "Forget what is ticked",
    disabled: true,
  });
  let timer = 0;
  let asked = 0;

  const ticked = () => [...list.querySelectorAll("input:checked")].map((each) => each.value);
  list.addEventListener("change", () => (forget.disabled = ticked().length === 0));

  async function look() {
    const words = search.value.trim();
    const number = (asked += 1);
    try {
      const found = await desk.ask(words);
      if (number === asked) show(found, words);
    } catch (problem) {
      if (number === asked) say(news, sentence(problem.text, problem.remedy));
    }
  }

  function show(found, words) {
    const current = found.memories.filter((each) => !each.replaced_by);
    list.replaceChildren(...current.map(memoryItem));
    forget.disabled = true;
    const none = words ? "Nothing like that is remembered." : "Nothing yet. Say: remember that …";
    const off = found.private
      ? "This conversation is private: nothing of it is kept. "
      : found.enabled
        ? ""
        : "Memory is off. ";
    say(
      news,
      off +
        (current.length
          ? `${current.length} ${current.length === 1 ? "memory" : "memories"}`
          : none),
    );
    const wanted =
      at &&
      [...list.children].find((each) => each.dataset.id === at || each.textContent.includes(at));
    if (wanted) wanted.scrollIntoView({ block: "center" });
    at = "";
  }

  const { body } = openDialog(
    "memory",
    "What I know about you",
    (into) => {
      const buttons = el("div", { class: "buttons sticky" }, forget);
      into.append(
        el("label", { class: "unseen", for: "memory-words", text: "Look for something" }),
        search,
        news,
        list,
        buttons,
      );
    },
    () => clearTimeout(timer),
  );
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, TYPING);
  });
  forget.addEventListener("click", () => askToForget(desk, ticked(), look));
  look();
  return { body, look };
}

function memoryItem(memory) {
  const box = el("input", { type: "checkbox", id: `memory-${memory.id}`, value: memory.id });
  const when = new Date(memory.at).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  const guess = memory.confidence < 0.5 ? " · a guess" : "";
  const small = el("small", {
    text: `${KINDS[memory.category] ?? memory.category} · ${when}${guess}`,
  });
  const item = el("li", {}, box, el("label", { for: box.id }, memory.text, small));
  item.dataset.id = memory.id;
  return item;
}

/** What would go is shown before it goes. */
async function askToForget(desk, ids, done) {
  try {
    const preview = await desk.preview(ids);
    openDialog("forget", "Forget this?", (body, close) => {
      const texts = [
        ...new Set(
          preview.texts.length ? preview.texts : preview.memories.map((each) => each.text),
        ),
      ];
      const turns = preview.turns.length;
      const note = turns
        ? `It is told in ${turns} ${turns === 1 ? "turn" : "turns"} of conversations, which go with it. `
        : "";
      const keep = el("button", {
        type: "button",
        class: "button",
        text: "Keep it",
        autofocus: true,
        on: { click: close },
      });
      const go = el("button", {
        type: "button",
        class: "button danger",
        text: "Forget it for good",
      });
      go.addEventListener("click", async () => {
        go.disabled = true;
        try {
          await desk.forget(ids);
          close();
          await done();
          toast("Forgotten.");
        } catch (problem) {
          go.disabled = false;
          toast(problem.text, { remedy: problem.remedy, severity: "error" });
        }
      });
      const lines = texts.slice(0, 30).map((text) => el("li", { class: "quote", text }));
      if (texts.length > 30)
        lines.push(el("li", { class: "quiet", text: `and ${texts.length - 30} more` }));
      body.append(
        el("ul", { class: "list" }, ...lines),
        el("p", { class: "quiet", text: `${note}This cannot be undone.` }),
        el("div", { class: "buttons" }, keep, go),
      );
    });
  } catch (problem) {
    toast(problem.text, { remedy: problem.remedy, severity: "error" });
  }
}
