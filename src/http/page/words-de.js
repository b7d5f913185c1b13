// The German texts that all pages share (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Times.
  'time.ago': 'vor {span}',
  'time.now': 'gerade eben',
  'time.future': '{span} in der Zukunft',
  'time.ahead': 'Eine Uhr geht anders: Diese Zeit liegt {span} vor der Uhr des Aggregators.',
  'time.zone': 'Zeiten in der Zone {zone}',

  // The head of the page.
  'head.theme': 'Farben:',
  'head.theme.auto': 'Automatisch',
  'head.theme.light': 'Hell',
  'head.theme.dark': 'Dunkel',
  'head.language': 'Sprache',
  'head.skip': 'Zu den Zahlen springen',

  // Whether the numbers can be trusted.
  'trust.loading': 'Verbinde…',
  'trust.locked': 'Schlüssel nötig',
  'trust.locked.from':
    'Geben Sie einen gültigen API-Schlüssel ein: Diese Zahlen sind von {at} und ändern sich nicht.',
  'trust.unreachable': 'Nicht erreichbar',
  'trust.unreachable.now': 'Der Aggregator ist nicht erreichbar. Neuer Versuch läuft.',
  'trust.unreachable.from':
    'Der Aggregator ist nicht erreichbar; diese Zahlen sind von {at}. Neuer Versuch läuft.',

  // Bars of distributions.
  'bars.all': 'Alle {n} zeigen',
  'bars.none': 'Noch nichts zu zeigen.',
  'bars.no-places': 'Stündlich gezählt; bisher zu wenige Knoten.',

  // Map of the world.
  'map.label': 'Karte mit {n} Zellen',
  'map.source': 'Land: Natural Earth',

  // Tables.
  'table.page': 'Seite {page} von {pages}',
  'table.not-searched': 'Nicht gesucht',
  'table.nothing-searched': 'Es wurde nichts gesucht.',

  // Charts.
  'chart.none': 'In dieser Zeitspanne gibt es noch keine Werte.',
};
