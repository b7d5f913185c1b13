// The faults that a seeded upstream plays, by the names of the command line.

/** What each fault does; most hold for some seconds of a block. */
export const FAULT_TEXTS = {
  die: 'refuses connections, and comes back',
  hang: 'answers nothing; then closes the connections',
  reset: 'resets each connection at its next request',
  html: 'answers an HTML page with status 200',
  unavailable: 'answers every second request with status 503 and a text',
  'rate-limit': 'answers with status 429 and Retry-After',
  busy: 'answers with -32006',
  temporary: 'answers with an error that passes, or that nothing is known of',
  operator: 'answers with 401, 403 or an error that an operator must end',
  slow: 'takes submissions, and answers after 25 s or 40 % of a block',
  lost: 'takes submissions, and closes the connection instead of an answer',
  truncated: 'answers with half of a JSON text',
  oversize: 'gives an information above 64 KiB',
  alternate: 'tells of this and of the previous block in turn, as two nodes do',
  reorganise: 'follows with a block of the same or a lower height, or with the same work',
  cookie: 'takes a new cookie, and writes it into the file some seconds later',
  'refuse-submission': 'refuses some submissions with an error about the submission',
  'refuse-account': 'refuses some accounts with an error about the account',
  'refuse-block': 'refuses every submission with an error about the block',
} as const;

/** A fault's name. */
export type FaultName = keyof typeof FAULT_TEXTS;

/** Every fault. */
export const FAULT_NAMES = Object.keys(FAULT_TEXTS) as readonly FaultName[];

/** The codes of which a fault takes one; a status is positive. Two of those that pass are in no specification. */
export const CODES: Readonly<Partial<Record<FaultName, readonly number[]>>> = {
  unavailable: [503],
  'rate-limit': [429],
  busy: [-32006],
  temporary: [-32006, -10, -28, -32603, -32700, -32000, -1, -32050],
  operator: [401, 403, -32004, -32005, -32601, -13],
  'refuse-submission': [-32001, -32600, -32602, -8, -26],
  'refuse-account': [-32007, -5],
  'refuse-block': [-32003, -32002],
};
