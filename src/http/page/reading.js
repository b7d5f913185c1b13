// Whether someone is reading a part of the page, so that its order stands still meanwhile. A reader has moved the pointer,
// scrolled, touched or typed within the last minute while the part is on the screen, has the focus in it, or has selected
// text in it. A display that nobody touches goes on by itself.

const READING_MS = 60_000;
let usedMs = -Infinity;

for (const type of ['pointermove', 'pointerdown', 'wheel', 'touchmove', 'keydown'])
  addEventListener(type, () => (usedMs = performance.now()), { capture: true, passive: true });

/** @param {Element} part */
export function isBeingRead(part) {
  const selection = getSelection();
  if (selection !== null && !selection.isCollapsed && selection.containsNode(part, true)) return true;
  if (part.contains(document.activeElement)) return true;
  const { top, bottom, height } = part.getBoundingClientRect();
  const isOnScreen = height > 0 && bottom > 0 && top < innerHeight;
  return isOnScreen && performance.now() - usedMs < READING_MS;
}
