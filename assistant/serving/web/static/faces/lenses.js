// Eyes: one lens, or one eye or a pair with lids.

import { TAU, across, arc, disc, ink, radial, sweep } from "./brushes.js";

/** A lens in a dark casing: the light in it opens with loudness, the rim with the user's. */
export function iris(c, pose, face, p) {
  disc(
    c,
    0,
    0,
    1,
    across(c, -0.7, -0.8, 0.7, 0.9, [
      [0, ink(p.shade)],
      [0.45, "#141112"],
      [1, ink(p.shade, 0.75)],
    ]),
  );
  disc(c, 0, 0, 0.9, "#0a0707");
  arc(c, 0, 0, 0.91, 0, TAU, 0.035, ink(p.color, 0.22 + 0.6 * pose.user));
  if (pose.busy > 0.05) sweep(c, 0, 0, 0.91, 0.05, pose.turn, p.light, pose.busy);
  const [x, y] = [pose.lookX * 0.1, pose.lookY * 0.08];
  const spread = 0.42 + 0.5 * pose.open;
  disc(
    c,
    0,
    0,
    0.84,
    radial(c, x, y, spread * 1.05, [
      [0, ink(p.color, pose.glow)],
      [0.42, ink(p.color, 0.72 * pose.glow)],
      [0.75, ink(p.color, 0.22 * pose.glow)],
      [1, ink(p.color, 0)],
    ]),
  );
  for (const ring of [0.3, 0.48, 0.66]) arc(c, 0, 0, ring, 0, TAU, 0.012, ink("#000000", 0.35));
  const core = 0.13 + 0.3 * pose.open ** 1.5;
  disc(
    c,
    x,
    y,
    core,
    radial(c, x, y, core, [
      [0, ink(p.light, pose.glow)],
      [0.35, ink(p.light, 0.85 * pose.glow)],
      [1, ink(p.color, 0)],
    ]),
  );
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
export function eye(c, pose, face, p) {
  const pair = (face.count ?? 1) === 2;
  const triangle = face.shape === "triangle";
  const size = pair ? (triangle ? 0.43 : 0.42) : 0.94;
  for (const side of pair ? [-1, 1] : [0])
    oneEye(c, pose, face, p, side * 0.47, size, side, triangle);
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
  disc(
    c,
    0,
    0,
    size * 1.2,
    radial(c, 0, 0, size, [
      [0, ink(p.light, strength)],
      [0.35, ink(p.color, strength)],
      [0.8, ink(p.color, 0.82 * strength)],
      [1, ink(p.shade)],
    ]),
  );
  if (!triangle && size > 0.6) spokes(c, size, p, pose);
  const reach = size * (triangle ? 0.16 : 0.36);
  const [px, py] = [
    pose.lookX * reach,
    (pose.lookY + 0.35 * droop) * reach + (triangle ? -size * 0.05 : 0),
  ];
  const pupil = size * (0.2 + 0.16 * Math.max(pose.voice, pose.user));
  disc(c, px, py, pupil * 1.62, ink(p.ground, 0.88));
  disc(
    c,
    px,
    py,
    pupil,
    radial(c, px, py, pupil, [
      [0, ink("#ffffff", 0.35 + 0.6 * pose.glow)],
      [0.3, ink(p.light, 0.3 + 0.7 * pose.glow)],
      [1, ink(p.light, 0.25 + 0.6 * pose.glow)],
    ]),
  );
  c.restore();
  if (pose.busy > 0.05 && !triangle)
    sweep(c, 0, 0, size * 0.93, size * 0.05, pose.turn, p.light, pose.busy);
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
  c.fillStyle = across(c, 0, -size, 0, size, [
    [0, ink(p.shade)],
    [0.6, ink(p.shade, 0.7)],
    [1, ink(p.shade, 0.95)],
  ]);
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
