// The circle with the persona's face: when it moves, how often, and how loud both sides are.

import { paletteOf } from "../colors.js";
import { ink } from "./brushes.js";
import { paint } from "./figures.js";
import { PACE, moodOf, poseAt, still } from "./pose.js";

const LIVELY = 30; // frames a second in a conversation
const IDLE = 12; // breath and glances need no more
const EARLY = 10; // milliseconds before a frame is due at which the display is asked for one
const REST_SECONDS = 90; // after so long in which nothing happened it keeps still
const FALL = 0.8; // what is left of a loudness in the next frame
const DISC = 0.74; // of half the canvas: the rest is for the halo, …
const PORTRAIT = 0.98; // … which a face in a list has none of
const TAU = 2 * Math.PI;

/** One persona's face on a canvas that somebody else lays out. */
export class Face {
  constructor(canvas, { moves = true } = {}) {
    this._canvas = canvas;
    this._context = canvas.getContext("2d");
    this._moves = moves;
    this._persona = null;
    this._dark = true;
    this._moment = { ...still("starting") };
    this._levels = { voice: 0, user: 0 };
    this._changedAt = this._openedAt = this._last = this._drawnAt = 0;
    this._startled = 0;
    this._frame = 0; // the display is asked for one
    this._pause = 0; // until it is
    this.drawn = 0; // frames, for whoever measures
    this._reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this._reduced.addEventListener("change", () => this._wake());
    new ResizeObserver(() => this._fit()).observe(canvas);
  }

  /** Whether it may move. */
  get moves() {
    return this._moves && !this._reduced.matches;
  }

  show(persona, dark) {
    if (!persona?.face) return;
    if (this._persona?.slug !== persona.slug) this._openedAt = seconds();
    this._persona = persona;
    this._dark = dark;
    this._palette = paletteOf(persona, dark);
    this._wake();
  }

  /** Do what the status says. */
  feel(status, connected) {
    const mood = moodOf(status, connected);
    if (mood === this._moment.mood) return;
    this._moment.before = this._moment.mood;
    this._moment.mood = mood;
    this._changedAt = seconds();
    this._wake();
  }

  /** Loudness 0 to 1 of its own voice and of the user's. */
  hear(voice, user) {
    this._levels.voice = Math.max(this._levels.voice, voice);
    this._levels.user = Math.max(this._levels.user, user);
    if (voice > 0.02 || user > 0.02) this._wake();
  }

  _fit() {
    const scale = Math.min(2, globalThis.devicePixelRatio || 1);
    const side = Math.round(this._canvas.clientWidth * scale);
    if (!side) return;
    if (this._canvas.width !== side) this._canvas.width = this._canvas.height = side;
    this._draw();
    this._wake();
  }

  _wake() {
    if (!this._persona) return;
    if (!this.moves) {
      this._draw();
      return;
    }
    if (this._frame) return;
    if (!this._pause) this._last = seconds();
    clearTimeout(this._pause);
    this._ask();
  }

  /** Nothing is asked of the display where nothing is painted: each frame costs, changed or not. */
  _ask() {
    this._pause = 0;
    this._frame = requestAnimationFrame(() => this._tick());
  }

  _tick() {
    this._frame = 0;
    const now = seconds();
    const lively =
      now - this._openedAt < 1 ||
      now - this._changedAt < 0.5 ||
      !["idle", "asleep"].includes(this._moment.mood) ||
      this._levels.user > 0.05;
    const rests = this._moment.mood === "asleep" || now - this._changedAt > REST_SECONDS;
    if (!this.moves || (!lively && rests)) {
      this._draw();
      return;
    }
    const every = 1 / (lively ? LIVELY : IDLE);
    if (now - this._drawnAt >= 0.8 * every) this._draw();
    const left = this._drawnAt + every - now;
    this._pause = setTimeout(() => this._ask(), Math.max(0, 1000 * left - EARLY));
  }

  _moments() {
    if (!this.moves) return still(this._moment.mood);
    const now = seconds();
    const elapsed = Math.min(0.5, now - this._last);
    this._last = now;
    const moment = this._moment;
    moment.turn += elapsed * PACE[moment.mood] * (this._persona.face.speed ?? 1);
    const ease = (was, is) => (is > was ? was + (is - was) * 0.6 : was * FALL + is * (1 - FALL));
    moment.voice = ease(moment.voice, this._levels.voice);
    moment.user = ease(moment.user, this._levels.user);
    this._levels.voice *= FALL;
    this._levels.user *= FALL;
    Object.assign(moment, {
      since: now - this._changedAt,
      opening: now - this._openedAt,
      time: now,
    });
    return moment;
  }

  _draw() {
    const { _context: c, _canvas: canvas, _persona: persona } = this;
    if (!persona || !canvas.width) return;
    this._drawnAt = seconds();
    this.drawn += 1;
    const moment = this._moments();
    const pose = poseAt(moment);
    const half = canvas.width / 2;
    c.setTransform(half, 0, 0, half, half, half);
    c.clearRect(-1, -1, 2, 2);
    if (this._moves) halo(c, pose, moment, this._palette, this._dark ? 1 : 0.45);
    const disc = this._moves ? DISC : PORTRAIT;
    c.scale(disc, disc);
    ground(c, this._palette);
    c.save();
    c.beginPath();
    c.arc(0, 0, 0.985, 0, TAU);
    c.clip();
    const round = ["iris", "eye"].includes(persona.face.kind) && (persona.face.count ?? 1) === 1;
    if (!round) c.scale(0.9, 0.9);
    paint(c, pose, persona.face, this._palette);
    c.restore();
  }
}

/** A face that stands still, for a list. */
export function portrait(canvas, persona, dark) {
  const face = new Face(canvas, { moves: false });
  face.show(persona, dark);
  face.feel({ state: "idle", paused: null, audio: null }, true);
  return face;
}

/** The ring about the face pulses with whoever is heard. */
function halo(c, pose, moment, palette, strength) {
  const loud = Math.max(pose.voice, pose.user);
  const breath = 0.5 + 0.5 * Math.sin((TAU * moment.time) / 4.6);
  const reach = DISC + 0.06 + 0.17 * loud;
  const color = pose.user > pose.voice ? palette.color : palette.light;
  const glow = c.createRadialGradient(0, 0, DISC * 0.92, 0, 0, 1);
  glow.addColorStop(0, ink(palette.color, strength * (0.3 * pose.glow + 0.25 * loud)));
  glow.addColorStop(0.45, ink(palette.color, strength * (0.09 * pose.glow + 0.14 * loud)));
  glow.addColorStop(1, ink(palette.color, 0));
  c.fillStyle = glow;
  c.fillRect(-1, -1, 2, 2);
  c.beginPath();
  c.arc(0, 0, reach + 0.012 * breath, 0, TAU);
  c.lineWidth = 0.012 + 0.02 * loud;
  c.strokeStyle = ink(color, 0.28 + 0.5 * loud);
  c.stroke();
}

/** What the figure lies on: a disc of its own ground. */
function ground(c, palette) {
  c.beginPath();
  c.arc(0, 0, 1, 0, TAU);
  c.fillStyle = palette.ground;
  c.fill();
  c.lineWidth = 0.02;
  c.strokeStyle = ink(palette.color, 0.35);
  c.stroke();
}

const seconds = () => performance.now() / 1000;
