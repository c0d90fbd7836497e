// Fields of a panel, each with its label.

import { el, say } from "../elements.js";

let fields = 0;

export function slider(title, value, range, words, change) {
  const id = `field-${(fields += 1)}`;
  const input = el("input", { type: "range", id, ...range, value });
  const output = el("output", { for: id, text: words(value) });
  input.setAttribute("aria-valuetext", words(value));
  input.addEventListener("input", () => {
    say(output, words(input.valueAsNumber));
    input.setAttribute("aria-valuetext", words(input.valueAsNumber));
  });
  input.addEventListener("change", () => change(input.valueAsNumber));
  return el(
    "div",
    { class: "field" },
    el("div", { class: "row" }, el("label", { for: id, text: title }), output),
    input,
  );
}

export function checkbox(title, on, change) {
  const input = el("input", { type: "checkbox", checked: on });
  input.addEventListener("change", () => change(input.checked));
  return el("label", { class: "check" }, input, title);
}

export function choice(title, options, chosen, change) {
  const id = `field-${(fields += 1)}`;
  const select = el(
    "select",
    { id },
    ...options.map(([value, text]) => el("option", { value, text, selected: value === chosen })),
  );
  select.addEventListener("change", () => change(select.value));
  return el("div", { class: "field" }, el("label", { for: id, text: title }), select);
}
