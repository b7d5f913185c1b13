// The views of a page: one of them is shown, the one that the path of the address names (address.js). The first part of the
// path is the name of the view; without one it is the dashboard. A view's element has the id `view-NAME`.

import * as address from './address.js';
import { byId } from './dom.js';

/**
 * `show` is called with the rest of the path whenever the view is shown or its address changes; it returns the title of
 * the view. `hide` is called when another view takes its place.
 * @typedef {{ show: (rest: readonly string[]) => string, hide?: () => void }} View
 */

const START = 'dashboard';

/**
 * Shows the view of the address, now and after each change.
 * @param {Readonly<Record<string, View>>} views
 * @param {(title: string) => void} titled told the title of the view that is shown
 */
export function startViews(views, titled) {
  let shown = START;
  /** Where the dashboard was left: a user who comes back reads on there. */
  let startY = 0;
  const show = (isStart = false) => {
    const [first = START, ...rest] = address.pathParts();
    const name = Object.hasOwn(views, first) ? first : START;
    if (shown === START) startY = scrollY;
    for (const each of Object.keys(views)) byId(`view-${each}`).hidden = each !== name;
    if (name !== shown) {
      views[shown]?.hide?.();
      scrollTo(0, name === START ? startY : 0);
      shown = name;
      // What had the focus is hidden now; the keys go on from the new view.
      if (!isStart) byId('main').focus({ preventScroll: true });
    }
    titled(views[name]?.show(rest) ?? '');
  };
  address.listen(() => show());
  show(true);
}
