// Makes the parts of the ingest thread's door: the ledger, the keys in force, and the current writer.

import { createAuthenticator } from '../ingest/authenticator.ts';
import type { DoorParts } from '../ingest/door.ts';
import type { Ledger } from '../ingest/ledger.ts';
import type { RevertibleWriter } from '../store/revertible-writer.ts';

/** Makes the parts of a door to this writer; `isRequired` if unsigned messages are refused. */
export function doorParts(writer: RevertibleWriter, ledger: Ledger, isRequired: boolean): DoorParts {
  return {
    ledger,
    authenticate: createAuthenticator(
      () => writer.current.keys.book,
      isRequired,
      (atMs) => writer.current.eventMs(atMs),
    ),
    apply: (signal, moment, signer) => writer.current.applyNext(signal, moment, signer),
    take: (seq, atMs) => writer.take(seq, atMs),
    count: (outcome) => writer.current.position.count(outcome),
    rounds: {
      isPassing: () => writer.current.rounds.isPassing,
      begin: (header, logSeq) => writer.beginRound(header, logSeq),
      end: (logSeq) => writer.endRound(logSeq),
      lose: (seq, count) => writer.current.position.lose(seq, count),
    },
  };
}
