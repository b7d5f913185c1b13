// The German texts of the dashboard of the federation (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Views.
  'view.dashboard': 'Übersicht',
  'view.title': 'Truebit-Föderation',
};
