// Elements, dialogs and messages. Every text is set as text, never as HTML.

/**
 * An element: `own` gives properties, and attributes where the name has a dash or is one of aria's;
 * `on` its listeners, `style` custom properties. Children are elements or texts.
 */
export function el(tag, own = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || value === null) continue;
    if (name === "on")
      for (const [event, heard] of Object.entries(value)) made.addEventListener(event, heard);
    else if (name === "style") setStyle(made, value);
    else if (name.includes("-") || name === "role" || name === "for")
      made.setAttribute(name, value);
    else made[name === "text" ? "textContent" : name === "class" ? "className" : name] = value;
  }
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}

/** Custom properties, through the CSS object model: a style attribute is forbidden here. */
export function setStyle(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, value);
}

/** An icon of the page's sprite. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Set a text only where it is another one: what is not changed is not laid out again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const open = new Map();
let count = 0;

/**
 * A modal dialog with a heading and a close button; `fill(body, close)` puts in what it holds. A
 * second one of the same name takes the first's place. `closed` is told its end.
 */
export function openDialog(name, title, fill, closed = () => {}) {
  open.get(name)?.close();
  const id = `dialog-${(count += 1)}`;
  const body = el("div", { class: "dialog-body" });
  const heading = el("h2", { id, text: title });
  const dialog = el("dialog", { class: `dialog ${name}`, "aria-labelledby": id });
  const close = () => dialog.close();
  const shut = el(
    "button",
    { type: "button", "aria-label": "Close", on: { click: close } },
    icon("close"),
  );
  dialog.append(el("div", { class: "dialog-head" }, heading, shut), body);
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => {
    if (open.get(name) === dialog) open.delete(name);
    bringMessages();
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  open.set(name, dialog);
  fill(body, close, heading);
  dialog.showModal();
  bringMessages();
  return { body, close, dialog };
}

/** Messages lie in what is in front: all else can neither be pressed nor is it read out. */
function bringMessages() {
  const front = [...open.values()].at(-1) ?? document.body;
  front.append(byId("toasts"), byId("announcer"));
}

/** Whether a dialog is in front of the page. */
export const dialogOpen = () => document.querySelector("dialog[open]") !== null;

const STAYS = { information: 8_000, warning: 16_000, error: 0 };
const MOST_TOASTS = 4;

/** A message for a while, or, of an error, until it is closed. One with a key replaces another. */
export function toast(text, { remedy = "", severity = "information", key = "" } = {}) {
  const box = byId("toasts");
  if (key) box.querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  const tone = { information: "--secondary", warning: "--warning", error: "--error" }[severity];
  const words = el("div", { text }, remedy ? el("span", { class: "remedy", text: remedy }) : null);
  const close = el("button", { type: "button", "aria-label": "Close this message" }, icon("close"));
  const role = severity === "error" ? "alert" : "status";
  const made = el(
    "div",
    { class: "toast", role, style: { "--tone": `var(${tone})` } },
    words,
    close,
  );
  if (key) made.dataset.key = key;
  const end = () => made.remove();
  close.addEventListener("click", end);
  box.append(made);
  while (box.children.length > MOST_TOASTS) box.firstElementChild.remove();
  if (!STAYS[severity]) return;
  let timer = setTimeout(end, STAYS[severity]);
  made.addEventListener("pointerenter", () => clearTimeout(timer));
  made.addEventListener("pointerleave", () => (timer = setTimeout(end, 3_000)));
}
