// Machines: a scanner, slabs, a dome with lamps.

import { TAU, across, arc, box, disc, ink, radial } from "./brushes.js";

/** A light that sweeps over a row of lamps and leaves a trail; a bar speaks in columns. */
export function scanner(c, pose, face, p) {
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
    if (on > 0.7 && !asleep)
      box(c, x, -0.42, half * 0.5, 0.055, 0.02, ink(p.light, (on - 0.7) * 3));
  }
  if (!asleep) {
    const x = Math.sin(TAU * pose.turn) * 0.7;
    disc(
      c,
      x,
      -0.42,
      0.36,
      radial(c, x, -0.42, 0.36, [
        [0, ink(p.color, 0.32)],
        [1, ink(p.color, 0)],
      ]),
    );
  }
}

/** Three columns that grow from their middle with the voice, the middle one furthest. */
function columns(c, pose, p) {
  const loud = Math.max(pose.voice, 0.5 * pose.user);
  for (const [place, part, rows] of [
    [-1, 0.66, 9],
    [0, 1, 11],
    [1, 0.66, 9],
  ]) {
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
    [0, ink(p.shade, 0.55)],
    [0.3, ink("#e8edf4", 0.85)],
    [0.42, ink(p.shade)],
    [0.8, ink(p.shade, 0.6)],
    [1, ink(p.shade, 0.35)],
  ]);
  c.fill();
  c.clip();
  for (let y = 0.3; y < 1; y += 0.13)
    box(c, 0, y, 0.62 - 0.1 * y, 0.035, 0.03, ink("#05070a", 0.75));
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
    box(
      c,
      at * 0.66,
      -0.1,
      0.66 / steps + 0.004,
      0.075,
      0,
      ink(p.color, on * (0.7 + 0.3 * pose.glow) + more * 0.6),
    );
  }
  if (asleep) return;
  const x = Math.sin(TAU * pose.turn) * 0.62;
  disc(
    c,
    x,
    -0.1,
    0.42,
    radial(c, x, -0.1, 0.42, [
      [0, ink(p.color, 0.55)],
      [1, ink(p.color, 0)],
    ]),
  );
  disc(
    c,
    x,
    -0.1,
    0.1,
    radial(c, x, -0.1, 0.1, [
      [0, ink(p.light, 1)],
      [1, ink(p.light, 0)],
    ]),
  );
}

/** Slabs side by side that shift against each other as it speaks and thinks. */
export function slabs(c, pose, face, p) {
  const count = face.count ?? 4;
  const wide = Math.min(0.78, 0.2 * count);
  const half = wide / count;
  for (let place = 0; place < count; place += 1) {
    const x = -wide + half * (2 * place + 1);
    const wave = Math.sin(TAU * (pose.turn * 2 + place * 0.37));
    const speaking = 0.22 * pose.voice * Math.sin(place * 2.4 + pose.turn * 14);
    const y =
      speaking - 0.16 * pose.busy * Math.max(0, wave) + (1 - Math.min(1, pose.open + 0.45)) * 0.2;
    const x0 = x - half * 0.9;
    box(
      c,
      x,
      y,
      half * 0.9,
      0.66,
      0.03,
      across(c, x0, 0, x + half * 0.9, 0, [
        [0, ink(p.color, 0.55)],
        [0.16, ink(p.color, 0.34)],
        [0.5, ink(p.shade)],
        [1, ink(p.shade, 0.65)],
      ]),
    );
    for (let line = 0; line < 9; line += 1) {
      box(
        c,
        x,
        y - 0.54 + line * 0.135 + 0.02 * Math.sin(place * 3 + line),
        half * 0.8,
        0.004,
        0,
        ink(p.color, 0.16),
      );
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
export function lamps(c, pose, face, p) {
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
    if (on > 0.3)
      disc(
        c,
        x,
        y - 0.06,
        0.34,
        radial(c, x, y - 0.06, 0.34, [
          [0, ink("#fff2d6", on * 0.5)],
          [1, ink("#fff2d6", 0)],
        ]),
      );
  }
  c.beginPath();
  c.ellipse(0, 0.35, 0.8, 1.02, 0, Math.PI, TAU);
  c.closePath();
  c.fillStyle = radial(
    c,
    0,
    0.2,
    1.1,
    [
      [0, ink(p.color)],
      [0.55, ink(p.color, 0.75)],
      [1, ink(p.shade)],
    ],
    -0.3,
    -0.3,
  );
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
  disc(
    c,
    x,
    y,
    size * 2,
    radial(c, x, y, size * 2, [
      [0, ink(p.light, 0.5 * pose.glow)],
      [1, ink(p.light, 0)],
    ]),
  );
  disc(
    c,
    x,
    y,
    size,
    radial(c, x, y, size, [
      [0, ink("#ffffff", pose.glow)],
      [0.5, ink(p.light, 0.2 + 0.8 * pose.glow)],
      [1, ink(p.light, 0.1 + 0.5 * pose.glow)],
    ]),
  );
  c.restore();
}
