// What an upstream's answer to a submission means, and what became of a delivery. Plain data.

/** What a refusal is about: only this submission, every submission of its block, or every one of its account in the block. */
export type RefusalSubject = 'submission' | 'block' | 'account';

/** The meaning of one attempt to deliver a submission. */
export type UpstreamMeaning =
  /** The raw quality differs from ours if the upstream computed another one. */
  | { readonly type: 'accepted'; readonly rawQuality: bigint; readonly pocTime: bigint }
  /** Final. `mayBeStale`: refresh at once; if the block has changed meanwhile, the submission was stale. */
  | {
      readonly type: 'refused';
      readonly about: RefusalSubject;
      readonly code: number;
      readonly text: string;
      readonly mayBeStale: boolean;
    }
  /** The operator must act, for example correct a password. Held and retried like a temporary failure. */
  | { readonly type: 'operator'; readonly code: number; readonly text: string }
  /** `isConnection`: no answer came at all. `isBusy`: the upstream asks for fewer requests. */
  | {
      readonly type: 'temporary';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly isConnection: boolean;
      readonly isBusy: boolean;
    };

/** What became of an entry that was given to the delivery of an upstream. */
export type DeliveryOutcome =
  /** `rawQuality` is the upstream's; it differs from ours if the upstream computed another one. */
  | { readonly type: 'delivered'; readonly rawQuality: bigint }
  | {
      readonly type: 'refused';
      readonly about: RefusalSubject;
      readonly code: number;
      readonly text: string;
    }
  /** Its block passed, or no information could be had for 240 s. */
  | { readonly type: 'expired' }
  /** A better one of the same account and block took its place before it was delivered. */
  | { readonly type: 'replaced' };
