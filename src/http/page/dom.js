// Element helpers for every part of the page. They insert text only as text, never as HTML, because labels come from
// the network.

/**
 * Returns the element with this id, and throws if the page has none.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Returns all HTML elements that match the selector.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement[]}
 */
export function all(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
}

/**
 * Makes an element with text or children.
 * @param {string} name
 * @param {Readonly<Record<string, string>>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

/**
 * Makes an SVG element.
 * @param {string} name
 * @param {Readonly<Record<string, string>>} attributes
 * @returns {SVGElement}
 */
export function makeSvg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/**
 * Sets the text only if it differs, so that a screen reader announces nothing twice and the browser paints nothing
 * twice.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Sets the text of every element with this `data-text`.
 * @param {string} name
 * @param {string} text
 */
export function showText(name, text) {
  for (const element of all(`[data-text="${name}"]`)) setText(element, text);
}

/**
 * Calls `chosen` with the selected value of a group of radio buttons, now and at every change.
 * @param {string} id
 * @param {(value: string) => void} chosen
 */
export function onChoice(id, chosen) {
  const group = byId(id);
  const value = () => {
    const input = group.querySelector('input:checked');
    return input instanceof HTMLInputElement ? input.value : '';
  };
  group.addEventListener('change', () => chosen(value()));
  chosen(value());
}
