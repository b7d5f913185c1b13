// The French texts that all pages share (words.js).

/** @type {import('./words.js').Texts} */
export default {
  // Times.
  'time.ago': 'il y a {span}',
  'time.now': 'à l’instant',
  'time.future': '{span} dans le futur',
  'time.ahead': 'Une horloge diffère : cette heure est en avance de {span} sur l’horloge de l’agrégateur.',
  'time.zone': 'Heures du fuseau {zone}',

  // The head of the page.
  'head.theme': 'Thème :',
  'head.theme.auto': 'Auto',
  'head.theme.light': 'Clair',
  'head.theme.dark': 'Sombre',
  'head.language': 'Langue',
  'head.skip': 'Aller aux chiffres',
  'foot.metrics': 'Métriques',
  'foot.readiness': 'État de service',

  // Whether the numbers can be trusted.
  'trust.loading': 'Connexion…',
  'trust.locked': 'Clé requise',
  'trust.locked.from': 'Saisissez une clé d’API valide : ces chiffres datent du {at} et ne changent plus.',
  'trust.unreachable': 'Injoignable',
  'trust.unreachable.now': 'L’agrégateur est injoignable. Nouvel essai en cours.',
  'trust.unreachable.from':
    'L’agrégateur est injoignable ; ces chiffres datent du {at}. Nouvel essai en cours.',

  // Bars of distributions.
  'bars.all': 'Tout afficher ({n})',
  'bars.empty': '(sans étiquette)',
  'bars.none': 'Rien à afficher pour l’instant.',
  'bars.label.unknown': 'inconnu',
  'bars.label.other': 'autres',
  'bars.no-places': 'Compté chaque heure ; trop peu de nœuds pour l’instant.',

  // Names of continents.
  'names.continent.AF': 'Afrique',
  'names.continent.AN': 'Antarctique',
  'names.continent.AS': 'Asie',
  'names.continent.EU': 'Europe',
  'names.continent.NA': 'Amérique du Nord',
  'names.continent.OC': 'Océanie',
  'names.continent.SA': 'Amérique du Sud',

  // Map of the world.
  'map.label': 'Carte avec {n} cellules',
  'map.source': 'Terres : Natural Earth',

  // Tables.
  'table.page': 'Page {page} sur {pages}',
  'table.not-searched': 'Recherche non effectuée',
  'table.nothing-searched': 'Aucune recherche effectuée.',
  'table.previous': '← Précédente',
  'table.next': 'Suivante →',
  'table.first': 'Première',
  'table.last': 'Dernière',
  'table.go-to': 'Aller à la page',
  'table.changes': { one: '{n} changement : afficher', other: '{n} changements : afficher' },

  // Charts.
  'chart.none': 'Aucune valeur dans cette période pour l’instant.',
  'chart.none-then': 'Aucune valeur dans cette période.',
  'chart.value': '{value}, le {at}',
  'chart.no-value': 'Aucune valeur, le {at}',
  'chart.before': 'avant {value}',
  'chart.before-key': 'En pointillé : la période précédente.',
  'chart.now': 'actuel {value}',
  'chart.last': 'dernier {value}',
  'chart.low': 'min. {value}',
  'chart.high': 'max. {value}',
  'chart.gap': 'rien d’enregistré {span}',
  'chart.gap-read': '{gap} : du {from} au {to}',
  'chart.mark': '{text} ({at})',
  'chart.png': 'Image (PNG)',
  'chart.csv': 'Valeurs (CSV)',
  'chart.menu': 'Enregistrer {title}',
  'chart.role': 'graphique',
  'chart.note':
    'Glissez pour agrandir, double-cliquez pour revenir. Les flèches lisent les valeurs, + et − changent la période, 0 la montre en entier.',
  'chart.whole': 'Montrer toute la période',
  'chart.wider': 'Période plus longue',
  'chart.newest': 'Montrer la moitié la plus récente',
  'chart.span': 'Période des graphiques',
  'chart.picker': 'Du – au',
  'chart.picker.from': 'Du',
  'chart.picker.to': 'Au',
  'chart.picker.now': 'Maintenant',
  'chart.picker.show': 'Afficher',
  'chart.picker.incomplete': 'Saisissez une date et une heure.',
  'chart.picker.years': 'Saisissez des dates entre 1970 et 9999.',
  'chart.picker.order': 'La fin doit suivre le début.',
  'chart.picker.future': 'Le début est dans le futur.',
  'chart.picker.short': 'La période la plus courte est de {least}.',
};
