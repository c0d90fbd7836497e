// Light or dark, and the persona's colours on everything.

import { lookOf } from "./colors.js";
import { byId, say, setStyle } from "./elements.js";

const SCHEME = "assistant.scheme";
const ROLES = [
  "ground",
  "surface",
  "panel",
  "wash",
  "text",
  "muted",
  "primary",
  "secondary",
  "accent",
  "success",
  "warning",
  "error",
  "line",
  "hair",
];
const night = matchMedia("(prefers-color-scheme: dark)");

/** As the person has chosen here, else as the system is. */
export function isDark() {
  const kept = localStorage.getItem(SCHEME);
  return kept ? kept === "dark" : night.matches;
}

export function toggleScheme() {
  localStorage.setItem(SCHEME, isDark() ? "light" : "dark");
}

/** `change` is called when the system goes over to light or dark. */
export function watchScheme(change) {
  night.addEventListener("change", change);
}

/** Set the colours of this persona (null: none is known yet); returns them, see `lookOf`. */
export function wear(persona) {
  const dark = isDark();
  const root = document.documentElement;
  root.dataset.scheme = dark ? "dark" : "light";
  root.style.setProperty("color-scheme", dark ? "dark" : "light");
  say(byId("scheme-name"), dark ? "Light" : "Dark");
  if (!persona) return null;
  const look = lookOf(persona.colors, dark);
  const colors = Object.fromEntries(ROLES.map((role) => [`--${role}`, look[role]]));
  setStyle(root, { ...colors, "--on-primary": look.onPrimary });
  for (const each of document.querySelectorAll("meta[name=theme-color]")) {
    each.removeAttribute("media");
    each.content = look.ground;
  }
  return look;
}
