// The nodes that the user pinned, each with a name of the user's own. The browser keeps them, for this aggregator alone; they
// are sent to nobody.

/** Two aggregators behind one host share the browser's storage but not their pins. */
const NAME = `aggregator-pins ${new URL('../', import.meta.url).pathname}`;
/** Each pinned node is asked for by its id, so there are not many. */
const MOST = 20;
const NAME_LENGTH = 60;

/** `name` is empty if the user gave none. @typedef {{ readonly id: string, readonly name: string }} Pin */

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {readonly Pin[]} */
let pinned = read();

addEventListener('storage', ({ key }) => {
  if (key !== NAME) return;
  pinned = read();
  tell();
});

/** @returns {readonly Pin[]} */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(NAME) ?? '[]');
    return stored
      .filter((/** @type {any} */ pin) => typeof pin?.id === 'string' && typeof pin.name === 'string')
      .slice(0, MOST);
  } catch {
    // The browser allows no storage, or something else was written there.
    return [];
  }
}

/** @param {readonly Pin[]} next */
function keep(next) {
  pinned = next;
  try {
    localStorage.setItem(NAME, JSON.stringify(next));
  } catch {
    // Without storage the pins last until the page is left.
  }
  tell();
}

function tell() {
  for (const listener of listeners) listener();
}

/** The pinned nodes in the order in which they were pinned. */
export function pins() {
  return pinned;
}

/** @param {string} id */
export function isPinned(id) {
  return pinned.some((pin) => pin.id === id);
}

/** The user's own name of a node; empty if it has none. @param {string} id */
export function ownName(id) {
  return pinned.find((pin) => pin.id === id)?.name ?? '';
}

/** True if another node can be pinned. */
export function hasRoom() {
  return pinned.length < MOST;
}

/** Pins a node, or takes its pin and its name away. @param {string} id */
export function togglePin(id) {
  if (isPinned(id)) keep(pinned.filter((pin) => pin.id !== id));
  else if (hasRoom()) keep([...pinned, { id, name: '' }]);
}

/** Gives a node a name, which pins it. @param {string} id @param {string} name */
export function rename(id, name) {
  const pin = { id, name: name.trim().slice(0, NAME_LENGTH) };
  if (isPinned(id)) keep(pinned.map((each) => (each.id === id ? pin : each)));
  else if (pin.name !== '' && hasRoom()) keep([...pinned, pin]);
}

/** Calls the listener after each change, also by another tab. @param {() => void} listener */
export function onPins(listener) {
  listeners.add(listener);
}
