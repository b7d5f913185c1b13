// Makes an element of the page like another that was made anew. What is equal is left alone, so a selection of text, the
// focus and an opened tooltip in it survive.

/**
 * Gives `shown` the attributes and the content of `fresh`; children of `fresh` may move into `shown`.
 * @param {Element} shown
 * @param {Element} fresh
 */
export function morph(shown, fresh) {
  if (shown.isEqualNode(fresh)) return;
  for (const name of shown.getAttributeNames()) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  const [before, after] = [[...shown.childNodes], [...fresh.childNodes]];
  const isAlike =
    before.length === after.length &&
    before.every((child, index) => child.nodeName === after[index]?.nodeName);
  if (!isAlike) {
    shown.replaceChildren(...after);
    return;
  }
  for (const [index, child] of before.entries()) {
    const other = after[index];
    if (child instanceof Element && other instanceof Element) morph(child, other);
    else if (other !== undefined && child.nodeValue !== other.nodeValue) child.nodeValue = other.nodeValue;
  }
}
