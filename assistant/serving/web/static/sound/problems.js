// Why there is no sound, in words, and what helps.

/** Something about the sound that a person has to know: `message` and `remedy`. */
class SoundProblem extends Error {
  constructor(message, remedy = "") {
    super(message);
    this.remedy = remedy;
  }
}

const NOT_SECURE = new SoundProblem(
  "A browser gives a microphone only to a page that came by https, or from this very machine.",
  "Start it with assistant web --lan, which gives https, and open the address that it prints.",
);
const TOO_OLD = new SoundProblem(
  "This browser cannot carry sound (it has no AudioWorklet).",
  "Update it, or use another one; you can read and write here meanwhile.",
);

const BY_NAME = {
  NotAllowedError: [
    "This page may not use the microphone.",
    "Allow it: the sign beside the address, then Microphone. On a phone also in the system’s settings of the browser. Then press Start again.",
  ],
  SecurityError: [
    "The browser forbids the microphone here.",
    "Allow it in the browser’s settings for this page.",
  ],
  NotFoundError: [
    "There is no microphone.",
    "Plug one in or switch it on, then press Start again.",
  ],
  NotReadableError: [
    "The microphone cannot be opened: another program or a call may have it.",
    "End that, then press Start again.",
  ],
  OverconstrainedError: [
    "That microphone is gone.",
    "Choose another under Sound, then press Start again.",
  ],
  AbortError: [
    "The microphone could not be started.",
    "Press Start again; else unplug it and plug it in.",
  ],
};

/** A problem that stands before the microphone is even asked for; null where all is there. */
export function missing(scope = globalThis) {
  if (!scope.navigator?.mediaDevices?.getUserMedia)
    return scope.isSecureContext === false ? NOT_SECURE : TOO_OLD;
  if (!scope.AudioWorkletNode) return TOO_OLD;
  return null;
}

/** What a browser's error means. */
export function problemOf(error) {
  if (error instanceof SoundProblem) return error;
  const known = BY_NAME[error?.name];
  if (known) return new SoundProblem(...known);
  return new SoundProblem(
    `The sound could not be opened: ${error?.message || error}.`,
    "Press Start again; else reload the page.",
  );
}

export const GONE = new SoundProblem(
  "The microphone was unplugged or taken away.",
  "Plug it in again or choose another under Sound, then press Start.",
);
export const SILENCED = new SoundProblem(
  "The system has silenced the microphone: a call, perhaps.",
  "It goes on by itself when the call is over.",
);
export const SUSPENDED = new SoundProblem(
  "The browser has paused the sound.",
  "Tap the page, or press Start, to go on.",
);
