// The English texts that all pages share (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Times.
  'time.ago': '{span} ago',
  'time.now': 'just now',
  'time.future': '{span} in the future',
  'time.ahead': "A clock differs: this time is {span} ahead of the aggregator's clock.",
  'time.zone': 'Times are those of {zone}',

  // The head of the page.
  'head.theme': 'Theme:',
  'head.theme.auto': 'Auto',
  'head.theme.light': 'Light',
  'head.theme.dark': 'Dark',
  'head.language': 'Language',
  'head.skip': 'Skip to the numbers',

  // Whether the numbers can be trusted.
  'trust.loading': 'Connecting…',
  'trust.locked': 'Key needed',
  'trust.locked.from': 'Enter a valid API key: these numbers are from {at} and do not change.',
  'trust.unreachable': 'Unreachable',
  'trust.unreachable.now': 'The aggregator cannot be reached. Trying again.',
  'trust.unreachable.from': 'The aggregator cannot be reached; these numbers are from {at}. Trying again.',

  // Bars of distributions.
  'bars.all': 'Show all {n}',
  'bars.none': 'Nothing to show yet.',
  'bars.no-places': 'Counted hourly; too few nodes to show so far.',

  // Map of the world.
  'map.label': 'Map with {n} cells',
  'map.source': 'Land: Natural Earth',

  // Tables.
  'table.page': 'Page {page} of {pages}',
  'table.not-searched': 'Not searched',
  'table.nothing-searched': 'Nothing was searched.',

  // Charts.
  'chart.none': 'No rows in this span yet.',
};
