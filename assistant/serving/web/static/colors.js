// A persona's colours for the page, light and dark: its own where it has them, else made from its
// hues in OKLCH (Ottosson 2020, "A perceptual color space for image processing"). All text reaches
// 4.5:1 (WCAG 2.2, 1.4.3) on every ground that it stands on.

const TEXT = 4.55; // a little more than is asked, because screens round
const ROLES = ["primary", "secondary", "accent", "success", "warning", "error"];

/** "#rrggbb" → [r, g, b], each 0 to 1. Anything else is grey. */
function parse(hex) {
  const found = /^#([0-9a-f]{6})$/i.exec(hex ?? "");
  const code = found ? parseInt(found[1], 16) : 0x808080;
  return [code >> 16, (code >> 8) & 255, code & 255].map((each) => each / 255);
}

/** [r, g, b] → "#rrggbb"; what no screen shows is cut off. */
function hex(rgb) {
  const byte = (each) => Math.round(Math.min(1, Math.max(0, each)) * 255);
  return "#" + rgb.map((each) => byte(each).toString(16).padStart(2, "0")).join("");
}

const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const gamma = (c) => (c <= 0.0031308 ? 12.92 * c : 1.055 * Math.max(0, c) ** (1 / 2.4) - 0.055);

/** Relative luminance as in WCAG 2.2. */
function luminance(color) {
  const [r, g, b] = parse(color).map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours, 1 to 21. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Part of the way from one colour to the other. */
export function mix(one, other, part) {
  const [a, b] = [parse(one), parse(other)];
  return hex(a.map((each, place) => each + (b[place] - each) * part));
}

/** "#rrggbb" → [lightness 0 to 1, chroma, hue in radians]. */
export function toOklch(color) {
  const [r, g, b] = parse(color).map(linear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const light = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return [light, Math.hypot(a, bb), Math.atan2(bb, a)];
}

/** The nearest colour that a screen can show: chroma gives way, never the lightness. */
export function fromOklch(light, chroma, hue) {
  for (let c = chroma; ; c = c > 0.005 ? c * 0.92 : 0) {
    const rgb = _rgb(light, c, hue);
    if (c === 0 || rgb.every((each) => each >= -0.001 && each <= 1.001)) return hex(rgb);
  }
}

function _rgb(light, chroma, hue) {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map(gamma);
}

/** The colour itself where it can be read on all these grounds, else the nearest shade of it. */
export function readable(color, grounds, least = TEXT) {
  const reaches = (each) => grounds.every((ground) => contrast(each, ground) >= least);
  if (reaches(color)) return color;
  const [light, chroma, hue] = toOklch(color);
  for (let step = 0.01; step <= 1; step += 0.01) {
    for (const way of [light - step, light + step]) {
      if (way < 0 || way > 1) continue;
      const shade = fromOklch(way, chroma, hue);
      if (reaches(shade)) return shade;
    }
  }
  return luminance(grounds[0]) > 0.18 ? "#000000" : "#ffffff";
}

/**
 * All colours of the page by name, each "#rrggbb": ground, surface, panel, text, muted, the six
 * roles, line (of frames, 3:1), hair (of quiet rules), wash (behind what is chosen), onPrimary.
 */
export function lookOf(colors, dark) {
  const own = Boolean(colors.dark) === dark;
  const look = own ? _own(colors) : dark ? _darkened(colors) : _lightened(colors);
  look.wash = mix(look.surface, look.primary, 0.1);
  const grounds = [look.ground, look.surface, look.panel, look.wash];
  for (const role of ["text", "muted", ...ROLES]) look[role] = readable(look[role], grounds);
  look.line = readable(mix(look.ground, look.primary, 0.5), grounds, 3.05);
  look.hair = mix(look.ground, look.primary, 0.2);
  const inks = [look.ground, look.text, "#000000", "#ffffff"];
  const best = (ink) => contrast(ink, look.primary);
  look.onPrimary = inks.reduce((a, b) => (best(a) >= TEXT || best(a) >= best(b) ? a : b));
  return look;
}

function _own(colors) {
  const look = { ground: colors.background, surface: colors.surface, panel: colors.panel };
  Object.assign(look, { text: colors.foreground, muted: colors.muted });
  for (const role of ROLES) look[role] = colors[role];
  return look;
}

/** A dark persona by day: paper with a breath of its hue, its colours as inks. */
function _lightened(colors) {
  const hue = _hue(colors);
  const chroma = Math.min(0.012, toOklch(colors.primary)[1] * 0.2);
  return _made(colors, hue, chroma, [0.985, 0.955, 0.915], [0.25, 0.03], [0.5, 0.025]);
}

/** A light persona by night. */
function _darkened(colors) {
  const chroma = 0.018;
  return _made(colors, _hue(colors), chroma, [0.18, 0.225, 0.275], [0.93, 0.015], [0.72, 0.03]);
}

function _made(colors, hue, chroma, grounds, text, muted) {
  const [ground, surface, panel] = grounds.map((light) => fromOklch(light, chroma, hue));
  const look = { ground, surface, panel };
  look.text = fromOklch(text[0], text[1], hue);
  look.muted = fromOklch(muted[0], muted[1], hue);
  for (const role of ROLES) look[role] = colors[role];
  return look;
}

/** The background's where it has any, else that of the persona's own colour. */
function _hue(colors) {
  const [, chroma, hue] = toOklch(colors.background);
  return chroma > 0.012 ? hue : toOklch(colors.primary)[2];
}

/** What a figure is painted with: its own colours, else the persona's; as in the terminal. */
export function paletteOf(persona, dark) {
  const { colors, face } = persona;
  const night = Boolean(colors.dark);
  const look = lookOf(colors, dark);
  // What glows needs the dark, also by day: it sits in a dark disc then, like a lens.
  const ground = night ? colors.background : dark ? look.ground : colors.background;
  const color = face.color ?? (night || !dark ? colors.primary : look.primary);
  const light = face.light ?? (night || !dark ? colors.accent : look.accent);
  return { ground, color, light, shade: face.shade ?? mix(ground, color, 0.26) };
}
