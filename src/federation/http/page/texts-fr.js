// The French texts of the dashboard of the federation (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Views.
  'view.dashboard': 'Tableau de bord',
  'view.title': 'Fédération Truebit',
};
