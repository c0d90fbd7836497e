// The dialogs: personas, who answers, what is due, what happened, times, help.

import { lookOf } from "../colors.js";
import { el, icon, openDialog, setStyle } from "../elements.js";
import { portrait } from "../faces/face.js";
import { KEYS, keysOn, setKeys } from "../keys.js";
import { checkbox } from "./fields.js";
import { dueWords, SAYINGS, STAGES, timerName } from "../words.js";

/** Personas as cards, each in its own colours. */
export function openPersonas(model, dark, send) {
  openDialog("personas", "Who would you like to talk with?", (body, close) => {
    const cards = model.personas.map((each) => personaCard(each, model, dark, send, close));
    body.append(el("ul", { class: "roster" }, ...cards));
    queueMicrotask(() =>
      (body.querySelector(".current .choose") ?? body.querySelector(".choose"))?.focus(),
    );
  });
}

function personaCard(listed, model, dark, send, close) {
  const known = model.known.get(listed.slug);
  const here = listed.slug === model.persona?.slug;
  const look = known ? lookOf(known.colors, dark) : null;
  const canvas = el("canvas", { "aria-hidden": "true" });
  const name = el("strong", { text: listed.name });
  if (here) name.append(el("span", { class: "here", text: "is here" }));
  const choose = el(
    "button",
    { type: "button", class: "choose", "aria-current": here ? "true" : null },
    canvas,
    el("span", {}, name, el("span", { class: "line", text: listed.summary })),
  );
  choose.addEventListener("click", () => {
    send({ type: "SwitchPersona", slug: listed.slug });
    close();
  });
  const hear = el(
    "button",
    {
      type: "button",
      class: "hear",
      title: "Hear a sample",
      "aria-label": `Hear the voice of ${listed.name}`,
    },
    icon("wave"),
  );
  hear.addEventListener("click", () => send({ type: "PlaySample", slug: listed.slug }));
  const card = el("li", { class: here ? "persona current" : "persona" }, choose, hear);
  if (look) {
    setStyle(card, {
      "--p-surface": look.surface,
      "--p-text": look.text,
      "--p-primary": look.primary,
      "--p-line": look.line,
    });
    portrait(canvas, known, dark);
  } else canvas.hidden = true;
  return card;
}

/** Who may answer from now on. `answered` promises a `BrainsFound`. */
export function openBrains(answered, send) {
  openDialog("brains", "Who shall answer?", async (body, close) => {
    const news = el("p", {
      class: "quiet",
      role: "status",
      text: "Looking for language models on the machine …",
    });
    body.append(news);
    const { brains } = await answered;
    const picks = brains.map((brain) => {
      const told = [el("b", { text: brain.label }), el("span", { text: brain.about })];
      const pick = el(
        "button",
        { type: "button", class: "pick", "aria-current": brain.in_use ? "true" : null },
        ...told,
      );
      pick.addEventListener("click", () => {
        send({ type: "SwitchBrain", name: brain.name });
        close();
      });
      return el("li", {}, pick);
    });
    news.replaceWith(el("ul", { class: "list" }, ...picks));
  });
}

/** What is due, on a narrow screen. */
export function openToday(model, write, stop) {
  openDialog("today", "Today", (body, close) => {
    const { timers, ringing } = model.status;
    const line = (timer) => {
      const cancel = el("button", {
        type: "button",
        class: "button",
        text: "Cancel",
        "aria-label": `Cancel the ${timerName(timer)}`,
        on: {
          click: () => {
            write(`cancel the ${timerName(timer)}`);
            close();
          },
        },
      });
      const every = timer.every ? ` · ${timer.every}` : "";
      return el(
        "li",
        { class: "row" },
        el(
          "span",
          {},
          el("b", { text: `${dueWords(timer, Date.now())} ` }),
          `${timerName(timer)}${every}`,
        ),
        cancel,
      );
    };
    if (ringing.length)
      body.append(
        el("button", {
          type: "button",
          class: "button strong",
          text: `Stop ringing: ${ringing.map(timerName).join(", ")}`,
          on: {
            click: () => {
              stop();
              close();
            },
          },
        }),
      );
    if (timers.length) body.append(el("ul", { class: "list" }, ...timers.map(line)));
    else
      body.append(
        el("p", {
          class: "quiet",
          text: "Nothing is due. Say: remind me at six to call Ada, or: set a timer for ten minutes.",
        }),
      );
  });
}

/** The log, the newest first. */
export function openLog(model, save) {
  openDialog("log", "What happened", (body) => {
    const lines = [...model.log]
      .reverse()
      .map((each) =>
        el(
          "li",
          { style: { "--tone": `var(--${each.tone})` } },
          el("time", { text: model.when(each)?.toLocaleTimeString("en-GB") ?? "before" }),
          el("span", { class: "sign", "aria-hidden": "true", text: each.sign }),
          el("span", { text: each.text }),
        ),
      );
    const keep = el("button", {
      type: "button",
      class: "button",
      text: "Save as text",
      on: { click: save },
    });
    body.append(
      lines.length
        ? el("ul", { class: "happened" }, ...lines)
        : el("p", { class: "quiet", text: "Nothing yet." }),
      el("div", { class: "buttons" }, keep),
    );
  });
}

/** Where the time of the answers went. */
export function openTimes(model) {
  openDialog("times", "Where the time went", (body) => {
    if (!model.latencies.length) {
      body.append(
        el("p", {
          class: "quiet",
          text: "No answer yet. It is counted from the end of your words to the first sound of the answer.",
        }),
      );
      return;
    }
    const cell = (tag, text, own = {}) => el(tag, { text, ...own });
    const rows = model
      .stageTable()
      .map(([name, last, usual]) =>
        el(
          "tr",
          {},
          cell("th", STAGES[name] ?? name, { scope: "row" }),
          cell("td", `${Math.round(last)} ms`),
          cell("td", `${Math.round(usual)} ms`),
        ),
      );
    const head = el(
      "tr",
      {},
      cell("th", "Stage", { scope: "col" }),
      cell("th", "Last", { scope: "col" }),
      cell("th", "Usually", { scope: "col" }),
    );
    const foot = el(
      "tr",
      {},
      cell("th", "In all", { scope: "row" }),
      cell("td", `${model.latencies.at(-1).toFixed(2)} s`),
      cell("td", `${model.usualLatency.toFixed(2)} s`),
    );
    const count = model.latencies.length;
    body.append(
      el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows), el("tfoot", {}, foot)),
      el("p", {
        class: "quiet",
        text: `Of ${count} ${count === 1 ? "answer" : "answers"} since this page came.`,
      }),
    );
  });
}

const NAMED = { " ": "space", Escape: "esc" };

/** What one can say, and all keys. */
export function openHelp(model) {
  openDialog("help", "Help", (body) => {
    const other = model.personas.find((each) => each.slug !== model.persona?.slug)?.name ?? "Wren";
    const says = SAYINGS.flatMap(([subject, words]) => [
      el("dt", { text: subject }),
      el("dd", { text: words.map((each) => `“${each.replace("{other}", other)}”`).join(", ") }),
    ]);
    const keys = KEYS.flatMap(([each, , what]) => {
      const shown = each.length > 3 ? [each[0], "…", each.at(-1)] : each;
      return [
        el("dt", {}, ...shown.map((key) => el("kbd", { text: NAMED[key] ?? key }))),
        el("dd", { text: what }),
      ];
    });
    body.append(
      el("h3", { text: "What you can say" }),
      el("dl", { class: "says" }, ...says),
      el("h3", { text: "Keys" }),
      checkbox("Single keys do something while no text is written", keysOn(), setKeys),
      el("dl", { class: "keys" }, ...keys),
    );
  });
}

/** What a narrow screen has no room for. */
export function openMore(items) {
  openDialog("more", "More", (body, close) => {
    body.append(
      el(
        "div",
        { class: "list" },
        ...items.map(([title, act]) =>
          el(
            "button",
            {
              type: "button",
              class: "pick",
              on: {
                click: () => {
                  close();
                  act();
                },
              },
            },
            el("b", { text: title }),
          ),
        ),
      ),
    );
  });
}
