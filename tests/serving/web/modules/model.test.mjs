import assert from "node:assert/strict";
import { test } from "node:test";
import { heardWords, Model, spokenParts } from "../../../../assistant/serving/web/static/model.js";

const persona = (slug, name) => ({ slug, name, summary: "", colors: {}, face: { kind: "rings" } });
const JARVIS = persona("jarvis", "JARVIS");
const HAL = persona("hal", "HAL 9000");
const WELCOME = {
  type: "Welcome",
  version: 1,
  state: "idle",
  persona: HAL,
  personas: [JARVIS, HAL],
};

function told(...messages) {
  const model = new Model(() => 1_000_000);
  for (const message of messages) model.apply(message);
  return model;
}

const words = (model) =>
  model.entries.filter((each) => each.kind === "turn").map((each) => `${each.name}: ${each.text}`);
const chips = (model) =>
  model.entries.filter((each) => each.kind === "chip").map((each) => each.text);
const rules = (model) =>
  model.entries.filter((each) => each.kind === "divider").map((each) => each.text);

test("partial words replace each other until they are final", () => {
  const model = told(
    { type: "UserSaid", turn: 1, text: "what", final: false },
    { type: "UserSaid", turn: 1, text: "what time", final: false },
    { type: "UserSaid", turn: 1, text: "What time is it?", final: true },
  );
  assert.deepEqual(words(model), ["You: What time is it?"]);
  assert.equal(model.entries[0].partial, false);
});

test("words that came to nothing leave nothing behind", () => {
  assert.deepEqual(told({ type: "UserSaid", turn: 1, text: "", final: true }).entries, []);
});

test("the pieces of an answer are one turn", () => {
  const model = told(
    WELCOME,
    { type: "AgentSaid", turn: 2, persona: "hal", text: "Good " },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "evening." },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "", final: true, played: "Good evening." },
  );
  assert.deepEqual(words(model), ["HAL 9000: Good evening."]);
  assert.equal(model.entries[0].final, true);
});

test("a page that comes in the middle of an answer hears the rest of it once", () => {
  const model = told(
    WELCOME,
    {
      type: "Replay",
      events: [{ type: "AgentSaid", turn: 2, persona: "hal", text: "Good ", t: 3 }],
    },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "evening." },
  );
  assert.deepEqual(words(model), ["HAL 9000: Good evening."]);
});

test("of an answer that was cut, what was heard and what was not are told apart", () => {
  const model = told(
    { type: "AgentSaid", turn: 2, persona: "hal", text: "I am sorry, Dave, I cannot do that." },
    {
      type: "AgentSaid",
      turn: 2,
      persona: "hal",
      final: true,
      played: "I am sorry,",
      interrupted: true,
    },
  );
  const [entry] = model.entries;
  assert.equal(heardWords(entry), "I am sorry,");
  assert.equal(entry.text, "I am sorry, Dave, I cannot do that.");
  assert.match(model.asText(), /hal: I am sorry, —/);
});

test("the word that is being said is told from those before and behind it", () => {
  assert.deepEqual(spokenParts("Good evening, Dave.", 2), ["Good ", "evening,", " Dave."]);
  assert.deepEqual(spokenParts("Good evening.", 0), ["", "", "Good evening."]);
  assert.deepEqual(spokenParts("Good evening.", 9), ["Good evening.", "", ""]);
  assert.deepEqual(spokenParts("Good evening.", null), ["", "", "Good evening."]);
});

test("a change of persona is a line across, once, and its turns keep their names", () => {
  const model = told(
    WELCOME,
    {
      type: "Replay",
      events: [
        {
          type: "AgentSaid",
          turn: 1,
          persona: "jarvis",
          text: "Sir.",
          final: true,
          played: "Sir.",
        },
        { type: "PersonaChanged", persona: HAL },
        {
          type: "AgentSaid",
          turn: 2,
          persona: "hal",
          text: "Hello.",
          final: true,
          played: "Hello.",
        },
      ],
    },
    { type: "PersonaChanged", persona: HAL }, // as things stand
  );
  assert.deepEqual(rules(model), ["HAL 9000 takes over"]);
  assert.deepEqual(words(model), ["JARVIS: Sir.", "HAL 9000: Hello."]);
  assert.equal(model.persona.slug, "hal");
});

test("a change while it runs is told where nothing was said yet", () => {
  const model = told(WELCOME, { type: "PersonaChanged", persona: JARVIS, t: 4 });
  assert.deepEqual(rules(model), ["JARVIS takes over"]);
});

test("an earlier conversation stands before this one", () => {
  const model = told({
    type: "ConversationResumed",
    id: "x",
    began: "Saturday",
    turns: [
      { name: "You", text: "Hello.", time: "18:19", interrupted: false },
      { name: "GLaDOS", text: "Oh. It is you.", time: "18:19", interrupted: true },
    ],
  });
  assert.deepEqual(words(model), ["You: Hello.", "GLaDOS: Oh. It is you."]);
  assert.deepEqual(rules(model), ["Going on with Saturday", "Now"]);
});

const finished = (name, content, origin = "speech", ok = true) => ({
  type: "ToolFinished",
  result: { call: { name, arguments: {}, origin }, ok, content },
});

test("what a tool did is a chip, but not where the answer says it", () => {
  const model = told(
    finished("current_time", "18:19"),
    finished("set_timer", "Ten minutes."),
    finished("search_notes", "two notes", "model"),
    finished("recall", "nothing", "model", false),
  );
  assert.deepEqual(chips(model), ["Ten minutes.", "search notes: two notes", "recall: nothing"]);
});

const memory = (id, text, confidence = 0.9) => ({ id, text, confidence });

test("a memory is told once, and is gone where it is forgotten", () => {
  const model = told(
    { type: "MemoryKept", memory: memory("a", "Your parrot is called Picasso.") },
    {
      type: "MemoryRecalled",
      found: [{ id: "a", text: "Your parrot is called Picasso.", memory: memory("a", "") }],
    },
    { type: "MemoryKept", memory: memory("b", "You like tea.", 0.4) },
  );
  assert.deepEqual(chips(model), [
    "remembered: your parrot is called Picasso",
    "remembered, as a guess: you like tea",
  ]);
  model.apply({
    type: "MemoryForgotten",
    deletion: { ids: ["a"], texts: ["Your parrot is called Picasso."] },
  });
  assert.deepEqual(chips(model), ["forgotten", "remembered, as a guess: you like tea"]);
  assert.doesNotMatch(model.asText(), /Picasso/);
});

test("what was said of it is forgotten, too, and nothing else", () => {
  const model = told(
    { type: "UserSaid", turn: 1, text: "My parrot is called Picasso.", final: true },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "Good.", final: true, played: "Good." },
    { type: "MemoryForgotten", deletion: { texts: ["My parrot is called Picasso."] } },
  );
  assert.deepEqual(words(model), ["You: (forgotten)", "hal: Good."]);
  assert.doesNotMatch(model.asText(), /Picasso/);
});

test("where everything is forgotten, no turn that is over stays", () => {
  const model = told(
    { type: "UserSaid", turn: 1, text: "My parrot is called Picasso.", final: true },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "Shall I forget " },
    { type: "MemoryForgotten", deletion: { everything: true } },
    { type: "AgentSaid", turn: 2, persona: "hal", text: "it all?" },
  );
  assert.deepEqual(words(model), ["You: (forgotten)", "hal: Shall I forget it all?"]);
});

test("how fast it answers is the median of what there was", () => {
  const model = told(
    ...[0.9, 0.3, 0.5].map((latency) => ({
      type: "FirstSample",
      turn: 1,
      latency,
      stages: { voice: latency * 100, wait: 10 },
    })),
  );
  assert.equal(model.usualLatency, 0.5);
  assert.deepEqual(model.stageTable(), [
    ["wait", 10, 10],
    ["voice", 50, 50],
  ]);
});

test("a greeting has no latency", () => {
  assert.equal(told({ type: "FirstSample", turn: 1, latency: null }).usualLatency, null);
});

test("an overload is told while it is news, and no longer", () => {
  let now = 0;
  const model = new Model(() => now);
  model.apply({ type: "Dropped", counts: { microphone: 10 } });
  assert.match(model.overload(), /0\.8 s of sound lost/);
  model.apply({ type: "Dropped", counts: { microphone: 10 } });
  assert.match(model.overload(), /0\.8 s/);
  now = 61_000;
  assert.equal(model.overload(), "");
  model.apply({ type: "LagChanged", seconds: 1.5, dropped: 0, advice: "a smaller model" });
  assert.equal(model.overload(), "it is 1.5 s behind: try a smaller model");
});

test("times are known once the session's clock is", () => {
  const model = told({
    type: "Replay",
    events: [{ type: "UserSaid", turn: 1, text: "Hello.", final: true, t: 10 }],
  });
  assert.equal(model.when(model.entries[0]), null);
  model.apply({ type: "StateChanged", state: "idle", t: 40 });
  assert.equal(model.when(model.entries[0]).getTime(), 970_000); // 30 s before now
});

test("a notice with a key takes the place of the one before", () => {
  const model = told(
    { type: "Notice", text: "loading 1 of 2", key: "load" },
    { type: "Notice", text: "loading 2 of 2", key: "load" },
  );
  assert.deepEqual(
    model.log.map((each) => each.text),
    ["loading 2 of 2"],
  );
});

test("what is not known is left alone", () => {
  assert.deepEqual(told({ type: "FromTheFuture", t: 1 }).entries, []);
});
