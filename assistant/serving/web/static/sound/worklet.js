// Sound on the audio thread: the microphone in messages of 20 ms, and what the assistant says out of
// a buffer that is as short as the network allows. All time here is counted in samples of 24 kHz.

const RATE = 24_000;
const MESSAGE = 480; // samples, 20 ms
const FIRST_LEAD = 1_440; // samples that wait before the first is played: 60 ms
const MOST = 9_600; // samples that may wait: 400 ms
const LEAD_STEP = 480; // what an underrun adds to the lead
const CALM = 30 * RATE; // samples without an underrun after which the lead shrinks again
const FADE = 240; // samples, 10 ms
const SILENT = 0.003; // absolute sample value, -50 dBFS
const SHORTEST_SILENCE = 120; // samples in a row that count as one
const WINDOW = RATE / 2; // samples over which the least that waited is looked for
const REPORT = RATE / 10;

function commonDivisor(one, other) {
  return other === 0 ? one : commonDivisor(other, one % other);
}

/**
 * Another sampling rate: windowed sinc, low-passed at the lower of both Nyquist frequencies. Output
 * samples stand at multiples of from ÷ to, so there are but few places between two input samples
 * where one can stand: the weights for each are made once (a polyphase filter).
 */
export class Resampler {
  constructor(from, to, taps = 16) {
    const common = commonDivisor(from, to);
    this._phases = to / common;
    this._step = from / common; // in phases
    const cut = Math.min(1, to / from);
    this._half = Math.ceil(taps / cut);
    this._weights = Array.from({ length: this._phases }, (_, phase) =>
      this._weightsAt(phase / this._phases, cut),
    );
    this._kept = new Float32Array(this._half * 2);
    this._at = this._half * this._phases; // of the next output sample, in phases of what is kept
  }

  /** Float32 [n] in → Float32 [about n × to ÷ from]. State goes on from call to call. */
  push(samples) {
    if (this._step === this._phases) return samples;
    const all = new Float32Array(this._kept.length + samples.length);
    all.set(this._kept);
    all.set(samples, this._kept.length);
    const end = (all.length - this._half) * this._phases;
    const out = new Float32Array(Math.max(0, Math.ceil((end - this._at) / this._step)));
    let made = 0;
    for (; this._at < end; this._at += this._step) out[made++] = this._sum(all);
    const keep = Math.max(0, Math.floor(this._at / this._phases) - this._half);
    this._kept = all.slice(keep);
    this._at -= keep * this._phases;
    return out.subarray(0, made);
  }

  _sum(all) {
    const weights = this._weights[this._at % this._phases];
    const first = Math.floor(this._at / this._phases) - this._half + 1;
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap += 1) sum += (all[first + tap] ?? 0) * weights[tap];
    return sum;
  }

  /** Of the samples around a place that is `part` of a sample behind one. */
  _weightsAt(part, cut) {
    return Float64Array.from({ length: 2 * this._half }, (_, tap) => {
      const away = tap - this._half + 1 - part;
      const x = Math.PI * away * cut;
      const sinc = Math.abs(x) < 1e-6 ? 1 : Math.sin(x) / x;
      return cut * sinc * (0.5 + 0.5 * Math.cos((Math.PI * away) / this._half));
    });
  }
}

/** How many samples of silence stand at `from`. */
function silence(samples, from, to) {
  let at = from;
  while (at < to && Math.abs(samples[at]) < SILENT) at += 1;
  return at - from;
}

/**
 * What waits to be played. It begins once `lead` samples wait; an underrun fades out, makes the lead
 * longer and begins so again; what is too much goes in silences only, or, past 400 ms, where there
 * is no silence, from the oldest on.
 */
export class PlaybackBuffer {
  constructor() {
    this._samples = new Float32Array(4 * MOST);
    this._from = 0;
    this._to = 0;
    this._begun = false;
    this._fadeIn = 0;
    this._tail = 0; // the last sample played, which fades where nothing follows
    this._lowest = Infinity;
    this._window = 0;
    this._calm = 0;
    this._last = Infinity; // samples until it begins anew: after an interruption
    this.lead = FIRST_LEAD;
    this.played = 0;
    this.underruns = 0;
    this.dropped = 0;
  }

  get buffered() {
    return this._to - this._from;
  }

  /** Float32 [n] more to be played. */
  push(samples) {
    if (this._to + samples.length > this._samples.length) this._compact();
    const room = this._samples.length - this._to;
    this._samples.set(samples.subarray(Math.max(0, samples.length - room)), this._to);
    this._to += Math.min(samples.length, room);
    if (this.buffered > MOST) this._shorten(this.buffered - MOST);
  }

  /** Fill `out` with what is to be heard now. */
  read(out) {
    if (!this._begun) {
      if (this.buffered < this.lead) {
        this._fall(out, 0);
        return;
      }
      this._begun = true;
      this._fadeIn = FADE;
    }
    this._shrink(out.length);
    const count = Math.min(out.length, this.buffered, this._last);
    for (let place = 0; place < count; place += 1) out[place] = this._samples[this._from + place];
    this._from += count;
    this._last -= count;
    this.played += count;
    this._lowest = Math.min(this._lowest, this.buffered);
    this._rise(out, count);
    if (count) this._tail = out[count - 1];
    if (this._last === 0) this._end(out, count);
    else if (count < out.length) this._runDry(out, count);
    else this._rest(count);
  }

  /** Drop everything but 10 ms, which fade. */
  flush() {
    const kept = Math.min(FADE, this.buffered);
    for (let place = 0; place < kept; place += 1)
      this._samples[this._from + place] *= 1 - (place + 1) / kept;
    this.dropped += this.buffered - kept;
    this._to = this._from + kept;
    if (this._begun) this._last = kept;
  }

  /** Nothing is expected any more: what is missing is no gap. */
  stop() {
    this.flush();
    this._begun = false;
    this._last = Infinity;
    this._from = this._to = 0;
  }

  _runDry(out, count) {
    this._end(out, count);
    this.underruns += 1;
    this._calm = 0;
    this.lead = Math.min(MOST, this.lead + LEAD_STEP);
  }

  /** Silence until the lead waits again. */
  _end(out, count) {
    this._fall(out, count);
    this._begun = false;
    this._last = this._lowest = Infinity;
    this._window = 0;
  }

  /** From where it stopped to silence, without a click. */
  _fall(out, from) {
    for (let place = from; place < out.length; place += 1) {
      this._tail *= 0.96;
      out[place] = Math.abs(this._tail) < 1e-5 ? 0 : this._tail;
    }
  }

  _rise(out, count) {
    for (let place = 0; place < count && this._fadeIn > 0; place += 1, this._fadeIn -= 1) {
      out[place] *= 1 - this._fadeIn / FADE;
    }
  }

  _rest(count) {
    this._calm += count;
    if (this._calm >= CALM && this.lead > FIRST_LEAD) {
      this.lead -= LEAD_STEP;
      this._calm = 0;
    }
  }

  /** What has waited all the while, beyond the lead, is not needed: it goes where nothing is heard. */
  _shrink(count) {
    this._window += count;
    const surplus = this._lowest - Math.max(0, this.lead - MESSAGE);
    if (this._window < WINDOW || surplus <= 0) {
      if (this._window >= WINDOW) [this._lowest, this._window] = [Infinity, 0];
      return;
    }
    const run = silence(this._samples, this._from, this._to);
    if (run < SHORTEST_SILENCE) return;
    const gone = Math.min(run - SHORTEST_SILENCE / 2, surplus);
    this._from += gone;
    this.dropped += gone;
    this._lowest -= gone;
    if (gone === surplus) [this._lowest, this._window] = [Infinity, 0];
  }

  /** Past what may wait: silences go, then the oldest. */
  _shorten(surplus) {
    let at = this._from;
    while (surplus > 0 && at < this._to) {
      const run = silence(this._samples, at, this._to);
      if (run < SHORTEST_SILENCE) {
        at += Math.max(1, run);
        continue;
      }
      const gone = Math.min(run - SHORTEST_SILENCE / 2, surplus);
      this._samples.copyWithin(at, at + gone, this._to);
      this._to -= gone;
      this.dropped += gone;
      surplus -= gone;
      at += run - gone;
    }
    if (surplus <= 0) return;
    this._from += surplus;
    this.dropped += surplus;
    this._fadeIn = FADE;
  }

  _compact() {
    this._samples.copyWithin(0, this._from, this._to);
    this._to -= this._from;
    this._from = 0;
  }
}

/** Float32 [n] of any rate → messages of Int16 [MESSAGE] at 24 kHz, as ArrayBuffers. */
export class MicrophoneMessages {
  constructor(rate) {
    this._resampler = new Resampler(rate, RATE);
    this._filled = 0;
    this._message = new Int16Array(MESSAGE);
  }

  push(samples) {
    const done = [];
    for (const sample of this._resampler.push(samples)) {
      const value = Math.max(-1, Math.min(1, sample));
      this._message[this._filled++] = Math.round(value * 32767);
      if (this._filled < MESSAGE) continue;
      done.push(this._message.buffer);
      this._message = new Int16Array(MESSAGE);
      this._filled = 0;
    }
    return done;
  }
}

/** The buffer's sound at the rate of the context. */
export class PlaybackStream {
  constructor(rate) {
    this.buffer = new PlaybackBuffer();
    this._resampler = rate === RATE ? null : new Resampler(RATE, rate);
    this._piece = new Float32Array(128);
    this._ready = [];
    this._waiting = 0;
  }

  read(out) {
    if (!this._resampler) {
      this.buffer.read(out);
      return;
    }
    while (this._waiting < out.length) {
      this.buffer.read(this._piece);
      const made = this._resampler.push(this._piece).slice();
      this._ready.push(made);
      this._waiting += made.length;
    }
    let filled = 0;
    while (filled < out.length) {
      const first = this._ready[0];
      const part = first.subarray(0, out.length - filled);
      out.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this._ready.shift();
      else this._ready[0] = first.subarray(part.length);
    }
    this._waiting -= filled;
  }
}

const Base = globalThis.AudioWorkletProcessor ?? class {};

class Microphone extends Base {
  constructor() {
    super();
    this._messages = new MicrophoneMessages(globalThis.sampleRate);
    this._ended = false;
    this.port.onmessage = () => (this._ended = true);
  }

  process([input]) {
    const count = input.length;
    if (count) {
      const mono =
        count === 1 ? input[0] : input[0].map((each, place) => (each + input[1][place]) / 2);
      for (const message of this._messages.push(mono)) this.port.postMessage(message, [message]);
    }
    return !this._ended;
  }
}

class Speaker extends Base {
  constructor() {
    super();
    this._stream = new PlaybackStream(globalThis.sampleRate);
    this._since = 0;
    this._underruns = 0;
    this._ended = false;
    this.port.onmessage = (event) => this._take(event.data);
  }

  _take(message) {
    const { buffer } = this._stream;
    if (message instanceof ArrayBuffer) {
      const samples = new Int16Array(message);
      buffer.push(Float32Array.from(samples, (each) => each / 32768));
      return;
    }
    if (message === "flush") buffer.flush();
    if (message === "stop") buffer.stop();
    if (message === "end") this._ended = true;
    this._report();
  }

  process(inputs, [output]) {
    const [first] = output;
    this._stream.read(first);
    for (const channel of output.slice(1)) channel.set(first);
    this._since += (first.length * RATE) / globalThis.sampleRate;
    if (this._since >= REPORT || this._stream.buffer.underruns !== this._underruns) this._report();
    return !this._ended;
  }

  _report() {
    const { buffered, played, underruns, lead, dropped } = this._stream.buffer;
    this._since = 0;
    this._underruns = underruns;
    this.port.postMessage({ buffered, played, underruns, lead, dropped });
  }
}

if (globalThis.registerProcessor) {
  registerProcessor("microphone", Microphone);
  registerProcessor("speaker", Speaker);
}
