// The service's end of the link to the enclave: it finds out who that is, has summaries stored, gives checkpoints back,
// asks questions, and keeps the latest status. It survives the enclave's end and return; it starts and stops no process.

import { LocalLinkClient } from '../../io/local-link-client.ts';
import type { LinkEnd, LinkPeer, LinkSession } from '../../io/local-link.ts';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import { counted } from '../../lib/counted.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { decodeEnclaveMessage, linkVersionIn } from '../domain/decode-enclave-message.ts';
import {
  type Checkpoint,
  type EnclaveIdentity,
  type EnclaveMessage,
  type EnclaveStatus,
  LINK_MESSAGE_BYTES_MAX,
  LINK_VERSION,
  type LinkAnswer,
  type LinkQuestion,
  type ServiceMessage,
  STORES_UNDER_WAY_MAX,
} from '../domain/enclave-link.ts';
import type { CheckpointQuery, SealCount } from '../domain/questions.ts';
import type { PolledSummaries } from '../ingest/polled-summaries.ts';
import { EnclaveQuestions, type Unanswered } from './enclave-questions.ts';

/** Wait before checkpoints are read again that the database did not give, in ms. */
const READ_AGAIN_MS = 2_000;
/** Checkpoints that the enclave asks for at the same time; with more its link is closed. */
const RESTORES_UNDER_WAY_MAX = 2_000;

/** Failed attempts in a row before the log says so: the enclave may be starting. */
const FAILURES_TOLD = 8;

/** What an {@link EnclaveSide} needs of the main thread. */
export interface EnclaveSideParts {
  readonly polled: Pick<PolledSummaries, 'store' | 'idle' | 'giveUp'>;
  /** Reads checkpoints; sees every commit before. */
  checkpoints(query: CheckpointQuery): Promise<readonly Checkpoint[]>;
  /** Counts the stored checkpoints of each seal key. */
  seals(): Promise<readonly SealCount[]>;
  /** This key signs polled summaries from now on. */
  keyUsed(key: PublicJwk): void;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  readonly processId: number;
}

/** One connection, from its hello. */
interface Link {
  readonly peer: LinkPeer;
  readonly identity: EnclaveIdentity;
  /** False until the enclave took this service. */
  isTaken: boolean;
  storing: number;
  restoring: number;
}

/** The link to the enclave, held from `start` to `stop`. */
export class EnclaveSide implements Part {
  readonly #parts: EnclaveSideParts;
  readonly #client: LocalLinkClient;
  readonly #questions: EnclaveQuestions;
  #link: Link | null = null;
  /** Who was linked last; null before the first link. */
  identity: EnclaveIdentity | null = null;
  /** How the enclave was last; null before the first link. */
  status: EnclaveStatus | null = null;
  /** Why it is not linked, in words of this program; null while it is, or before anything is known. */
  problem: string | null = null;
  /** Accounts whose checkpoints another seal key sealed. */
  stranded = 0;
  /** Links since the start, and connections that ended because of what is no message. */
  links = 0;
  #failures = 0;
  /** True once the enclave was asked to end. */
  #isStopping = false;
  rubbish = 0;

  /** `path` is that of `linkPath`. */
  constructor(path: string, parts: EnclaveSideParts) {
    this.#parts = parts;
    this.#questions = new EnclaveQuestions(parts.timers);
    this.#client = new LocalLinkClient(path, {
      ...parts,
      messageBytesMax: LINK_MESSAGE_BYTES_MAX,
      connected: (peer) => this.#connected(peer),
      unreachable: (code) => this.#unreachable(code),
    });
  }

  /** Begins to connect, and does not wait for the enclave. */
  start(): Promise<void> {
    return this.#client.start();
  }

  /** Ends the link; the enclave goes on. */
  stop(): Promise<void> {
    this.#parts.polled.giveUp();
    return this.#client.stop();
  }

  /** True while the enclave is linked. */
  get isLinked(): boolean {
    return this.#link?.isTaken === true;
  }

  /** Asks the enclave. Never rejects. */
  ask(question: LinkQuestion): Promise<LinkAnswer | Unanswered> {
    const link = this.#link;
    if (link?.isTaken !== true) return Promise.resolve('away');
    return this.#questions.ask((number) => send(link.peer, { type: 'ask', number, question }));
  }

  /** Asks the linked enclave to end in order; false if none is linked. */
  askToStop(): boolean {
    if (this.#link?.isTaken !== true) return false;
    this.#isStopping = true;
    send(this.#link.peer, { type: 'stop' });
    return true;
  }

  #connected(peer: LinkPeer): LinkSession {
    return {
      message: (value) => this.#message(peer, value),
      closed: (end) => this.#closed(peer, end),
    };
  }

  #unreachable(code: string): void {
    const isForbidden = code === 'EACCES' || code === 'EPERM';
    const problem = isForbidden
      ? `this user may not use the socket at ENCLAVE_SOCKET (${code}): put it into the group of the enclave`
      : `nothing answers at ENCLAVE_SOCKET (${code}): start the enclave, with the same ENCLAVE_SOCKET`;
    this.#failures++;
    if (this.#failures === FAILURES_TOLD) {
      this.problem = null;
      this.#tell(problem);
    } else this.problem ??= problem;
  }

  #message(peer: LinkPeer, value: unknown): void {
    const version = linkVersionIn(value);
    if (version !== null && version !== LINK_VERSION) {
      this.#tell(
        `the enclave speaks version ${version} of the link, and this service version ${LINK_VERSION}`,
      );
      peer.close();
      return;
    }
    const message = decodeEnclaveMessage(value);
    const link = this.#link;
    if (message?.type === 'hello' && link === null) this.#hello(peer, message.identity);
    else if (message === null || message.type === 'hello' || link === null) this.#rubbish(peer);
    else this.#receive(link, message);
  }

  #hello(peer: LinkPeer, identity: EnclaveIdentity): void {
    this.#link = { peer, identity, isTaken: false, storing: 0, restoring: 0 };
    const { processId } = this.#parts;
    send(peer, { type: 'welcome', linkVersion: LINK_VERSION, processId });
  }

  #receive(link: Link, message: Exclude<EnclaveMessage, { type: 'hello' }>): void {
    if (message.type === 'busy') {
      this.#tell(`the enclave works with another service, the process ${message.processId}`);
      link.peer.close();
      return;
    }
    if (!link.isTaken) this.#taken(link);
    switch (message.type) {
      case 'status':
        this.status = message.status;
        return;
      case 'store':
        void this.#store(link, message);
        return;
      case 'restore':
        void this.#restore(link, message.number, { accountId: message.accountId });
        return;
      case 'restoreAll':
        void this.#restore(link, message.number, { sealId: link.identity.sealId, after: message.after });
        return;
      case 'answer':
        this.#questions.answered(message.number, message.answer);
        return;
      default:
        unreachable(message);
    }
  }

  #taken(link: Link): void {
    const { log, keyUsed } = this.#parts;
    const { identity } = link;
    link.isTaken = true;
    this.links++;
    this.identity = identity;
    this.problem = null;
    this.#failures = 0;
    keyUsed(identity.signingKey);
    const { processId, platform, signingKey, exchangeUrls } = identity;
    log.info(
      `enclave: linked to the process ${processId}; ${signingKey.kid} signs the summaries of accounts`,
    );
    if (platform === 'none')
      log.warn('enclave: it has no trusted hardware: its user and root can read the keys');
    if (identity.isSealKeyTemporary)
      log.warn('enclave: its seal key is in memory only: a restart of it forgets every account');
    if (exchangeUrls.length > 0)
      log.warn(`enclave: exchanges are replaced by local servers: ${exchangeUrls.join(', ')}`);
    void this.#countStranded(identity.sealId);
  }

  async #countStranded(sealId: string): Promise<void> {
    const seals = await this.#read(
      () => this.#link?.identity.sealId === sealId,
      () => this.#parts.seals(),
    );
    if (seals === null) return;
    const others = seals.filter((seal) => seal.sealId !== sealId);
    this.stranded = others.reduce((sum, { accounts }) => sum + accounts, 0);
    if (this.stranded === 0) return;
    this.#parts.log.warn(
      `enclave: another seal key sealed the checkpoints of ${counted(this.stranded, 'account')}, which cannot continue: give the enclave the earlier ENCLAVE_SEAL_KEY, or register them anew`,
    );
  }

  async #store(link: Link, { number, summary, checkpoint }: Extract<EnclaveMessage, { type: 'store' }>) {
    if (link.storing >= STORES_UNDER_WAY_MAX) {
      this.#rubbish(link.peer);
      return;
    }
    link.storing++;
    const outcome = await this.#parts.polled.store({ summary, checkpoint }, link.identity);
    link.storing--;
    if (outcome !== 'given_up') send(link.peer, { type: outcome, number });
  }

  async #restore(link: Link, number: number, query: CheckpointQuery): Promise<void> {
    if (link.restoring >= RESTORES_UNDER_WAY_MAX) {
      this.#rubbish(link.peer);
      return;
    }
    link.restoring++;
    // What came before the question is in the answer.
    await this.#parts.polled.idle('accountId' in query ? query.accountId : null);
    const checkpoints = await this.#read(
      () => this.#link === link,
      () => this.#parts.checkpoints(query),
    );
    link.restoring--;
    if (checkpoints !== null) send(link.peer, { type: 'checkpoints', number, checkpoints });
  }

  /** Reads until the database answers; null if that is not needed any more. */
  async #read<T>(isNeeded: () => boolean, read: () => Promise<T>): Promise<T | null> {
    while (isNeeded()) {
      try {
        return await read();
      } catch {
        // Readiness says why questions are refused.
        await new Promise<void>((resolve) => this.#parts.timers.after(READ_AGAIN_MS, resolve));
      }
    }
    return null;
  }

  #closed(peer: LinkPeer, end: LinkEnd): void {
    if (end === 'rubbish' || end === 'too_big') this.rubbish++;
    const link = this.#link;
    if (link?.peer !== peer) return;
    this.#link = null;
    this.#questions.unlinked();
    this.#parts.polled.giveUp();
    if (link.isTaken)
      this.#tell(end === 'own' ? 'this service ended the link' : `the enclave is gone (${end})`);
  }

  #rubbish(peer: LinkPeer): void {
    this.#tell('the enclave sent what is no message, or more than it may; the link begins anew');
    peer.close('rubbish');
  }

  /** Says once why the enclave is not linked. */
  #tell(problem: string): void {
    if (this.problem !== problem && !this.#isStopping) this.#parts.log.warn(`enclave: ${problem}`);
    this.problem = problem;
  }
}

function send(peer: LinkPeer, message: ServiceMessage): void {
  // The enclave sends again what was not answered.
  void peer.send(message).catch(() => undefined);
}
