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
  'foot.metrics': 'Metriken',
  'foot.readiness': 'Bereitschaft',

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
  'bars.empty': '(ohne Angabe)',
  'bars.none': 'Noch nichts zu zeigen.',
  'bars.label.unknown': 'unbekannt',
  'bars.label.other': 'andere',
  'bars.no-places': 'Stündlich gezählt; bisher zu wenige Knoten.',

  // Names of continents.
  'names.continent.AF': 'Afrika',
  'names.continent.AN': 'Antarktis',
  'names.continent.AS': 'Asien',
  'names.continent.EU': 'Europa',
  'names.continent.NA': 'Nordamerika',
  'names.continent.OC': 'Ozeanien',
  'names.continent.SA': 'Südamerika',

  // Map of the world.
  'map.label': 'Karte mit {n} Zellen',
  'map.source': 'Land: Natural Earth',

  // Tables.
  'table.page': 'Seite {page} von {pages}',
  'table.not-searched': 'Nicht gesucht',
  'table.nothing-searched': 'Es wurde nichts gesucht.',
  'table.previous': '← Zurück',
  'table.next': 'Weiter →',
  'table.first': 'Erste',
  'table.last': 'Letzte',
  'table.go-to': 'Zu Seite',
  'table.changes': { one: '{n} Änderung: zeigen', other: '{n} Änderungen: zeigen' },

  // Charts.
  'chart.none': 'In dieser Zeitspanne gibt es noch keine Werte.',
  'chart.none-then': 'In dieser Zeitspanne gibt es keine Werte.',
  'chart.value': '{value} am {at}',
  'chart.no-value': 'Kein Wert am {at}',
  'chart.before': 'davor {value}',
  'chart.before-key': 'Gestrichelte Linie: die Zeitspanne davor.',
  'chart.now': 'jetzt {value}',
  'chart.last': 'zuletzt {value}',
  'chart.low': 'min. {value}',
  'chart.high': 'max. {value}',
  'chart.gap': '{span} nichts aufgezeichnet',
  'chart.gap-read': '{gap}: {from} bis {to}',
  'chart.mark': '{text} ({at})',
  'chart.png': 'Bild (PNG)',
  'chart.csv': 'Werte (CSV)',
  'chart.menu': '{title} speichern',
  'chart.role': 'Diagramm',
  'chart.note':
    'Ziehen vergrößert, Doppelklick geht zurück. Pfeiltasten lesen Werte, + und − ändern die Zeitspanne, 0 zeigt die ganze.',
  'chart.whole': 'Ganze Zeitspanne zeigen',
  'chart.wider': 'Längere Zeitspanne',
  'chart.newest': 'Die neuere Hälfte zeigen',
  'chart.span': 'Zeitspanne der Diagramme',
  'chart.picker': 'Von – bis',
  'chart.picker.from': 'Von',
  'chart.picker.to': 'Bis',
  'chart.picker.now': 'Jetzt',
  'chart.picker.show': 'Zeigen',
  'chart.picker.incomplete': 'Geben Sie Datum und Uhrzeit ein.',
  'chart.picker.years': 'Geben Sie Zeiten in den Jahren 1970 bis 9999 ein.',
  'chart.picker.order': 'Das Ende muss nach dem Anfang liegen.',
  'chart.picker.future': 'Der Anfang liegt in der Zukunft.',
  'chart.picker.short': 'Die kürzeste Zeitspanne ist {least}.',
};
