// The address of what the page shows: a path and parameters behind the #, `#/node/ID?window=7d`. Every choice stands
// there, so that a link, a bookmark and the back button bring it back. The part before the # never changes, so the page
// works below any path of a reverse proxy.

/** @type {Set<() => void>} */
const listeners = new Set();
let shown = location.hash;

addEventListener('popstate', noteChange);
addEventListener('hashchange', noteChange);

function noteChange() {
  if (location.hash === shown) return;
  shown = location.hash;
  tell();
}

function tell() {
  for (const listener of listeners) listener();
}

function parts() {
  // Another hash is a place on the page, such as that of the link that skips to the numbers.
  const hash = location.hash.startsWith('#/') ? location.hash.slice(1) : '/';
  const [path = '/', query = ''] = hash.split('?');
  return { path, parameters: new URLSearchParams(query) };
}

/** The path, decoded, in its parts: `['node', 'ID']`; the start of the page has none. */
export function pathParts() {
  return parts()
    .path.split('/')
    .filter((part) => part !== '')
    .map(decode);
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** True if the address is that of the dashboard, not of another view. */
export function isDashboard() {
  return pathParts().length === 0;
}

/** The value of a parameter; null if the address has none. @param {string} name */
export function get(name) {
  return parts().parameters.get(name);
}

/**
 * Sets parameters and leaves the others; null removes one, so a value that is the default is not written. The back
 * button brings the former values back, unless `replace` is true.
 * @param {Readonly<Record<string, string | null>>} values
 * @param {{ readonly replace?: boolean }} [how]
 */
export function set(values, { replace = false } = {}) {
  const { path: now, parameters } = parts();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  show(hashOf(now, parameters), replace);
}

/**
 * Makes an address without a view that of the dashboard, now and after each change: each part of a page rests while the
 * address is not its own.
 * @param {readonly string[]} views the names of those beside the dashboard
 */
export function keepTo(views) {
  const check = () => {
    const [view] = pathParts();
    if (view !== undefined && !views.includes(view)) show(hashOf('/', parts().parameters), true);
  };
  listen(check);
  check();
}

/**
 * Goes to another path, with these parameters alone.
 * @param {readonly string[]} to
 * @param {Readonly<Record<string, string>>} [values]
 */
export function go(to, values = {}) {
  show(linkTo(to, values), false);
}

/**
 * The link to a path, for `href`.
 * @param {readonly string[]} to
 * @param {Readonly<Record<string, string>>} [values]
 */
export function linkTo(to, values = {}) {
  return hashOf(`/${to.map(encodeURIComponent).join('/')}`, new URLSearchParams(values));
}

/** @param {string} now @param {URLSearchParams} parameters */
function hashOf(now, parameters) {
  const query = parameters.toString();
  return query === '' ? `#${now}` : `#${now}?${query}`;
}

/** @param {string} hash @param {boolean} replace */
function show(hash, replace) {
  if (hash === location.hash || (hash === '#/' && location.hash === '')) return;
  if (replace) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  noteChange();
}

/** Calls the listener after each change, by the page itself too. @param {() => void} listener */
export function listen(listener) {
  listeners.add(listener);
}
