// The figures of the personas. The kinds and what may be told of them are those of
// `assistant.personas.face`.

import { eye, iris } from "./lenses.js";
import { rings, strokes, wave } from "./lines.js";
import { lamps, scanner, slabs } from "./machines.js";

const FIGURES = { iris, eye, scanner, slabs, lamps, rings, wave, strokes };

/** Paint what a pose says inside the unit circle; a kind that is not known here as rings. */
export function paint(context, pose, face, palette) {
  (FIGURES[face.kind] ?? rings)(context, pose, face, palette);
}
