// The microphone's sound in messages of 20 ms, by the way on which the browser loses least of it.

import { MicrophoneMessages } from "./worklet.js";

const MOST_WAITING = 200; // pieces of 10 ms that the browser keeps for a page that comes late: 2 s

/** Whether this browser lets a page read a track. */
export function readsTracks(scope = globalThis) {
  return typeof scope.MediaStreamTrackProcessor === "function" && scope.AudioData !== undefined;
}

/**
 * Reads the track itself. An AudioContext keeps 100 ms of a microphone's sound and drops what is
 * more: on a busy machine, where it comes in bursts, that is a word now and then.
 */
export class TrackReader {
  /** `heard(message)` takes Int16 [480] of 24 kHz, as an ArrayBuffer. */
  constructor(heard) {
    this._heard = heard;
    this._reader = null;
  }

  join(stream) {
    this.end();
    const [track] = stream.getAudioTracks();
    const processor = new MediaStreamTrackProcessor({ track, maxBufferSize: MOST_WAITING });
    this._reader = processor.readable.getReader();
    this._readAll(this._reader);
  }

  end() {
    this._reader?.cancel().catch(() => {});
    this._reader = null;
  }

  async _readAll(reader) {
    let messages = null;
    let rate = 0;
    while (reader === this._reader) {
      const { value: data, done } = await reader.read();
      if (done) return;
      if (data.sampleRate !== rate) {
        rate = data.sampleRate;
        messages = new MicrophoneMessages(rate);
      }
      const samples = monoOf(data);
      data.close();
      for (const message of messages.push(samples)) this._heard(message);
    }
  }
}

/** Through the graph of an AudioContext, whose worklet has to be there: in every other browser. */
export class GraphReader {
  constructor(context, heard) {
    this._context = context;
    this._source = null;
    this._node = new AudioWorkletNode(context, "microphone");
    this._node.port.onmessage = (event) => heard(event.data);
    // Its output is silence; some browsers run no node that leads nowhere.
    this._node.connect(context.destination);
  }

  join(stream) {
    this._source?.disconnect();
    this._source = this._context.createMediaStreamSource(stream);
    this._source.connect(this._node);
  }

  end() {
    this._node.port.postMessage("end");
  }
}

/** Float32 [n] of all channels. */
function monoOf(data) {
  const count = data.numberOfFrames;
  const channels = Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
    const samples = new Float32Array(count);
    data.copyTo(samples, { planeIndex, format: "f32-planar" });
    return samples;
  });
  if (channels.length === 1) return channels[0];
  const sum = (at) => channels.reduce((all, each) => all + each[at], 0);
  return channels[0].map((_, at) => sum(at) / channels.length);
}
