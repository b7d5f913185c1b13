// What every part of the page does with elements. Text is only ever set as text: labels come from strangers.

/**
 * The element with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * All elements that match.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement[]}
 */
export function all(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
}

/**
 * A new element with text or children.
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
 * The same for SVG.
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
 * Sets text where it differs, so that nothing is announced or painted twice.
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
 * Calls back with the chosen value of a group of radio buttons, now and at every change.
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
