import assert from "node:assert/strict";
import { test } from "node:test";
import {
  GraphReader,
  TrackReader,
  readsTracks,
} from "../../../../assistant/serving/web/static/sound/microphone.js";

/** A browser's reader of tracks that gives these pieces, and then waits. */
function givesPieces(pieces) {
  const waiting = [...pieces];
  const made = [];
  globalThis.AudioData = class {};
  globalThis.MediaStreamTrackProcessor = class {
    constructor(options) {
      made.push(options);
      this.readable = new ReadableStream({
        pull(controller) {
          if (waiting.length) controller.enqueue(waiting.shift());
        },
      });
    }
  };
  return made;
}

function piece(sampleRate, ...channels) {
  return {
    sampleRate,
    numberOfFrames: channels[0].length,
    numberOfChannels: channels.length,
    copyTo: (out, { planeIndex }) => out.set(channels[planeIndex]),
    close() {
      this.closed = true;
    },
  };
}

const constant = (count, value) => new Float32Array(count).fill(value);
const stream = { getAudioTracks: () => ["the track"] };
const soon = () => new Promise((done) => setTimeout(done, 20));

test("a track at the device's own rate comes in messages of 20 ms at 24,000 Hz", async () => {
  const pieces = Array.from({ length: 50 }, () => piece(48_000, constant(480, 0.5)));
  const made = givesPieces(pieces);
  const heard = [];
  new TrackReader((message) => heard.push(message)).join(stream);
  await soon();
  assert.equal(made[0].track, "the track");
  assert.ok(made[0].maxBufferSize >= 100, "a second may wait for the page");
  assert.equal(heard.length, 25);
  assert.ok(Math.abs(new Int16Array(heard[10])[100] - 16_384) < 40);
  assert.ok(pieces.every((each) => each.closed), "the browser has its memory back");
});

test("of two channels both are heard", async () => {
  givesPieces([piece(24_000, constant(480, 0.5), constant(480, 0.1))]);
  const heard = [];
  new TrackReader((message) => heard.push(message)).join(stream);
  await soon();
  assert.ok(Math.abs(new Int16Array(heard[0])[0] - 0.3 * 32_767) < 2);
});

test("after its end nothing is heard, and another track takes the place of the first", async () => {
  givesPieces([]);
  const heard = [];
  const reader = new TrackReader((message) => heard.push(message));
  reader.join(stream);
  givesPieces([piece(24_000, constant(480, 0.2))]);
  reader.join(stream);
  await soon();
  assert.equal(heard.length, 1);
  givesPieces([piece(24_000, constant(480, 0.2))]);
  reader.join(stream);
  reader.end();
  await soon();
  assert.equal(heard.length, 1);
});

test("a browser that lets no page read a track takes the way through the graph", () => {
  assert.ok(!readsTracks({}));
  assert.ok(!readsTracks({ MediaStreamTrackProcessor: class {} }), "of pictures only");
  assert.ok(readsTracks({ MediaStreamTrackProcessor: class {}, AudioData: class {} }));
});

test("in the graph a new microphone takes the place of the old one", () => {
  const events = [];
  const context = {
    destination: "speaker",
    createMediaStreamSource: (from) => ({
      connect: () => events.push(`+${from}`),
      disconnect: () => events.push(`-${from}`),
    }),
  };
  globalThis.AudioWorkletNode = class {
    port = { postMessage: (message) => events.push(message) };
    connect(to) {
      events.push(to);
    }
  };
  const reader = new GraphReader(context, () => {});
  reader.join("one");
  reader.join("two");
  reader.end();
  assert.deepEqual(events, ["speaker", "+one", "-one", "+two", "end"]);
});
