// What figures are painted with, on a canvas whose unit circle is the face: x to the right, y down.

export const TAU = 2 * Math.PI;

/** "#rrggbb" with an opacity. */
export function ink(color, opacity = 1) {
  const byte = Math.round(255 * Math.min(1, Math.max(0, opacity)));
  return color + byte.toString(16).padStart(2, "0");
}

export function disc(c, x, y, radius, fill) {
  c.beginPath();
  c.arc(x, y, Math.max(0, radius), 0, TAU);
  c.fillStyle = fill;
  c.fill();
}

export function arc(c, x, y, radius, from, to, width, stroke) {
  c.beginPath();
  c.arc(x, y, Math.max(0, radius), from, to);
  c.lineWidth = width;
  c.strokeStyle = stroke;
  c.stroke();
}

export function box(c, x, y, wide, high, corner, fill) {
  c.beginPath();
  c.roundRect(x - wide, y - high, 2 * wide, 2 * high, Math.min(corner, wide, high));
  c.fillStyle = fill;
  c.fill();
}

/** Stops [[where, color], …] from a point outwards. */
export function radial(c, x, y, radius, stops, fromX = x, fromY = y) {
  const made = c.createRadialGradient(fromX, fromY, 0, x, y, Math.max(0.001, radius));
  for (const [where, color] of stops) made.addColorStop(Math.min(1, Math.max(0, where)), color);
  return made;
}

export function across(c, x0, y0, x1, y1, stops) {
  const made = c.createLinearGradient(x0, y0, x1, y1);
  for (const [where, color] of stops) made.addColorStop(Math.min(1, Math.max(0, where)), color);
  return made;
}

/** A light that goes round on a ring: bright at its head, fading behind it. */
export function sweep(c, x, y, radius, width, turn, color, strength) {
  const steps = 28;
  for (let step = 0; step < steps; step += 1) {
    const to = TAU * (turn - (step * 0.5) / steps);
    arc(
      c,
      x,
      y,
      radius,
      to - (TAU * 0.54) / steps,
      to,
      width,
      ink(color, strength * Math.exp(-step / 8)),
    );
  }
}
