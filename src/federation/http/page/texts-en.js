// The English texts of the dashboard of the federation (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Views.
  'view.dashboard': 'Dashboard',
  'view.title': 'Truebit federation',
};
