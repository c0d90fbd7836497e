// Elements that reach beyond the screen, scroll sideways, or have words that reach out of them.
() => {
  const wide = document.documentElement.clientWidth;
  const front = document.querySelector("dialog[open]");
  const all = (front ?? document.body).querySelectorAll("*");
  const out = [...all]
    .filter((each) => each.checkVisibility() && !each.closest(".unseen, .skip, svg"))
    .filter((each) => {
      const box = each.getBoundingClientRect();
      return box.right > wide + 1 || box.left < -1;
    });
  const scrolls = [
    document.documentElement,
    document.body,
    ...document.querySelectorAll(".scroll, .dialog-body, button"),
  ].filter((each) => each.scrollWidth > each.clientWidth + 1);
  return [...out, ...scrolls].map((each) => `${each.tagName}.${each.className}#${each.id}`);
};
