// Made of lines: rings, waves, a feather.

import { TAU, across, disc, ink, radial, sweep } from "./brushes.js";

/** Rings about a point, broken and turning against each other; a single one is whole. */
export function rings(c, pose, face, p) {
  const count = face.count ?? 3;
  const thick = 0.05 * (face.thickness ?? 1);
  const swell = 0.74 + 0.1 * pose.open + 0.08 * pose.voice;
  const lit = 0.45 + 0.55 * Math.min(1, pose.glow);
  disc(
    c,
    0,
    0,
    0.9,
    radial(c, 0, 0, 0.9, [
      [0, ink(p.color, 0.14 + 0.2 * pose.voice)],
      [1, ink(p.color, 0)],
    ]),
  );
  for (let place = 0; place < count; place += 1) {
    const radius = swell * (0.98 - (0.66 * place) / count) * Math.min(1, 0.5 + pose.open);
    const loud = pose.voice * (1 - 0.22 * place) + (place === 0 ? 0.6 * pose.user : 0);
    const width = thick * (1 + 0.8 * loud) * (place % 2 ? 0.6 : 1);
    const color = place % 2 ? p.light : p.color;
    const way = place % 2 ? -1 : 1;
    const pieces = count > 1 ? 2 + place : 1;
    const begin = way * pose.turn * (0.5 + 0.35 * place) + 0.13 * place;
    const gap = count > 1 ? 0.2 + 0.08 * place : 0;
    for (let piece = 0; piece < pieces; piece += 1) {
      wobbly(
        c,
        radius,
        loud,
        3 + 2 * place,
        pose.turn * (place + 2),
        begin + piece / pieces,
        (1 - gap) / pieces,
        gap === 0,
      );
      c.lineCap = "round";
      c.lineWidth = width * 2.4;
      c.strokeStyle = ink(color, lit * 0.14);
      c.stroke();
      c.lineWidth = width;
      c.strokeStyle = ink(color, lit);
      c.stroke();
    }
    if (pose.busy > 0.05) sweep(c, 0, 0, radius, width, pose.turn * 2, p.light, pose.busy * 0.9);
  }
  const core =
    (0.06 + (count > 1 ? 0.13 * pose.voice + 0.06 * pose.user : 0.03 + 0.1 * pose.voice)) *
    (1 + 0.5 * pose.open);
  disc(
    c,
    0,
    0,
    core * 2.6,
    radial(c, 0, 0, core * 2.6, [
      [0, ink(p.light, lit * 0.5)],
      [1, ink(p.light, 0)],
    ]),
  );
  disc(c, 0, 0, core, ink(p.light, lit));
}

/** A piece of a circle, from `begin` over `length` (in turns), that bends with loudness. */
function wobbly(c, radius, loud, lobes, turn, begin, length, closed) {
  c.beginPath();
  const steps = Math.max(6, Math.ceil(72 * length));
  for (let step = 0; step <= steps; step += 1) {
    const angle = TAU * (begin + (length * step) / steps);
    const r = radius * (1 + 0.035 * loud * Math.sin(angle * lobes + TAU * turn));
    c.lineTo(Math.cos(angle) * r, Math.sin(angle) * r);
  }
  if (closed) c.closePath();
}

/** Soft lines that breathe when it waits and swing with its voice. */
export function wave(c, pose, face, p) {
  let swing = 0.1 + 0.16 * pose.open + 0.6 * pose.voice + 0.34 * pose.user + 0.16 * pose.busy;
  swing *= Math.min(1, 0.25 + pose.glow * 2);
  const count = face.count ?? 3;
  const lit = 0.45 + 0.55 * Math.min(1, pose.glow);
  disc(
    c,
    0,
    0,
    0.9,
    radial(c, 0, 0, 0.9, [
      [0, ink(p.color, 0.12 + 0.16 * pose.voice)],
      [1, ink(p.color, 0)],
    ]),
  );
  for (let place = count - 1; place >= 0; place -= 1) {
    const way = place % 2 ? 1 : -1;
    const phase = TAU * (way * pose.turn * (1 + 0.4 * place) + 0.21 * place);
    c.beginPath();
    for (let step = 0; step <= 60; step += 1) {
      const x = (2 * step) / 60 - 1;
      const window = Math.cos((x * Math.PI) / 2) ** 1.5;
      const y =
        0.8 *
        swing *
        window *
        (1 - 0.2 * place) *
        Math.sin(x * Math.PI * (1.1 + 0.55 * place) + phase);
      c.lineTo(x * 0.9, y - pose.lookY * 0.05);
    }
    c.lineCap = c.lineJoin = "round";
    const width = 0.055 * (face.thickness ?? 1) * (1 + 0.8 * pose.voice) * (1 - 0.14 * place);
    c.lineWidth = width;
    const color = [p.color, p.light, p.shade][place % 3];
    c.strokeStyle = across(c, -0.9, 0, 0.9, 0, [
      [0, ink(color, 0)],
      [0.18, ink(color, lit)],
      [0.82, ink(color, lit)],
      [1, ink(color, 0)],
    ]);
    c.stroke();
  }
}

/** A feather: light strokes on both sides of a quill, which spread as it speaks. */
export function strokes(c, pose, face, p) {
  const sway = 0.08 * Math.sin(TAU * pose.turn) + 0.14 * pose.lookX;
  const base = [-0.34, 0.84];
  const tip = [0.36 + sway, -0.5 - 0.26 * pose.open];
  const on = (part) => [
    base[0] + (tip[0] - base[0]) * part ** 1.5,
    base[1] + (tip[1] - base[1]) * part,
  ];
  const lit = 0.45 + 0.55 * Math.min(1, pose.glow);
  const thick = 0.042 * (face.thickness ?? 1);
  const count = (face.count ?? 8) * 2;
  const spread = 0.3 + 0.4 * pose.open + 0.3 * Math.max(pose.voice, pose.user * 0.7);
  c.lineCap = "round";
  for (let place = 0; place < count; place += 1) {
    const part = 0.22 + (0.74 * place) / (count - 1);
    const [x, y] = on(part);
    const full = Math.sin(Math.PI * (0.14 + 0.8 * part)) * 0.6;
    let flutter = 0.14 * pose.voice * Math.sin(place * 1.9 + 14 * pose.turn);
    flutter += 0.12 * pose.busy * Math.sin(TAU * (pose.turn * 2 - part));
    const bright = pose.voice > 0.12 && place % 3 === 0;
    for (const side of [-1, 1]) {
      const ex = x + side * full * (spread + flutter) * (side < 0 ? 0.95 : 0.8);
      const ey = y - full * (0.72 - 0.35 * spread + side * 0.08);
      c.beginPath();
      c.moveTo(x, y);
      c.quadraticCurveTo((x + ex) / 2 - side * 0.02, (y + ey) / 2 + 0.1 * full, ex, ey);
      c.lineWidth = thick;
      c.strokeStyle = ink(bright ? p.light : p.color, lit * (bright ? 1 : 0.85));
      c.stroke();
    }
  }
  c.beginPath();
  for (let step = 0; step <= 20; step += 1) c.lineTo(...on(step / 20));
  c.lineWidth = thick * 1.5;
  c.strokeStyle = ink(p.color, lit);
  c.stroke();
}
