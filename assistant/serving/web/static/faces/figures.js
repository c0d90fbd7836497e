// The figures of the personas, painted on a canvas: each paints what a pose says inside the unit
// circle, x to the right, y down. The kinds and what may be told of them are those of
// `assistant.personas.face`.

const TAU = 2 * Math.PI;

/** "#rrggbb" with an opacity. */
export function ink(color, opacity = 1) {
  const byte = Math.round(255 * Math.min(1, Math.max(0, opacity)));
  return color + byte.toString(16).padStart(2, "0");
}

function disc(c, x, y, radius, fill) {
  c.beginPath();
  c.arc(x, y, Math.max(0, radius), 0, TAU);
  c.fillStyle = fill;
  c.fill();
}

function arc(c, x, y, radius, from, to, width, stroke) {
  c.beginPath();
  c.arc(x, y, Math.max(0, radius), from, to);
  c.lineWidth = width;
  c.strokeStyle = stroke;
  c.stroke();
}

function box(c, x, y, wide, high, corner, fill) {
  c.beginPath();
  c.roundRect(x - wide, y - high, 2 * wide, 2 * high, Math.min(corner, wide, high));
  c.fillStyle = fill;
  c.fill();
}

/** Stops [[where, color], …] from a point outwards. */
function radial(c, x, y, radius, stops, fromX = x, fromY = y) {
  const made = c.createRadialGradient(fromX, fromY, 0, x, y, Math.max(0.001, radius));
  for (const [where, color] of stops) made.addColorStop(Math.min(1, Math.max(0, where)), color);
  return made;
}

function across(c, x0, y0, x1, y1, stops) {
  const made = c.createLinearGradient(x0, y0, x1, y1);
  for (const [where, color] of stops) made.addColorStop(Math.min(1, Math.max(0, where)), color);
  return made;
}

/** A light that goes round on a ring: bright at its head, fading behind it. */
function sweep(c, x, y, radius, width, turn, color, strength) {
  const steps = 28;
  for (let step = 0; step < steps; step += 1) {
    const to = TAU * (turn - (step * 0.5) / steps);
    arc(c, x, y, radius, to - (TAU * 0.54) / steps, to, width, ink(color, strength * Math.exp(-step / 8)));
  }
}

/** A lens in a dark casing: the light in it opens with loudness, the rim with the user's. */
function iris(c, pose, face, p) {
  disc(c, 0, 0, 1, across(c, -0.7, -0.8, 0.7, 0.9, [[0, ink(p.shade)], [0.45, "#141112"], [1, ink(p.shade, 0.75)]]));
  disc(c, 0, 0, 0.9, "#0a0707");
  arc(c, 0, 0, 0.91, 0, TAU, 0.035, ink(p.color, 0.22 + 0.6 * pose.user));
  if (pose.busy > 0.05) sweep(c, 0, 0, 0.91, 0.05, pose.turn, p.light, pose.busy);
  const [x, y] = [pose.lookX * 0.1, pose.lookY * 0.08];
  const spread = 0.42 + 0.5 * pose.open;
  disc(c, 0, 0, 0.84, radial(c, x, y, spread * 1.05, [
    [0, ink(p.color, pose.glow)], [0.42, ink(p.color, 0.72 * pose.glow)],
    [0.75, ink(p.color, 0.22 * pose.glow)], [1, ink(p.color, 0)],
  ]));
  for (const ring of [0.3, 0.48, 0.66]) arc(c, 0, 0, ring, 0, TAU, 0.012, ink("#000000", 0.35));
  const core = 0.13 + 0.3 * pose.open ** 1.5;
  disc(c, x, y, core, radial(c, x, y, core, [
    [0, ink(p.light, pose.glow)], [0.35, ink(p.light, 0.85 * pose.glow)], [1, ink(p.color, 0)],
  ]));
  glass(c, 0, 0, 0.82);
}

/** What a lens reflects of a window. */
function glass(c, x, y, radius) {
  c.save();
  c.lineCap = "round";
  arc(c, x, y, radius * 0.86, -2.5, -1.75, radius * 0.05, "#ffffff38");
  arc(c, x, y, radius * 0.86, -1.6, -1.48, radius * 0.05, "#ffffff2a");
  arc(c, x, y, radius * 0.88, 0.7, 1.25, radius * 0.03, "#ffffff16");
  c.restore();
}

/** One eye or a pair, with lids that open and narrow, and a pupil that looks about. */
function eye(c, pose, face, p) {
  const pair = (face.count ?? 1) === 2;
  const triangle = face.shape === "triangle";
  const size = pair ? (triangle ? 0.43 : 0.42) : 0.94;
  for (const side of pair ? [-1, 1] : [0]) oneEye(c, pose, face, p, side * 0.47, size, side, triangle);
}

function oneEye(c, pose, face, p, x, size, side, triangle) {
  const droop = (face.droop ?? 0) * (1 - 0.45 * pose.voice);
  const low = 0.25 * droop * size;
  c.save();
  c.translate(x, low);
  if (triangle) c.rotate(side * droop * 0.5);
  const lid = Math.max(0.05, Math.min(1, pose.open * 1.15)) * (triangle ? 1 : 1 - 0.35 * droop);
  socket(c, size, triangle, p);
  c.save();
  outline(c, size * 0.86, triangle);
  c.clip();
  c.beginPath();
  if (triangle) c.rect(-size, size * (0.62 - 1.3 * lid), 2 * size, 3 * size);
  else c.ellipse(0, 0, size * 0.9, size * 0.9 * lid, 0, 0, TAU);
  c.clip();
  const strength = 0.35 + 0.6 * pose.glow;
  disc(c, 0, 0, size * 1.2, radial(c, 0, 0, size, [
    [0, ink(p.light, strength)], [0.35, ink(p.color, strength)], [0.8, ink(p.color, 0.82 * strength)], [1, ink(p.shade)],
  ]));
  if (!triangle && size > 0.6) spokes(c, size, p, pose);
  const reach = size * (triangle ? 0.16 : 0.36);
  const [px, py] = [pose.lookX * reach, (pose.lookY + 0.35 * droop) * reach + (triangle ? -size * 0.05 : 0)];
  const pupil = size * (0.2 + 0.16 * Math.max(pose.voice, pose.user));
  disc(c, px, py, pupil * 1.62, ink(p.ground, 0.88));
  disc(c, px, py, pupil, radial(c, px, py, pupil, [
    [0, ink("#ffffff", 0.35 + 0.6 * pose.glow)], [0.3, ink(p.light, 0.3 + 0.7 * pose.glow)], [1, ink(p.light, 0.25 + 0.6 * pose.glow)],
  ]));
  c.restore();
  if (pose.busy > 0.05 && !triangle) sweep(c, 0, 0, size * 0.93, size * 0.05, pose.turn, p.light, pose.busy);
  if (!triangle) glass(c, 0, 0, size * 0.9);
  c.restore();
}

function outline(c, size, triangle) {
  c.beginPath();
  if (!triangle) {
    c.arc(0, 0, size, 0, TAU);
    return;
  }
  const [wide, top, tip] = [size * 1.02, -size * 0.66, size * 0.98];
  c.moveTo(0, top);
  c.arcTo(wide, top, 0, tip, size * 0.2);
  c.arcTo(0, tip, -wide, top, size * 0.16);
  c.arcTo(-wide, top, 0, top, size * 0.2);
  c.closePath();
}

function socket(c, size, triangle, p) {
  outline(c, size, triangle);
  c.fillStyle = across(c, 0, -size, 0, size, [[0, ink(p.shade)], [0.6, ink(p.shade, 0.7)], [1, ink(p.shade, 0.95)]]);
  c.fill();
  outline(c, size * 0.88, triangle);
  c.fillStyle = ink(p.ground, 0.85);
  c.fill();
}

/** The blades of a large eye's aperture. */
function spokes(c, size, p, pose) {
  for (let place = 0; place < 9; place += 1) {
    const angle = TAU * (place / 9 + 0.015 * pose.lookX);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    const [tx, ty] = [Math.cos(angle + 0.5), Math.sin(angle + 0.5)];
    c.beginPath();
    c.moveTo(x * size * 0.5, y * size * 0.5);
    c.lineTo(tx * size * 0.86, ty * size * 0.86);
    c.lineWidth = 0.016;
    c.strokeStyle = ink(p.ground, 0.4);
    c.stroke();
  }
}

/** A light that sweeps over a row of lamps and leaves a trail; a bar speaks in columns. */
function scanner(c, pose, face, p) {
  const visor = face.shape === "visor";
  if (visor) helmet(c, pose, p);
  const swing = Math.sin(TAU * pose.turn);
  const way = Math.cos(TAU * pose.turn) >= 0 ? -1 : 1;
  const asleep = pose.glow < 0.3;
  const lit = (at) => {
    const behind = (at - swing) * way;
    return behind >= 0 ? Math.exp(-behind / 0.34) : Math.exp(behind / 0.07);
  };
  if (visor) visorLight(c, pose, p, lit, asleep);
  else {
    lamps8(c, pose, face, p, lit, asleep);
    columns(c, pose, p);
  }
}

function lamps8(c, pose, face, p, lit, asleep) {
  const count = face.count ?? 9;
  box(c, 0, -0.42, 0.8, 0.15, 0.08, ink("#000000", 0.55));
  const half = 0.74 / count;
  for (let place = 0; place < count; place += 1) {
    const x = -0.74 + half * (2 * place + 1);
    const on = asleep ? 0.12 : lit(x / 0.74);
    box(c, x, -0.42, half * 0.84, 0.1, 0.025, ink(p.shade));
    box(c, x, -0.42, half * 0.84, 0.1, 0.025, ink(p.color, Math.min(1, on * (pose.glow + 0.25))));
    if (on > 0.7 && !asleep) box(c, x, -0.42, half * 0.5, 0.055, 0.02, ink(p.light, (on - 0.7) * 3));
  }
  if (!asleep) {
    const x = Math.sin(TAU * pose.turn) * 0.7;
    disc(c, x, -0.42, 0.36, radial(c, x, -0.42, 0.36, [[0, ink(p.color, 0.32)], [1, ink(p.color, 0)]]));
  }
}

/** Three columns that grow from their middle with the voice, the middle one furthest. */
function columns(c, pose, p) {
  const loud = Math.max(pose.voice, 0.5 * pose.user);
  for (const [place, part, rows] of [[-1, 0.66, 9], [0, 1, 11], [1, 0.66, 9]]) {
    const middle = (rows - 1) / 2;
    for (let row = 0; row < rows; row += 1) {
      const y = 0.24 + (row - middle) * 0.088;
      const reach = Math.abs(row - middle) / (middle + 0.5);
      const on = reach <= Math.max(0.05, loud * part * 1.1);
      box(c, place * 0.36, y, 0.14, 0.03, 0.02, ink(p.shade, 0.8));
      if (on) box(c, place * 0.36, y, 0.14, 0.03, 0.02, ink(p.color, Math.min(1, 0.4 + pose.glow)));
    }
  }
}

/** Around a visor: a rounded head, ridged. */
function helmet(c, pose, p) {
  c.save();
  c.beginPath();
  c.moveTo(-0.74, 0.92);
  c.bezierCurveTo(-0.9, -0.2, -0.72, -0.86, 0, -0.88);
  c.bezierCurveTo(0.72, -0.86, 0.9, -0.2, 0.74, 0.92);
  c.closePath();
  c.fillStyle = across(c, -0.8, 0, 0.8, 0, [
    [0, ink(p.shade, 0.55)], [0.3, ink("#e8edf4", 0.85)], [0.42, ink(p.shade)], [0.8, ink(p.shade, 0.6)], [1, ink(p.shade, 0.35)],
  ]);
  c.fill();
  c.clip();
  for (let y = 0.3; y < 1; y += 0.13) box(c, 0, y, 0.62 - 0.1 * y, 0.035, 0.03, ink("#05070a", 0.75));
  box(c, 0, -0.66, 0.06, 0.3, 0.03, ink("#05070a", 0.3));
  box(c, 0, -0.1, 1, 0.2, 0.02, "#05060a");
  c.restore();
}

function visorLight(c, pose, p, lit, asleep) {
  const steps = 44;
  const more = 0.5 * Math.max(pose.voice, pose.user);
  for (let step = 0; step < steps; step += 1) {
    const at = (2 * (step + 0.5)) / steps - 1;
    const on = asleep ? 0.2 : 0.1 + 0.9 * lit(at);
    box(c, at * 0.66, -0.1, 0.66 / steps + 0.004, 0.075, 0, ink(p.color, on * (0.7 + 0.3 * pose.glow) + more * 0.6));
  }
  if (asleep) return;
  const x = Math.sin(TAU * pose.turn) * 0.62;
  disc(c, x, -0.1, 0.42, radial(c, x, -0.1, 0.42, [[0, ink(p.color, 0.55)], [1, ink(p.color, 0)]]));
  disc(c, x, -0.1, 0.1, radial(c, x, -0.1, 0.1, [[0, ink(p.light, 1)], [1, ink(p.light, 0)]]));
}

/** Slabs side by side that shift against each other as it speaks and thinks. */
function slabs(c, pose, face, p) {
  const count = face.count ?? 4;
  const wide = Math.min(0.78, 0.2 * count);
  const half = wide / count;
  for (let place = 0; place < count; place += 1) {
    const x = -wide + half * (2 * place + 1);
    const wave = Math.sin(TAU * (pose.turn * 2 + place * 0.37));
    const speaking = 0.22 * pose.voice * Math.sin(place * 2.4 + pose.turn * 14);
    const y = speaking - 0.16 * pose.busy * Math.max(0, wave) + (1 - Math.min(1, pose.open + 0.45)) * 0.2;
    const x0 = x - half * 0.9;
    box(c, x, y, half * 0.9, 0.66, 0.03, across(c, x0, 0, x + half * 0.9, 0, [
      [0, ink(p.color, 0.55)], [0.16, ink(p.color, 0.34)], [0.5, ink(p.shade)], [1, ink(p.shade, 0.65)],
    ]));
    for (let line = 0; line < 9; line += 1) {
      box(c, x, y - 0.54 + line * 0.135 + 0.02 * Math.sin(place * 3 + line), half * 0.8, 0.004, 0, ink(p.color, 0.16));
    }
    const loud = Math.max(pose.voice * (0.6 + 0.4 * wave), pose.user * 0.8);
    for (let row = 0; row < 3; row += 1) {
      const on = pose.glow > 0.3 ? pose.glow * (loud > row * 0.3 ? 1 : 0.28) : 0.1;
      box(c, x, y - 0.42 + row * 0.12, half * 0.5, 0.032, 0.014, "#00000066");
      box(c, x, y - 0.42 + row * 0.12, half * 0.5, 0.032, 0.014, ink(p.light, on));
    }
  }
}

/** A dome with an eye on a stalk, and lamps that flash with every word. */
function lamps(c, pose, face, p) {
  c.save();
  const count = face.count ?? 2;
  for (let place = 0; place < count; place += 1) {
    const part = count === 1 ? 0 : (2 * place) / (count - 1) - 1;
    const [x, lean] = [part * 0.55, part * 0.5];
    const y = 0.35 - 1.02 * Math.sqrt(1 - (x / 0.8) ** 2);
    const blink = 0.5 + 0.5 * Math.sin(TAU * (pose.turn * 2 + place / count));
    const on = Math.max(pose.voice, 0.25 * pose.glow, pose.busy * blink);
    c.save();
    c.translate(x, y);
    c.rotate(lean);
    box(c, 0, -0.06, 0.1, 0.14, 0.06, ink(p.shade));
    box(c, 0, -0.08, 0.085, 0.11, 0.06, ink("#fff2d6", 0.25 + 0.75 * on));
    c.restore();
    if (on > 0.3) disc(c, x, y - 0.06, 0.34, radial(c, x, y - 0.06, 0.34, [[0, ink("#fff2d6", on * 0.5)], [1, ink("#fff2d6", 0)]]));
  }
  c.beginPath();
  c.ellipse(0, 0.35, 0.8, 1.02, 0, Math.PI, TAU);
  c.closePath();
  c.fillStyle = radial(c, 0, 0.2, 1.1, [[0, ink(p.color)], [0.55, ink(p.color, 0.75)], [1, ink(p.shade)]], -0.3, -0.3);
  c.fill();
  for (let row = 0; row < 3; row += 1) {
    box(c, 0, 0.46 + row * 0.16, 0.76, 0.06, 0.03, ink(p.shade));
    box(c, 0, 0.445 + row * 0.16, 0.74, 0.022, 0.02, ink(p.color, 0.55));
  }
  const [x, y] = [pose.lookX * 0.28, 0.02 + pose.lookY * 0.14];
  c.lineCap = "round";
  c.beginPath();
  c.moveTo(0, 0.2);
  c.lineTo(x, y);
  c.lineWidth = 0.11;
  c.strokeStyle = ink(p.shade);
  c.stroke();
  disc(c, x, y, 0.27, "#05080f");
  arc(c, x, y, 0.25, 0, TAU, 0.05, ink(p.color, 0.9));
  const size = 0.09 + 0.12 * Math.max(pose.open, pose.user);
  disc(c, x, y, size * 2, radial(c, x, y, size * 2, [[0, ink(p.light, 0.5 * pose.glow)], [1, ink(p.light, 0)]]));
  disc(c, x, y, size, radial(c, x, y, size, [[0, ink("#ffffff", pose.glow)], [0.5, ink(p.light, 0.2 + 0.8 * pose.glow)], [1, ink(p.light, 0.1 + 0.5 * pose.glow)]]));
  c.restore();
}

/** Rings about a point, broken and turning against each other; a single one is whole. */
function rings(c, pose, face, p) {
  const count = face.count ?? 3;
  const thick = 0.05 * (face.thickness ?? 1);
  const swell = 0.74 + 0.1 * pose.open + 0.08 * pose.voice;
  const lit = 0.45 + 0.55 * Math.min(1, pose.glow);
  disc(c, 0, 0, 0.9, radial(c, 0, 0, 0.9, [[0, ink(p.color, 0.14 + 0.2 * pose.voice)], [1, ink(p.color, 0)]]));
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
      wobbly(c, radius, loud, 3 + 2 * place, pose.turn * (place + 2), begin + piece / pieces, (1 - gap) / pieces, gap === 0);
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
  const core = (0.06 + (count > 1 ? 0.13 * pose.voice + 0.06 * pose.user : 0.03 + 0.1 * pose.voice)) * (1 + 0.5 * pose.open);
  disc(c, 0, 0, core * 2.6, radial(c, 0, 0, core * 2.6, [[0, ink(p.light, lit * 0.5)], [1, ink(p.light, 0)]]));
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
function wave(c, pose, face, p) {
  let swing = 0.1 + 0.16 * pose.open + 0.6 * pose.voice + 0.34 * pose.user + 0.16 * pose.busy;
  swing *= Math.min(1, 0.25 + pose.glow * 2);
  const count = face.count ?? 3;
  const lit = 0.45 + 0.55 * Math.min(1, pose.glow);
  disc(c, 0, 0, 0.9, radial(c, 0, 0, 0.9, [[0, ink(p.color, 0.12 + 0.16 * pose.voice)], [1, ink(p.color, 0)]]));
  for (let place = count - 1; place >= 0; place -= 1) {
    const way = place % 2 ? 1 : -1;
    const phase = TAU * (way * pose.turn * (1 + 0.4 * place) + 0.21 * place);
    c.beginPath();
    for (let step = 0; step <= 60; step += 1) {
      const x = (2 * step) / 60 - 1;
      const window = Math.cos((x * Math.PI) / 2) ** 1.5;
      const y = 0.8 * swing * window * (1 - 0.2 * place) * Math.sin(x * Math.PI * (1.1 + 0.55 * place) + phase);
      c.lineTo(x * 0.9, y - pose.lookY * 0.05);
    }
    c.lineCap = c.lineJoin = "round";
    const width = 0.055 * (face.thickness ?? 1) * (1 + 0.8 * pose.voice) * (1 - 0.14 * place);
    c.lineWidth = width;
    const color = [p.color, p.light, p.shade][place % 3];
    c.strokeStyle = across(c, -0.9, 0, 0.9, 0, [[0, ink(color, 0)], [0.18, ink(color, lit)], [0.82, ink(color, lit)], [1, ink(color, 0)]]);
    c.stroke();
  }
}

/** A feather: light strokes on both sides of a quill, which spread as it speaks. */
function strokes(c, pose, face, p) {
  const sway = 0.08 * Math.sin(TAU * pose.turn) + 0.14 * pose.lookX;
  const base = [-0.34, 0.84];
  const tip = [0.36 + sway, -0.5 - 0.26 * pose.open];
  const on = (part) => [base[0] + (tip[0] - base[0]) * part ** 1.5, base[1] + (tip[1] - base[1]) * part];
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

const FIGURES = { iris, eye, scanner, slabs, lamps, rings, wave, strokes };

/** Paint this face; a kind that is not known here is painted as rings. */
export function paint(context, pose, face, palette) {
  (FIGURES[face.kind] ?? rings)(context, pose, face, palette);
}
