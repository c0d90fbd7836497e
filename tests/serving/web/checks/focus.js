// Which element has the focus, and whether one sees it.
() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const seen =
    (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) ||
    getComputedStyle(at.closest(".composer") ?? at).boxShadow !== "none";
  return { name: at === document.body ? "" : at.id || at.textContent.trim() || at.className, seen };
};
