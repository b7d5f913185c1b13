// JSON-RPC with miners: turns the text of a request into the text of its answer. It knows no HTTP; what a submission is
// worth, and what the information is, is handed in.

import {
  isLosslessObject,
  isNumberLiteral,
  JsonTooLargeError,
  type LosslessJson,
  type LosslessObject,
  memberOf,
  NotJsonError,
  parseLossless,
  printLossless,
  readU64,
} from '../../lib/lossless-json.ts';
import { type Refusal, RPC_ERRORS, type SubmitAnswer } from '../domain/answer.ts';
import { decodeSubmission, invalidRequest } from '../domain/decode-submission.ts';
import type { Peer, Submission } from '../domain/submission.ts';
import type { RequestKind } from '../domain/view.ts';
import type { AuthOutcome } from './basic-auth.ts';
import type { DoorCounts } from './door-counts.ts';

/** Longest body of a request. */
export const REQUEST_BYTES_MAX = 2_097_152;
/** Most requests in one batch. */
export const BATCH_REQUESTS_MAX = 100;
/** Arrays and objects inside one another in a request; a batch of submissions has three. */
export const REQUEST_DEPTH_MAX = 32;
/** Values in one request; a batch of 100 submissions has fewer than 2,000. */
export const REQUEST_VALUES_MAX = 10_000;
/** Characters of an unknown method's name that its answer repeats. */
export const METHOD_CHARACTERS_MAX = 128;

const BOUNDS = {
  charactersMax: REQUEST_BYTES_MAX,
  depthMax: REQUEST_DEPTH_MAX,
  valuesMax: REQUEST_VALUES_MAX,
};

/** What the door asks of the rest of the program. */
export interface RpcParts {
  /** The JSON text of the mining information, or null if there is none; always within 2 s. */
  information(): string | null | Promise<string | null>;
  /** The answer to a submission, always within 3 s. */
  submit(submission: Submission, peer: Peer): Promise<SubmitAnswer>;
  /** A machine asked for the information, or submitted. Returns the peer as which it counts. */
  seen(peer: Peer): Peer;
  /** An error of the program that a request met; the request is answered with nothing, or with −32000. */
  failed(error: unknown): void;
}

/** The text of an answer. `none`: the connection is to be closed without one. `not_json`: the request is not JSON. */
export type RpcReply =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'none' }
  | { readonly type: 'not_json' };

/** The text of one member's answer; null if the connection is to be closed without one. */
type Reply = string | null;

/**
 * A request for the information as most miners write it. It is answered without a look into the text, because thousands
 * of miners ask once a second. A number of up to 19 digits is below 2^64.
 */
const PLAIN_POLL = (() => {
  const id = '(0|[1-9]\\d{0,18}|"[\\w-]{0,64}")';
  const params = '"params":(?:\\[\\]|\\{\\}|null)';
  const method = '"method":"get_mining_info"';
  return new RegExp(
    `^\\{(?:"jsonrpc":"2\\.0",)?(?:"id":${id},${method}(?:,${params})?|${method},(?:${params},)?"id":${id})\\}$`,
  );
})();

const NO_INFORMATION: Refusal = {
  type: 'refused',
  code: RPC_ERRORS.noInformation,
  message: 'Failed to get mining info',
  data: { error: 'the upstream gives no mining information at the moment' },
};

const AUTH_REFUSALS: Readonly<Record<Exclude<AuthOutcome, 'right'>, Refusal>> = {
  missing: { type: 'refused', code: RPC_ERRORS.authenticationRequired, message: 'Authentication required' },
  wrong: {
    type: 'refused',
    code: RPC_ERRORS.authenticationInvalid,
    message: 'Authentication invalid: the user name or the password is wrong',
  },
};

/** Answers JSON-RPC requests. */
export class MinerRpc {
  readonly #parts: RpcParts;
  readonly #counts: DoorCounts;
  #information: string | null = null;
  /** The answer to a poll up to its id, made once for each information. */
  #prepared = '';

  constructor(parts: RpcParts, counts: DoorCounts) {
    this.#parts = parts;
    this.#counts = counts;
  }

  /** The answer to a request whose credentials are missing or wrong. */
  unauthenticated(outcome: Exclude<AuthOutcome, 'right'>): RpcReply {
    if (outcome === 'wrong') this.#counts.wrongPasswords += 1;
    else this.#counts.missingPasswords += 1;
    return replyOf(this.#refuse('other', 'null', AUTH_REFUSALS[outcome]));
  }

  /** Answers the text of a request, at once where nothing has to be waited for. */
  answer(text: string, peer: Peer): RpcReply | Promise<RpcReply> {
    const poll = PLAIN_POLL.exec(text);
    if (poll !== null) return soonOrLater(this.#poll(poll[1] ?? poll[2] ?? 'null', peer));
    let request: LosslessJson;
    try {
      request = parseLossless(text, BOUNDS);
    } catch (error) {
      if (error instanceof NotJsonError) return { type: 'not_json' };
      if (!(error instanceof JsonTooLargeError)) throw error;
      return replyOf(this.#invalid('null', 'the request has too many values, or they are too deep'));
    }
    return soonOrLater(Array.isArray(request) ? this.#batch(request, peer) : this.#member(request, peer));
  }

  #batch(members: readonly LosslessJson[], peer: Peer): Reply | Promise<Reply> {
    if (members.length === 0) return this.#invalid('null', 'the batch is empty');
    if (members.length > BATCH_REQUESTS_MAX) {
      return this.#invalid('null', `a batch has at most ${BATCH_REQUESTS_MAX} requests`);
    }
    this.#counts.batchMembers += members.length;
    return joined(members.map((member) => this.#member(member, peer)));
  }

  #member(request: LosslessJson, peer: Peer): Reply | Promise<Reply> {
    if (!isLosslessObject(request)) return this.#invalid('null', 'a request must be an object');
    const id = echoOf(memberOf(request, 'id'));
    const method = memberOf(request, 'method');
    if (method === 'get_mining_info') return this.#poll(id, peer);
    if (method === 'submit_nonce') return this.#submit(request, id, peer);
    if (typeof method !== 'string') return this.#invalid(id, 'method must be a string');
    const name =
      method.length > METHOD_CHARACTERS_MAX ? `${method.slice(0, METHOD_CHARACTERS_MAX)}…` : method;
    return this.#refuse('other', id, {
      type: 'refused',
      code: RPC_ERRORS.methodNotFound,
      message: `Method not found: ${name}`,
    });
  }

  #poll(id: string, peer: Peer): Reply | Promise<Reply> {
    this.#parts.seen(peer);
    try {
      const information = this.#parts.information();
      if (information === null || typeof information === 'string') return this.#informed(information, id);
      return information.then(
        (text) => this.#informed(text, id),
        (error: unknown) => this.#uninformed(error, id),
      );
    } catch (error) {
      return this.#uninformed(error, id);
    }
  }

  #informed(information: string | null, id: string): string {
    if (information === null) return this.#refuse('get_mining_info', id, NO_INFORMATION);
    if (information !== this.#information) {
      this.#information = information;
      this.#prepared = `{"jsonrpc":"2.0","result":${information},"id":`;
    }
    this.#counts.request('get_mining_info', 'ok');
    return `${this.#prepared}${id}}`;
  }

  #uninformed(error: unknown, id: string): string {
    this.#parts.failed(error);
    return this.#refuse('get_mining_info', id, NO_INFORMATION);
  }

  #submit(request: LosslessObject, id: string, peer: Peer): Reply | Promise<Reply> {
    const counted = this.#parts.seen(peer);
    const fault = envelopeFault(request);
    if (fault !== null) return this.#refuse('submit_nonce', id, invalidRequest(fault));
    const decoded = decodeSubmission(memberOf(request, 'params'));
    if (decoded.type === 'refused') return this.#refuse('submit_nonce', id, decoded);
    return this.#deliver(decoded.submission, id, counted);
  }

  async #deliver(submission: Submission, id: string, peer: Peer): Promise<Reply> {
    try {
      const answer = await this.#parts.submit(submission, peer);
      if (answer.type === 'refused') return this.#refuse('submit_nonce', id, answer);
      this.#counts.request('submit_nonce', answer.type === 'none' ? 'none' : 'ok');
      if (answer.type === 'none') return null;
      const result = `{"raw_quality":${submission.rawQuality},"poc_time":${answer.pocTime}}`;
      return `{"jsonrpc":"2.0","result":${result},"id":${id}}`;
    } catch (error) {
      this.#parts.failed(error);
      this.#counts.request('submit_nonce', 'none');
      return null;
    }
  }

  #invalid(id: string, error: string): string {
    return this.#refuse('other', id, invalidRequest(error));
  }

  #refuse(method: RequestKind, id: string, { code, message, data }: Refusal): string {
    this.#counts.request(method, String(code));
    const error = printLossless({ code, message, data: { ...data, reason: message } });
    return `{"jsonrpc":"2.0","error":${error},"id":${id}}`;
  }
}

/** The answers of a batch in its order; null if one of them is missing. */
async function joined(replies: readonly (Reply | Promise<Reply>)[]): Promise<Reply> {
  const texts = await Promise.all(replies.map(async (reply) => reply));
  return texts.includes(null) ? null : `[${texts.join()}]`;
}

function soonOrLater(reply: Reply | Promise<Reply>): RpcReply | Promise<RpcReply> {
  return reply instanceof Promise ? reply.then(replyOf) : replyOf(reply);
}

function replyOf(text: Reply): RpcReply {
  return text === null ? { type: 'none' } : { type: 'text', text };
}

/** The id as the answer repeats it: a string or an unsigned 64-bit integer as it came, anything else as null. */
function echoOf(id: LosslessJson | undefined): string {
  if (typeof id === 'string') return JSON.stringify(id);
  return isNumberLiteral(id) && readU64(id) !== null ? id.rawJSON : 'null';
}

/** What is wrong with a submission's request beside its parameters; null for nothing. */
function envelopeFault(request: LosslessObject): string | null {
  if (typeof memberOf(request, 'jsonrpc') !== 'string') return 'jsonrpc must be a string, "2.0"';
  const id = memberOf(request, 'id');
  if (id === undefined) return 'id is missing: it must be a string, an unsigned 64-bit integer or null';
  if (id === null || typeof id === 'string' || readU64(id) !== null) return null;
  return 'id must be a string, an unsigned 64-bit integer or null';
}
