// The facts that the desk tells about entries. Pure.

import type { Move } from '../domain/books.ts';
import type { Entry, EntryState, Fact, Verdict } from '../domain/facts.ts';
import { accountKey } from '../domain/submission.ts';
import type { Repeaters } from './repeaters.ts';

/** The verdict that an entry in this state has, as far as the state tells. */
export const VERDICT_OF_STATE: Readonly<Record<EntryState, Verdict>> = {
  checking: 'checking',
  held: 'held',
  waiting: 'waiting',
  delivered: 'accepted',
  refused: 'refused',
  account_refused: 'not_assigned',
  block_refused: 'stale',
};

/** Tells that a submission was accepted. */
export function submittedFact(entry: Entry, verdict: Verdict): Fact {
  const { submission } = entry;
  return {
    type: 'submitted',
    atMs: entry.receivedAtMs,
    machineId: entry.machineId,
    accountId: accountKey(submission),
    upstream: entry.upstream,
    blockHash: entry.blockHash,
    height: submission.height,
    baseTarget: submission.baseTarget,
    rawQuality: submission.rawQuality,
    pocTime: entry.pocTime,
    verdict,
  };
}

/** Tells the verdict of a submission that was told before, to one of the machines that sent it. */
export function judgedFact(
  entry: Entry,
  machineId: string,
  { verdict, text }: { readonly verdict: Verdict; readonly text: string | null },
  atMs: number,
): Fact {
  return {
    type: 'judged',
    atMs,
    machineId,
    accountId: accountKey(entry.submission),
    blockHash: entry.blockHash,
    rawQuality: entry.submission.rawQuality,
    verdict,
    text,
  };
}

/** Tells what moves changed, to every machine that sent the same claim. Entries that are gone are told last. */
export function factsOf(moves: readonly Move[], repeaters: Repeaters, atMs: number): readonly Fact[] {
  const facts: Fact[] = [];
  const ids: number[] = [];
  for (const { entry, verdict, text, isGone } of moves) {
    if (isGone) ids.push(entry.id);
    else facts.push({ type: 'entry', entry });
    if (verdict === null) continue;
    for (const machineId of [entry.machineId, ...repeaters.of(entry.id)]) {
      facts.push(judgedFact(entry, machineId, { verdict, text }, atMs));
    }
  }
  if (ids.length > 0) facts.push({ type: 'entriesGone', ids });
  return facts;
}
