import assert from "node:assert/strict";
import { test } from "node:test";
import { Requests } from "../../../../assistant/serving/web/static/panels/requests.js";
import { goingOn } from "../../../../assistant/serving/web/static/words.js";

function asked() {
  const sent = [];
  return { sent, requests: new Requests((command) => sent.push(command) > 0) };
}

test("each answer goes to who asked, in whatever order they come", async () => {
  const { sent, requests } = asked();
  const first = requests.ask({ type: "AskMemory" });
  const second = requests.ask({ type: "AskConversations" });
  assert.notEqual(sent[0].id, sent[1].id);
  requests.take({ type: "ConversationsFound", id: sent[1].id, conversations: [] });
  requests.take({ type: "MemoryFound", id: sent[0].id, memories: [] });
  assert.equal((await first).type, "MemoryFound");
  assert.equal((await second).type, "ConversationsFound");
});

test("what failed, and what no connection carries, is told with what helps", async () => {
  const { sent, requests } = asked();
  const failed = requests.ask({ type: "ReadConversation" });
  requests.take({ type: "RequestFailed", id: sent[0].id, text: "It is gone.", remedy: "Look." });
  await assert.rejects(failed, ({ text, remedy }) => text === "It is gone." && remedy === "Look.");
  const lost = requests.ask({ type: "AskMemory" });
  requests.lose();
  await assert.rejects(lost, (problem) => Boolean(problem.text && problem.remedy));
  const never = new Requests(() => false).ask({ type: "AskMemory" });
  await assert.rejects(never, (problem) => Boolean(problem.text && problem.remedy));
});

test("an answer of an older connection is nobody's", () => {
  const { requests } = asked();
  requests.take({ type: "MemoryFound", id: 7, memories: [] });
});

test("what going on means is said where whoever answers is not told what was said", () => {
  assert.equal(goingOn("qwen3-1.7b · own server", "cascade"), "");
  assert.equal(goingOn("scripted", "cascade"), "");
  assert.match(goingOn("", "moshi-mlx"), /^Moshi answers by itself/);
  assert.match(goingOn("the model itself", "echo"), /^The echo answers nothing/);
});
