// How a simulated upstream answers one request: fault, authentication, method, verdict. It holds no socket.

import type { Clock } from '../../lib/clock.ts';
import { informationOf, type SimBlock } from './block.ts';
import type { WholeRequest } from './deaf-server.ts';
import { type Fault, type FaultSwitches, isBeforeService, type SimMethod } from './faults.ts';
import type { Received } from './received.ts';
import { readCall, type Reply, type RpcCall, sendFault, sendReply } from './rpc-reply.ts';
import type { SimAuthority } from './sim-auth.ts';
import { type ReadFault, readSubmission, type SimSubmission } from './sim-submission.ts';
import { judge, type Prover, type SimVerdict } from './verdict.ts';
import { printWire } from './wire-json.ts';

/** Changes the members of an information before it leaves. */
export type InformationChange = (members: Readonly<Record<string, unknown>>) => unknown;

/** What the answers depend on, beside the fixed parts; the owner changes it. */
export interface UpstreamState {
  block: SimBlock;
  /** The block of a second node behind the same address: every second information tells of it. */
  other: SimBlock | null;
  change: InformationChange | null;
  isOdd: boolean;
  polls: number;
}

/** The fixed parts of a simulated upstream. */
export interface ServiceParts {
  readonly path: string;
  readonly authFailure: 'status' | 'rpc';
  readonly blockSeconds: number;
  readonly authority: SimAuthority;
  readonly faults: FaultSwitches;
  readonly prover: Prover | null;
  readonly clock: Clock;
  /** Is told each submission with its verdict. */
  received(entry: Received): void;
}

/** One request on its way. */
interface Way extends WholeRequest {
  readonly atMs: number;
  readonly call: RpcCall | null;
  readonly read: SimSubmission | ReadFault | null;
  readonly fault: Fault | null;
}

/** Answers requests. */
export class UpstreamService {
  readonly #parts: ServiceParts;
  readonly #state: UpstreamState;
  readonly #late = new Set<NodeJS.Timeout>();

  constructor(parts: ServiceParts, state: UpstreamState) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Drops the answers that a fault holds back. */
  stop(): void {
    for (const timer of this.#late) clearTimeout(timer);
  }

  /** Answers, at once or later. */
  async answer(request: WholeRequest): Promise<void> {
    const way = this.#look(request);
    const { call, fault, read, response } = way;
    if (fault !== null && isBeforeService(fault)) {
      if (call?.method === 'submit_nonce') this.#keep(way, null);
      sendFault(response, call, fault);
      return;
    }
    const refusal = this.#refusal(way);
    if (refusal !== null) this.#send(way, refusal);
    else if (call?.method === 'get_mining_info') {
      this.#send(way, { type: 'result', result: this.#information() });
    } else {
      const verdict = await this.#judge(read);
      this.#keep(way, verdict);
      this.#send(way, replyOf(verdict));
    }
  }

  #look(request: WholeRequest): Way {
    const call = readCall(request.body);
    const read = call?.method === 'submit_nonce' ? readSubmission(call.params) : null;
    const submission = read === null || 'text' in read ? null : read;
    const { socket } = request.message;
    const met = this.#parts.faults.meet(
      { method: methodOf(call), submission, isReused: request.before > 0 },
      () => void socket.destroy(),
    );
    return { ...request, atMs: this.#parts.clock.nowMs(), call, read, fault: met };
  }

  /** Why a request is refused before its method is looked at; null if it is not. */
  #refusal({ message, call }: Way): Reply | null {
    const { path, authFailure, authority } = this.#parts;
    const { authorization, 'content-type': contentType = '' } = message.headers;
    if (message.url !== path) return { type: 'status', status: 404 };
    if (message.method !== 'POST') return { type: 'status', status: 405 };
    if (!authority.admits(authorization)) {
      if (authFailure === 'status') return { type: 'status', status: 401 };
      const isMissing = authorization === undefined;
      const text = isMissing ? 'Authentication required' : 'Authentication invalid';
      return { type: 'error', code: isMissing ? -32004 : -32005, text, isNameless: true };
    }
    if (!/^application\/json\b/i.test(contentType)) return { type: 'status', status: 415 };
    if (call === null) return { type: 'error', code: -32700, text: 'Parse error' };
    if (methodOf(call) === null) return { type: 'error', code: -32601, text: 'Method not found' };
    return null;
  }

  #information(): unknown {
    const state = this.#state;
    state.polls += 1;
    const members = informationOf(state.other !== null && state.polls % 2 === 0 ? state.other : state.block);
    return state.change === null ? members : state.change(members);
  }

  async #judge(read: SimSubmission | ReadFault | null): Promise<SimVerdict> {
    if (read === null) return { type: 'refused', code: -32602, text: 'no parameters' };
    if ('text' in read) return { type: 'refused', code: read.code, text: read.text };
    const { prover, blockSeconds } = this.#parts;
    return judge(read, { block: this.#state.block, prover, blockSeconds });
  }

  /** `verdict` is null for a request that a fault met before. */
  #keep({ atMs, read, call, message, fault }: Way, verdict: SimVerdict | null): void {
    const { blockHash, height } = this.#state.block;
    const isError = verdict === null && fault?.type === 'error';
    const code = verdict?.type === 'refused' ? verdict.code : isError ? fault.code : null;
    this.#parts.received({
      atMs,
      submission: read === null || 'text' in read ? null : read,
      paramsText: printWire(call?.params ?? null),
      blockHash,
      height,
      verdict: verdict?.type ?? (isError ? 'refused' : 'unserved'),
      code,
      fault: fault?.type ?? null,
      isAnswered: fault === null || fault.type === 'error' || fault.type === 'slow',
      headers: message.headers,
      id: call?.id,
    });
  }

  #send({ response, call, fault }: Way, reply: Reply): void {
    const manner = { isOdd: this.#state.isOdd, fault };
    if (fault?.type !== 'slow') {
      sendReply(response, call, reply, manner);
      return;
    }
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      sendReply(response, call, reply, manner);
    }, fault.delayMs);
    this.#late.add(timer);
  }
}

function methodOf(call: RpcCall | null): SimMethod | null {
  return call?.method === 'get_mining_info' || call?.method === 'submit_nonce' ? call.method : null;
}

function replyOf(verdict: SimVerdict): Reply {
  if (verdict.type === 'accepted')
    return { type: 'result', result: { raw_quality: verdict.rawQuality, poc_time: verdict.pocTime } };
  return { ...verdict, type: 'error' };
}
