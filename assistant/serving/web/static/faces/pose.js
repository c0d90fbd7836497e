// What a face does at a moment: by what the persona is about, and by how loud both sides are. The
// same moods and paces as in the terminal.

const BLEND_SECONDS = 0.25; // from one mood's pose to the next one's
const OPENING_SECONDS = 0.6; // a persona that takes over opens its face
const BREATH_SECONDS = 4.6;
const GLANCE_SECONDS = 2.9; // eyes of somebody who waits go elsewhere after about this long

/** Turns a second of what goes round or to and fro, by mood. */
export const PACE = {
  asleep: 0,
  starting: 0.35,
  idle: 0.06,
  listening: 0.1,
  thinking: 0.55,
  speaking: 0.22,
  surprised: 0,
};

/** What stands for a mood in a picture that must not move. */
const STILL = {
  speaking: { voice: 0.75 },
  listening: { user: 0.55 },
  thinking: { turn: 0.3 },
  surprised: { since: 0.1 },
};

/** The moment that stands for a mood where nothing may move. */
export function still(mood) {
  const rest = { since: 10, voice: 0, user: 0, time: 0, turn: 0.12, opening: 10 };
  return { mood, before: mood, ...rest, ...STILL[mood] };
}

/** What the persona is about. Muted it sleeps, unless it has something to say. */
export function moodOf(status, connected = true) {
  if (!connected) return "asleep";
  if (status.paused !== null) return "surprised";
  const closed = status.audio?.muted;
  if (closed && ["idle", "listening"].includes(status.state)) return "asleep";
  return status.state === "initializing" ? "starting" : status.state;
}

/**
 * The pose at a moment {mood, before, since, voice, user, time, turn, opening}: open, glow, voice,
 * user, busy 0 to 1, lookX and lookY -1 to 1, turn in turns so far.
 */
export function poseAt(moment) {
  let now = pose(moment.mood, moment);
  const part = eased(moment.since / BLEND_SECONDS);
  if (part < 1 && moment.before !== moment.mood) {
    const before = pose(moment.before, moment);
    now = Object.fromEntries(
      Object.keys(now).map((key) => [key, before[key] + (now[key] - before[key]) * part]),
    );
  }
  const unveiled = eased(moment.opening / OPENING_SECONDS);
  return { ...now, open: now.open * unveiled, glow: now.glow * unveiled };
}

function pose(mood, { time, voice, user, since, turn }) {
  const breath = Math.sin((2 * Math.PI * time) / BREATH_SECONDS);
  const [glanceX, glanceY] = glance(time);
  const [open, glow, lookX, lookY, busy] = {
    asleep: [0.04, 0.16, 0, 0.5, 0],
    starting: [0.25, 0.35 + 0.12 * Math.sin((2 * Math.PI * time) / 1.6), 0, 0, 0.6],
    idle: [0.56 + 0.05 * breath, 0.62 + 0.07 * breath, glanceX * 0.6, glanceY * 0.4, 0],
    listening: [0.78 + 0.2 * user, 0.8 + 0.2 * user, 0, -0.05, 0],
    thinking: [0.5, 0.6 + 0.1 * breath, 0.5 * Math.sin(time * 1.7), -0.6, 1],
    speaking: [0.42 + 0.58 * voice, 0.62 + 0.38 * voice, glanceX * 0.25, 0, 0],
    surprised: [1, 1, 0, -0.15, 0],
  }[mood];
  const heard = ["idle", "listening", "surprised"].includes(mood) ? user : 0;
  let said = mood === "speaking" ? voice : 0;
  if (mood === "surprised") said = Math.max(voice, 0.9 * Math.exp(-3 * since));
  return { open, glow, lookX, lookY, voice: said, user: heard, busy, turn };
}

/** Where somebody looks who waits: still for a while, then quickly elsewhere. */
function glance(time) {
  const number = Math.floor(time / GLANCE_SECONDS);
  const part = eased((time - number * GLANCE_SECONDS) / 0.35);
  const [old, now] = [place(number - 1), place(number)];
  return old.map((each, axis) => each + (now[axis] - each) * part);
}

/** Without order, yet the same for the same number; every other glance is straight ahead. */
function place(number) {
  if (number <= 0 || number % 2) return [0, 0];
  return [Math.sin(number * 12.9898) * 0.9, Math.sin(number * 78.233) * 0.7];
}

/** 0 to 1, slow at both ends. */
function eased(part) {
  const inside = Math.min(1, Math.max(0, part));
  return inside * inside * (3 - 2 * inside);
}
