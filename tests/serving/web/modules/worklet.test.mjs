import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MicrophoneMessages,
  PlaybackBuffer,
  PlaybackStream,
  Resampler,
} from "../../../../assistant/serving/web/static/sound/worklet.js";

const BLOCK = 128; // what an audio thread asks for at a time
const MESSAGE = 480;

const loud = (count = MESSAGE) => new Float32Array(count).fill(0.5);
const quiet = (count = MESSAGE) => new Float32Array(count);

function read(buffer, count) {
  const out = new Float32Array(count);
  for (let at = 0; at < count; at += BLOCK)
    buffer.read(out.subarray(at, Math.min(count, at + BLOCK)));
  return out;
}

/** The largest step from one sample to the next: a click, where it is large. */
function largestStep(samples) {
  let largest = 0;
  for (let at = 1; at < samples.length; at += 1)
    largest = Math.max(largest, Math.abs(samples[at] - samples[at - 1]));
  return largest;
}

test("nothing sounds until 60 ms wait, then all of it in order", () => {
  const buffer = new PlaybackBuffer();
  buffer.push(loud());
  buffer.push(loud());
  assert.ok(read(buffer, BLOCK).every((each) => each === 0));
  buffer.push(loud());
  const heard = read(buffer, 1_280);
  assert.ok(heard.slice(300).every((each) => each === 0.5));
  assert.equal(buffer.played, 1_280);
});

test("the beginning, a gap and the way on have no click", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 4; count += 1) buffer.push(loud());
  const parts = [read(buffer, 2_560)]; // runs dry
  assert.equal(buffer.underruns, 1);
  for (let count = 0; count < 6; count += 1) buffer.push(loud());
  parts.push(read(buffer, 1_280));
  const heard = Float32Array.from(parts.flatMap((each) => [...each]));
  assert.ok(heard[heard.length - 1] === 0.5);
  assert.ok(largestStep(heard) < 0.03, String(largestStep(heard)));
});

test("each underrun lets more wait, and a long calm less again", () => {
  const buffer = new PlaybackBuffer();
  const begin = buffer.lead;
  for (let count = 0; count < 4; count += 1) buffer.push(loud());
  read(buffer, 2_560);
  assert.equal(buffer.lead, begin + MESSAGE);
  for (let count = 0; count < 40; count += 1) buffer.push(quiet());
  for (let second = 0; second < 31 * 50; second += 1) {
    buffer.push(loud());
    read(buffer, MESSAGE);
  }
  assert.equal(buffer.lead, begin);
  assert.equal(buffer.underruns, 1);
});

test("what came late in one piece is made up for in the next silence, and in no word", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 15; count += 1) buffer.push(loud());
  for (let count = 0; count < 60; count += 1) {
    read(buffer, MESSAGE);
    buffer.push(loud());
  }
  assert.ok(buffer.buffered > 6_000, "words are never shortened");
  for (let count = 0; count < 100; count += 1) {
    read(buffer, MESSAGE);
    buffer.push(quiet());
  }
  assert.ok(buffer.buffered <= 1_440 + MESSAGE, String(buffer.buffered));
  assert.equal(buffer.underruns, 0);
});

test("a network that is steady costs nothing", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 3; count += 1) buffer.push(quiet());
  for (let count = 0; count < 500; count += 1) {
    read(buffer, MESSAGE);
    buffer.push(quiet());
  }
  assert.equal(buffer.underruns, 0);
  assert.equal(buffer.dropped, 0);
});

test("never more than 400 ms wait: silences go first", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 10; count += 1) buffer.push(loud());
  for (let count = 0; count < 10; count += 1) buffer.push(quiet());
  for (let count = 0; count < 8; count += 1) buffer.push(loud());
  assert.ok(buffer.buffered <= 9_600);
  const heard = read(buffer, buffer.buffered);
  const words = heard.filter((each) => Math.abs(each) > 0.45).length;
  assert.ok(words > 18 * MESSAGE - 500, "all words are there");
});

test("where there is no silence, the oldest goes", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 40; count += 1)
    buffer.push(new Float32Array(MESSAGE).fill(0.1 + count / 100));
  assert.equal(buffer.buffered, 9_600);
  assert.ok(Math.abs(read(buffer, BLOCK * 8)[1_000] - (0.1 + 22 / 100)) < 0.03);
});

test("a burst of many seconds does no harm", () => {
  const buffer = new PlaybackBuffer();
  buffer.push(loud(24_000 * 30));
  assert.ok(buffer.buffered <= 9_600);
  assert.ok(
    read(buffer, 4_800)
      .slice(300)
      .every((each) => each === 0.5),
  );
});

test("an interruption leaves ten milliseconds, which fade", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 10; count += 1) buffer.push(loud());
  read(buffer, 1_280);
  buffer.flush();
  assert.equal(buffer.buffered, 240);
  const rest = read(buffer, 1_024);
  assert.ok(rest.slice(300).every((each) => Math.abs(each) < 0.001));
  assert.ok(largestStep(rest) < 0.03);
  assert.equal(buffer.underruns, 0, "an interruption is no gap");
});

test("after an interruption it sounds again", () => {
  const buffer = new PlaybackBuffer();
  for (let count = 0; count < 10; count += 1) buffer.push(loud());
  read(buffer, 1_280);
  buffer.flush();
  read(buffer, 512);
  for (let count = 0; count < 4; count += 1) buffer.push(loud());
  assert.ok(read(buffer, 1_280).at(-1) === 0.5);
});

function sine(rate, hertz, seconds) {
  return Float32Array.from({ length: rate * seconds }, (_, at) =>
    Math.sin((2 * Math.PI * hertz * at) / rate),
  );
}

function power(samples) {
  return samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
}

/** By pieces, as the audio thread gives them. */
function resampled(from, to, samples) {
  const resampler = new Resampler(from, to);
  const parts = [];
  for (let at = 0; at < samples.length; at += BLOCK)
    parts.push(...resampler.push(samples.subarray(at, at + BLOCK)));
  return Float32Array.from(parts);
}

for (const rate of [16_000, 44_100, 48_000]) {
  test(`a voice at ${rate} Hz is the same one at 24,000`, () => {
    const made = resampled(rate, 24_000, sine(rate, 440, 1));
    assert.ok(Math.abs(made.length - 24_000) < 60, String(made.length));
    const wanted = sine(24_000, 440, 1);
    // The delay of the filter is not known here: the best fit of a few counts.
    const errors = Array.from({ length: 120 }, (_, shift) =>
      power(made.slice(2_000, 20_000).map((each, at) => each - wanted[at + 2_000 - shift])),
    );
    const plain = power(made.slice(2_000, 20_000));
    assert.ok(Math.abs(plain - 0.5) < 0.01, String(plain));
    assert.ok(Math.min(...errors) < 0.02, String(Math.min(...errors)));
  });
}

test("what 24,000 Hz cannot tell does not come back as another tone", () => {
  const made = resampled(48_000, 24_000, sine(48_000, 17_000, 1));
  assert.ok(power(made.slice(1_000, -1_000)) < 0.001);
});

test("the microphone comes in messages of 20 ms of whole numbers, and never beyond full scale", () => {
  const messages = new MicrophoneMessages(24_000);
  const done = [];
  for (let count = 0; count < 30; count += 1)
    done.push(...messages.push(new Float32Array(BLOCK).fill(2)));
  assert.equal(done.length, 8);
  assert.ok(done.every((each) => each.byteLength === 960));
  assert.equal(new Int16Array(done[0])[0], 32_767);
});

test("a context of another rate hears all of it, in time", () => {
  const stream = new PlaybackStream(48_000);
  const out = new Float32Array(BLOCK);
  let heard = 0;
  for (let at = 0; at < 48_000; at += BLOCK) {
    if (at % 960 < BLOCK) stream.buffer.push(loud());
    stream.read(out);
    heard += out.filter((each) => Math.abs(each - 0.5) < 0.02).length;
  }
  assert.equal(stream.buffer.underruns, 0);
  assert.ok(heard > 40_000, String(heard));
});
