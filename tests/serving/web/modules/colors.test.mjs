import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contrast,
  fromOklch,
  lookOf,
  mix,
  paletteOf,
  readable,
  toOklch,
} from "../../../../assistant/serving/web/static/colors.js";

const PERSONAS = JSON.parse(process.env.PERSONAS); // [{name, colors, face}], from the persona files
const TEXTS = ["text", "muted", "primary", "secondary", "accent", "success", "warning", "error"];
const GROUNDS = ["ground", "surface", "panel", "wash"];

for (const { name, colors } of PERSONAS) {
  for (const dark of [true, false]) {
    test(`${name} can be read ${dark ? "by night" : "by day"}`, () => {
      const look = lookOf(colors, dark);
      for (const text of TEXTS) {
        for (const ground of GROUNDS)
          assert.ok(contrast(look[text], look[ground]) >= 4.5, `${text} on ${ground}`);
      }
      assert.ok(contrast(look.onPrimary, look.primary) >= 4.5, "the words of a button");
      for (const ground of GROUNDS) assert.ok(contrast(look.line, look[ground]) >= 3, "a frame");
    });
  }
  test(`${name} is as dark as asked`, () => {
    assert.ok(contrast(lookOf(colors, true).ground, "#ffffff") > 10);
    assert.ok(contrast(lookOf(colors, false).ground, "#000000") > 10);
  });
}

test("a persona keeps its own colours where it has them", () => {
  for (const { colors } of PERSONAS) {
    const look = lookOf(colors, colors.dark);
    assert.equal(look.ground, colors.background);
    assert.equal(look.text, colors.foreground);
  }
});

test("personas differ from each other by day as well", () => {
  const inks = new Set(
    PERSONAS.map(
      ({ colors }) => `${lookOf(colors, false).primary} ${lookOf(colors, false).ground}`,
    ),
  );
  assert.equal(inks.size, PERSONAS.length);
});

test("any colours that a person writes can be read", () => {
  const odd = ["#000000", "#ffffff", "#808080", "#ff0000", "#0000ff", "#00ff00"];
  for (const background of odd) {
    for (const primary of odd) {
      const colors = {
        background,
        surface: background,
        panel: background,
        foreground: primary,
        muted: primary,
        dark: true,
      };
      for (const role of TEXTS.slice(2)) colors[role] = primary;
      for (const dark of [true, false]) {
        const look = lookOf(colors, dark);
        assert.ok(contrast(look.text, look.ground) >= 4.5, `${primary} on ${background}`);
      }
    }
  }
});

test("contrast is that of WCAG", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.ok(Math.abs(contrast("#777777", "#ffffff") - 4.48) < 0.01);
});

test("OKLCH there and back is the same colour", () => {
  for (const color of ["#ff7d1f", "#061018", "#ffffff", "#3fd0f4"]) {
    assert.equal(fromOklch(...toOklch(color)), color);
  }
  assert.ok(Math.abs(toOklch("#ff0000")[0] - 0.628) < 0.001); // Ottosson's own figure
});

test("a colour that can be read already stays as it is", () => {
  assert.equal(readable("#ffffff", ["#000000"]), "#ffffff");
  assert.equal(mix("#000000", "#ffffff", 0.5), "#808080");
});

test("what glows lies on the dark by day, too", () => {
  const hal = PERSONAS.find((each) => each.name === "HAL 9000");
  assert.equal(paletteOf(hal, false).ground, hal.colors.background);
  assert.equal(paletteOf(hal, true).light, hal.face.light);
});
