// What the actor of an account is told, and what it decides: shared by the machine (actors) and by the desk (enclave),
// which does what the machine decided. Plain data, and the face of an actor.

import type { NodeState } from '../../lifecycle/node-state.ts';
import type { AccountReason } from './account.ts';
import type { ExchangeErrorKind } from './exchange-calls.ts';

/** States of an account's machine. `suspended`: no request is made until it is registered again. `ended` is its end. */
export const ACCOUNT_STATES = ['waiting', 'polling', 'suspended', 'ended'] as const;
/** One of {@link ACCOUNT_STATES}. */
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** What happens to an account. */
export type AccountSignal =
  /** Its next poll is due. */
  | { readonly type: 'due' }
  /** Its next poll was due, but summaries cannot leave the enclave. */
  | { readonly type: 'blocked' }
  /** A poll came to its end. */
  | {
      readonly type: 'polled';
      readonly hasNewTrades: boolean;
      /** True if the span ended before the present: the next one follows at once. */
      readonly isBehind: boolean;
      /** True if something moved that no fill explains. */
      readonly isIncomplete: boolean;
    }
  /** An attempt of a poll failed. */
  | {
      readonly type: 'failed';
      readonly kind: ExchangeErrorKind;
      readonly exchangeCode: string | null;
    }
  /** Its keys may not be used any longer, or a defect of the program would come again with each poll. */
  | { readonly type: 'barred'; readonly reason: 'over_powered' | 'other_account' | 'defect' }
  /** Its session is over. */
  | { readonly type: 'over'; readonly reason: 'expired' | 'removed' };

/** What the desk does because of a signal. */
export type AccountCommand =
  /** Makes the first attempt of a poll. */
  | { readonly type: 'poll' }
  /** Makes another attempt of the poll after this time. */
  | { readonly type: 'retry'; readonly afterMs: number }
  /** Plans the next poll after this time, to which the desk adds jitter. */
  | { readonly type: 'plan'; readonly afterMs: number; readonly isBehind: boolean }
  /** Makes no request any longer, and drops the client of the exchange. */
  | { readonly type: 'stop' }
  /** Drops the credentials and seals what is known of the open hour. */
  | { readonly type: 'flush' }
  /** The account changed its state as a node. */
  | { readonly type: 'moved'; readonly from: NodeState; readonly to: NodeState };

/** Where the machine of an account begins: at `waiting`. */
export interface AccountStart {
  readonly apiIntervalMs: number;
  /** Further attempts inside one poll. */
  readonly retriesMax: number;
}

/** The actor of one account, as the desk sees it. */
export interface AccountJudge {
  readonly state: AccountState;
  /** `online` while polling answers, `stale` while it fails or before it began, `offline` once it is suspended or over. */
  readonly node: NodeState;
  readonly reason: AccountReason | null;
  /** The exchange's number of the latest failure; null after a poll that came to its end. */
  readonly exchangeCode: string | null;
  /** The present time between two polls, in ms. */
  readonly intervalMs: number;
  /** Tells the actor what happened; returns what is to be done, in order. */
  tell(signal: AccountSignal): readonly AccountCommand[];
}
