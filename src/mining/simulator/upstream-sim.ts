// A simulated upstream: a real HTTP server that speaks JSON-RPC like a pool or a Core-based node, checks submissions
// strictly, and records them. Faults are switched on and off from outside; it plays none by itself.

import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { namedBlock, type SimBlock } from './block.ts';
import { DeafServer } from './deaf-server.ts';
import { type ActiveFault, type Fault, type FaultScope, FaultSwitches } from './faults.ts';
import { createPlainProver } from './plain-prover.ts';
import { type Received, RecordFile } from './received.ts';
import { type SimAuth, SimAuthority } from './sim-auth.ts';
import type { SimSubmission } from './sim-submission.ts';
import { type InformationChange, UpstreamService, type UpstreamState } from './upstream-service.ts';
import type { Prover } from './verdict.ts';

/** How a simulated upstream is made; everything has a default that suits a test. */
export interface UpstreamSimOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Path with query at which it answers; default `/`. */
  readonly path?: string;
  /** Names the first block; default 1. */
  readonly seed?: number;
  /** The first block; default one of height 1000 that follows from the seed. */
  readonly block?: SimBlock;
  /** Average time of a block in seconds, for `poc_time`; default 120. */
  readonly blockSeconds?: number;
  readonly auth?: SimAuth;
  /** How a wrong authentication is answered: with status 401 as a node does (default), or with −32004 and −32005. */
  readonly authFailure?: 'status' | 'rpc';
  /** Computes proofs; null takes every claim. Default: the plain arithmetic, some 60 ms for each new nonce. */
  readonly prover?: Prover | null;
  /** A file to which each received submission is appended. */
  readonly recordPath?: string;
  /** False: {@link UpstreamSim.received} stays empty, for a run without end. Default true. */
  readonly isKept?: boolean;
  readonly clock?: Clock;
}

/** The simulated upstream. After `stop` it cannot be started again; {@link UpstreamSim.refuse} is for a while. */
export class UpstreamSim implements Part<{ readonly url: string }> {
  /** The submissions so far, in the order in which they were judged, if they are kept. */
  readonly received: Received[] = [];
  readonly #seed: number;
  readonly #isKept: boolean;
  readonly #clock: Clock;
  readonly #server: DeafServer;
  readonly #service: UpstreamService;
  readonly #authority: SimAuthority;
  readonly #faults = new FaultSwitches();
  readonly #record: RecordFile | null;
  readonly #state: UpstreamState;

  constructor(options: UpstreamSimOptions = {}) {
    const { seed = 1, clock = systemClock, prover = createPlainProver() } = options;
    this.#seed = seed;
    this.#isKept = options.isKept ?? true;
    this.#clock = clock;
    const block = options.block ?? namedBlock(`seed ${seed}`, 1000n);
    this.#state = { block, other: null, change: null, isOdd: false, polls: 0 };
    this.#authority = new SimAuthority(options.auth ?? { type: 'none' });
    this.#record = options.recordPath === undefined ? null : new RecordFile(options.recordPath);
    this.#service = new UpstreamService(
      {
        path: options.path ?? '/',
        authFailure: options.authFailure ?? 'status',
        blockSeconds: options.blockSeconds ?? 120,
        authority: this.#authority,
        faults: this.#faults,
        prover,
        clock,
        received: (entry) => this.#keep(entry),
      },
      this.#state,
    );
    this.#server = new DeafServer({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      answer: (request) => void this.#service.answer(request),
    });
  }

  /** Resolves with the address, without a path. Errors: `listen_failed`. */
  async start(): Promise<{ readonly url: string }> {
    const started = await this.#server.start();
    this.#record?.append({ type: 'start', atMs: this.#clock.nowMs(), seed: this.#seed });
    this.#noteBlock();
    return started;
  }

  async stop(): Promise<void> {
    this.#service.stop();
    this.#faults.clear();
    await this.#server.stop();
  }

  /** The port, once it is known. */
  get port(): number {
    return this.#server.port;
  }

  /** Connections that were made so far. */
  get connections(): number {
    return this.#server.connections;
  }

  /** Questions for mining information that were answered so far. */
  get polls(): number {
    return this.#state.polls;
  }

  /** The block that is current. */
  get block(): SimBlock {
    return this.#state.block;
  }

  /** The submissions that were accepted, in their order. */
  get accepted(): readonly SimSubmission[] {
    return this.received.flatMap(({ verdict, submission }) =>
      verdict === 'accepted' && submission !== null ? [submission] : [],
    );
  }

  /** Makes a block current; members that are not given follow from its height, or stay. Returns it. */
  setBlock(change: Partial<SimBlock>): SimBlock {
    const height = change.height ?? this.#state.block.height;
    const { blockHash, generationSignature } = namedBlock(
      `${this.#state.block.blockHash}, ${change.blockHash ?? ''}`,
      height,
    );
    this.#state.block = { ...this.#state.block, height, blockHash, generationSignature, ...change };
    this.#noteBlock();
    return this.#state.block;
  }

  /** Makes the block of the next height current. Returns it. */
  nextBlock(): SimBlock {
    return this.setBlock({ height: this.#state.block.height + 1n });
  }

  /** Every second question for information is answered with this block instead, as by a second node; null ends it. */
  alternateWith(block: SimBlock | null): void {
    this.#state.other = block;
  }

  /** Changes each information before it leaves; null ends it. */
  changeInformation(change: InformationChange | null): void {
    this.#state.change = change;
  }

  /** From now on answers carry `id: null` and the type `text/plain`, as some front ends send. */
  answerOddly(): void {
    this.#state.isOdd = true;
  }

  /** Switches a fault on, for all requests or those of the scope. Of several the last one counts. */
  inject(fault: Fault, scope: FaultScope = {}): ActiveFault {
    return this.#faults.add(fault, scope);
  }

  /** Switches all faults of {@link inject} off; hung connections are closed. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** Answers an HTML page with status 200. */
  answerHtml(scope: FaultScope = {}): ActiveFault {
    return this.inject({ type: 'html' }, scope);
  }

  /** Answers nothing until it is cleared. */
  hang(scope: FaultScope = {}): ActiveFault {
    return this.inject({ type: 'hang' }, scope);
  }

  /** Answers submissions with this JSON-RPC error. */
  rejectWith(code: number, text = 'refused by the simulator', scope: FaultScope = {}): ActiveFault {
    return this.inject({ type: 'error', code, text }, { method: 'submit_nonce', ...scope });
  }

  /** Answers status 429, with the header `Retry-After` if it is given. */
  rateLimit(retryAfter?: string, scope: FaultScope = {}): ActiveFault {
    const fault = { type: 'status', status: 429, text: 'Too many requests' } as const;
    return this.inject(retryAfter === undefined ? fault : { ...fault, retryAfter }, scope);
  }

  /** Takes submissions, and closes their connection instead of an answer. */
  loseAnswers(scope: FaultScope = {}): ActiveFault {
    return this.inject({ type: 'lost' }, { method: 'submit_nonce', ...scope });
  }

  /** Closes every connection and refuses new ones, until {@link comeBack}. */
  refuse(): Promise<void> {
    return this.#server.refuse();
  }

  /** Listens again, on the same port. */
  comeBack(): Promise<void> {
    return this.#server.comeBack();
  }

  /** Takes a new cookie at once. Returns the function that writes it into the file: as a node does at its restart. */
  rotateCookie(): () => void {
    return this.#authority.renew();
  }

  #noteBlock(): void {
    const { height, blockHash } = this.#state.block;
    this.#record?.append({ type: 'block', atMs: this.#clock.nowMs(), block: { height, blockHash } });
  }

  #keep(entry: Received): void {
    if (this.#isKept) this.received.push(entry);
    const { headers: _headers, id: _id, paramsText: _text, ...line } = entry;
    this.#record?.append({ type: 'submission', ...line });
  }
}
