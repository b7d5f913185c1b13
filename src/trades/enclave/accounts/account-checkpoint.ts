// The sealed state of an account: what is in it, and how it is read. Credentials are in it only if sessions are to survive
// a restart.

import type { Checkpoint } from '../../domain/enclave-link.ts';
import type { AccountBookState } from './account-book-state.ts';
import type { DeskKeys, ExchangeAccount } from './account-desk-parts.ts';
import type { SessionState } from './session.ts';

const VERSION = 1;

/** A checkpoint that was opened. */
export type CheckpointState =
  | {
      readonly v: typeof VERSION;
      readonly type: 'account';
      readonly place: ExchangeAccount;
      readonly book: AccountBookState;
      /** Null if credentials are not kept, or if the session ended. */
      readonly session: SessionState | null;
    }
  /** The key with this account id belongs to another account, which a changed key went on with. */
  | { readonly v: typeof VERSION; readonly type: 'alias'; readonly accountId: string };

/** The state without its version. */
export type CheckpointContent = CheckpointState extends infer State
  ? State extends unknown
    ? Omit<State, 'v'>
    : never
  : never;

/** Seals a state; null if it is too long. */
export function sealCheckpoint(
  keys: DeskKeys,
  { accountId, seq, turn }: Omit<Checkpoint, 'sealed'>,
  content: CheckpointContent,
): Checkpoint | null {
  const sealed = keys.checkpoints.seal(accountId, JSON.stringify({ v: VERSION, ...content }));
  return sealed === null ? null : { accountId, seq, turn, sealed };
}

/** Opens a checkpoint; null if this enclave cannot read it. */
export function openCheckpoint(keys: DeskKeys, { accountId, sealed }: Checkpoint): CheckpointState | null {
  const text = keys.checkpoints.open(accountId, sealed);
  if (text === null) return null;
  // Only this program seals with this key.
  const state = JSON.parse(text) as CheckpointState;
  return state.v === VERSION ? state : null;
}
