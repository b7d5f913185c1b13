// `aggregator outbox`: lists what the outbox holds and sends dead letters again, whether the program runs or not. It
// shows no summary's content.

import { command, group } from '../../cli/command.ts';
import { flag, option, optionWithDefault, printable } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import type { Environment } from '../../config/environment.ts';
import { counted } from '../../lib/counted.ts';
import { CodedError } from '../../lib/errors.ts';
import { ownPath } from '../../lib/real-path.ts';
import { readSome } from '../config/settings.ts';
import { LISTED_MAX, type Replayed } from '../domain/operator-request.ts';
import type { OutboxRow, OutboxState } from '../domain/questions.ts';
import { performOperatorRequest } from './operator-request.ts';

const EXIT = '0 done; 1 not done; 2 usage.';
const JSON_OPTION = { json: flag('print JSON') };

const list = command({
  about: 'Lists summaries of the outbox, the newest first.',
  options: {
    state: option('STATE', 'only waiting, delivered or dead ones; default all'),
    limit: optionWithDefault('N', `summaries to list, at most ${LISTED_MAX}`, '20'),
    ...JSON_OPTION,
  },
  exit: EXIT,
  async run({ values }, env) {
    const limit = wholeNumber(values.limit);
    const state = stateOf(values.state);
    const entries = await performOperatorRequest(databasePath(env), { type: 'listOutbox', state, limit });
    print(values.json ? `${JSON.stringify({ entries: entries.map(listing) })}\n` : listText(entries, limit));
    return 0;
  },
});

const replay = command({
  about:
    'Puts dead letters back into the outbox, each at the end of its client. The backend gets them as they were signed.',
  operands: ['ID…'],
  options: { all: flag('all dead letters, the oldest first'), ...JSON_OPTION },
  exit: '0 done; 1 not done, also if an ID is no dead letter; 2 usage.',
  async run({ values, operands }, env) {
    if (values.all && operands.length > 0) throw wrong('Give IDs or --all, not both.');
    if (!values.all && operands.length === 0) throw wrong('Give the IDs of dead letters, or --all.');
    const ids = values.all ? 'all' : operands.map(wholeNumber);
    const replayed = await performOperatorRequest(databasePath(env), { type: 'replay', ids });
    print(values.json ? `${JSON.stringify(replayed)}\n` : replayText(replayed));
    return replayed.notDead.length === 0 ? 0 : 1;
  },
});

function databasePath(env: Environment): string {
  return ownPath(readSome(env, ['DB_PATH']).DB_PATH);
}

/** A text that is no state stays what it is, and the request is refused. */
function stateOf(text: string | undefined): OutboxState | null {
  if (text === undefined) return null;
  if (text === 'waiting' || text === 'delivered' || text === 'dead') return text;
  throw wrong(`--state ${printable(text)}: allowed is waiting, delivered or dead.`);
}

/** NaN for another text, which the check of the request refuses. */
function wholeNumber(text: string): number {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function wrong(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}

/** A row with times as text. */
function listing({ sealedAtMs, endedAtMs, ...row }: OutboxRow) {
  return { ...row, sealedAt: timeText(sealedAtMs), endedAt: endedAtMs === null ? null : timeText(endedAtMs) };
}

function listText(entries: readonly OutboxRow[], limit: number): string {
  if (entries.length === 0) return 'The outbox has no such summary.\n';
  const more = entries.length < limit ? '' : `These are the newest ${limit}; --limit lists more.\n`;
  return entries.map((row) => `${lineOf(row)}\n`).join('') + more;
}

function lineOf(row: OutboxRow): string {
  const { id, state, digest, clientId, exchange, sealedAtMs, trades, attempts, reason } = row;
  const who = `${printable(clientId)} at ${printable(exchange)}`;
  const tried = attempts === 0 ? [] : [counted(attempts, 'failed attempt')];
  const why = reason === '' || state === 'delivered' ? [] : [reason];
  const what = [counted(trades, 'trade'), `sealed ${timeText(sealedAtMs)}`];
  return [String(id), state, digest, who, ...what, ...tried, ...why].join('  ');
}

function replayText({ replayed, notDead, left }: Replayed): string {
  const lines = [`${counted(replayed, 'dead letter is', 'dead letters are')} sent again.`];
  if (notDead.length > 0)
    lines.push(`${notDead.length === 1 ? 'No dead letter' : 'No dead letters'}: ${notDead.join(', ')}.`);
  if (left > 0)
    lines.push(
      `${counted(left, 'more is', 'more are')} left: run the command again when these are delivered.`,
    );
  return lines.map((line) => `${line}\n`).join('');
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** The command `outbox`. */
export const outboxCommand = group({
  about:
    'Lists and replays the summaries in the database of DB_PATH (data/trades.db). While the program runs, a replay takes effect at once.',
  commands: {
    list: { summary: 'list summaries', load: () => Promise.resolve(list) },
    replay: { summary: 'send dead letters again', load: () => Promise.resolve(replay) },
  },
  exit: EXIT,
});
