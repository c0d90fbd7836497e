// Controls that are smaller than `least` pixels.
(least) =>
  [...document.querySelectorAll("button, a[href], input, select, textarea, summary")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".skip"))
    .map((each) => [
      each,
      (each.type === "checkbox" ? each.closest("label, li") : each).getBoundingClientRect(),
    ])
    .filter(([, box]) => box.width < least || box.height < least)
    .map(
      ([each, box]) =>
        `${each.id || each.textContent.trim() || each.className}: ${box.width}×${box.height}`,
    );
