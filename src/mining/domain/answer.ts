// What the miner of a submission is told. Plain data; `sources` puts it on the wire.

/** Codes of JSON-RPC errors towards miners. */
export const RPC_ERRORS = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  noInformation: -32000,
  invalidSubmission: -32001,
  wrongHeight: -32002,
  stale: -32003,
  authenticationRequired: -32004,
  authenticationInvalid: -32005,
  notAssigned: -32007,
} as const;

/** A JSON-RPC error. A miner prints only the message, so the message has the reason that a person needs. */
export interface Refusal {
  readonly type: 'refused';
  readonly code: number;
  readonly message: string;
  /** Members of `data` beside `reason`, which repeats the message; bigints become number literals. */
  readonly data?: Readonly<Record<string, string | bigint | number>>;
}

/** The answer to a submission. `none`: the connection is closed without an answer, and a pool-mode miner sends again. */
export type SubmitAnswer =
  | { readonly type: 'accepted'; readonly pocTime: bigint }
  | Refusal
  | { readonly type: 'none' };
