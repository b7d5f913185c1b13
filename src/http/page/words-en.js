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
  'foot.metrics': 'Metrics',
  'foot.readiness': 'Readiness',

  // Whether the numbers can be trusted.
  'trust.loading': 'Connecting…',
  'trust.locked': 'Key needed',
  'trust.locked.from': 'Enter a valid API key: these numbers are from {at} and do not change.',
  'trust.unreachable': 'Unreachable',
  'trust.unreachable.now': 'The aggregator cannot be reached. Trying again.',
  'trust.unreachable.from': 'The aggregator cannot be reached; these numbers are from {at}. Trying again.',

  // Bars of distributions.
  'bars.all': 'Show all {n}',
  'bars.empty': '(no label)',
  'bars.none': 'Nothing to show yet.',
  'bars.label.unknown': 'unknown',
  'bars.label.other': 'other',
  'bars.no-places': 'Counted hourly; too few nodes to show so far.',

  // Names of continents.
  'names.continent.AF': 'Africa',
  'names.continent.AN': 'Antarctica',
  'names.continent.AS': 'Asia',
  'names.continent.EU': 'Europe',
  'names.continent.NA': 'North America',
  'names.continent.OC': 'Oceania',
  'names.continent.SA': 'South America',

  // Map of the world.
  'map.label': 'Map with {n} cells',
  'map.source': 'Land: Natural Earth',

  // Tables.
  'table.page': 'Page {page} of {pages}',
  'table.not-searched': 'Not searched',
  'table.nothing-searched': 'Nothing was searched.',
  'table.previous': '← Previous',
  'table.next': 'Next →',
  'table.first': 'First',
  'table.last': 'Last',
  'table.go-to': 'Go to page',
  'table.changes': { one: '{n} change: show', other: '{n} changes: show' },

  // Charts.
  'chart.none': 'No rows in this span yet.',
  'chart.none-then': 'No rows in this span.',
  'chart.value': '{value} at {at}',
  'chart.no-value': 'No value at {at}',
  'chart.before': 'before {value}',
  'chart.before-key': 'Dashed line: the span before.',
  'chart.now': 'now {value}',
  'chart.last': 'last {value}',
  'chart.low': 'low {value}',
  'chart.high': 'high {value}',
  'chart.gap': 'nothing recorded {span}',
  'chart.gap-read': '{gap}: {from} to {to}',
  'chart.mark': '{text} ({at})',
  'chart.png': 'Picture (PNG)',
  'chart.csv': 'Rows (CSV)',
  'chart.menu': 'Save {title}',
  'chart.role': 'chart',
  'chart.note':
    'Drag to zoom, double-click to go back. Arrow keys read values, + and − zoom, 0 shows the whole span.',
  'chart.whole': 'Show the whole span',
  'chart.wider': 'Zoom out',
  'chart.newest': 'Zoom in to the newest half',
  'chart.span': 'Span of the charts',
  'chart.picker': 'From – to',
  'chart.picker.from': 'From',
  'chart.picker.to': 'To',
  'chart.picker.now': 'Now',
  'chart.picker.show': 'Show',
  'chart.picker.incomplete': 'Enter a date and a time.',
  'chart.picker.years': 'Enter times in the years 1970 to 9999.',
  'chart.picker.order': 'The end must be after the beginning.',
  'chart.picker.future': 'The beginning is in the future.',
  'chart.picker.short': 'The shortest span is {least}.',
};
