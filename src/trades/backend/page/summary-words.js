// The words of the page for provenances, findings and figures.

const TWO = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
});
const FOUR_DIGITS = new Intl.NumberFormat('en-US', {
  maximumSignificantDigits: 4,
  signDisplay: 'exceptZero',
});
const AMOUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const SMALL_AMOUNT = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** By provenance: the tag in a table, and the sentence above the figures. */
const PROVENANCES = {
  client_reported: [
    'Unverified',
    'Unverified: the client itself reports these figures, and no exchange has confirmed them.',
  ],
  polled: ['Polled', 'Polled: the enclave of the service has these figures from the exchange.'],
  unstated: [
    'Unstated',
    'Unverified: neither the summaries nor their key say where these figures come from.',
  ],
};

/** By kind of finding: words for one, words for several. @type {Readonly<Record<string, [string, string]>>} */
const FINDINGS = {
  missing: ['number missing', 'numbers missing'],
  gap: ['gap', 'gaps'],
  overlap: ['overlap', 'overlaps'],
  broken_link: ['broken link', 'broken links'],
  fork: ['fork', 'forks'],
  unknown_revision: ['correction of something unknown', 'corrections of something unknown'],
  moved_revision: ['correction of another period', 'corrections of another period'],
  declared_gap: ['declared gap', 'declared gaps'],
};

/** By kind of finding: what it means. @type {Readonly<Record<string, string>>} */
const SENTENCES = {
  gap: 'Gap: this period begins later than the one before ends',
  overlap: 'Overlap: this period begins before the one before ends',
  broken_link: 'Broken link: it names another summary than the one before',
  unknown_revision: 'Correction of a summary that never came; it does not count',
  moved_revision: 'Correction with another period than its summary; it does not count',
  declared_gap: 'The client says that this time is not covered',
};

/** @param {string} provenance @returns {[tag: string, sentence: string]} */
export function provenanceWords(provenance) {
  const [tag = '', sentence = ''] = PROVENANCES[/** @type {keyof typeof PROVENANCES} */ (provenance)];
  return [tag, sentence];
}

/** @param {string} provenance */
export function isVerified(provenance) {
  return provenance === 'polled';
}

/** What was found, in a few words. @param {{ found: Record<string, number>, unnumbered: number, summaries: number }} client */
export function lineWords({ found, unnumbered, summaries }) {
  const parts = Object.entries(found)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${number} ${FINDINGS[kind]?.[number === 1 ? 0 : 1] ?? kind}`);
  if (parts.length > 0) return parts.join(', ');
  return unnumbered === summaries ? 'No line: jobs' : 'Whole';
}

/** @param {{ kind: string, count: number }} finding */
export function findingWords({ kind, count }) {
  if (kind === 'missing') return count === 1 ? 'Missing: one summary' : `Missing: ${count} summaries`;
  if (kind === 'fork') return `Fork: ${count} summaries have this number; the first one received counts`;
  return SENTENCES[kind] ?? kind;
}

/** @param {number} value in percent */
export function percentChange(value) {
  const isSmall = value !== 0 && Math.abs(value) < 0.01;
  return `${(isSmall ? FOUR_DIGITS : TWO).format(value)} %`;
}

/** An amount of an asset. @param {number} value */
export function amount(value) {
  return value !== 0 && Math.abs(value) < 0.01 ? SMALL_AMOUNT.format(value) : AMOUNT.format(value);
}
