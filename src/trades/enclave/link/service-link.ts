// The enclave's end of the link: it listens at a socket, says who it is, and works with the first service that answers. It
// hands summaries out, asks for checkpoints, passes questions on, and sends its status. It seals and polls nothing.

import { LocalLinkServer } from '../../../io/local-link-server.ts';
import type { LinkEnd, LinkPeer, LinkSession } from '../../../io/local-link.ts';
import type { Log } from '../../../io/log.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Part } from '../../../lib/part.ts';
import type { Timer, Timers } from '../../../lib/timers.ts';
import { unreachable } from '../../../lib/unreachable.ts';
import { decodeServiceMessage } from '../../domain/decode-service-message.ts';
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
} from '../../domain/enclave-link.ts';
import { Outgoing } from './outgoing.ts';
import { NotLinkedError, Restores } from './restores.ts';

/** Questions of the service that are answered at the same time; a service with more is disconnected. */
export const QUESTIONS_MAX = 256;
/** Time in which a connection must say that it is a service, in ms. */
const WELCOME_MS = 5_000;
/** Time between two looks at the status, in ms. */
const STATUS_MS = 1_000;
/** Time for the service to store what waits when the enclave stops, in ms. */
const STOP_STORE_MS = 2_000;

const FAILED: LinkAnswer = {
  type: 'refused',
  status: 503,
  code: 'internal',
  reason: 'The enclave could not answer; its log says why.',
};

/** What a {@link ServiceLink} needs. */
export interface ServiceLinkParts {
  /** Who the enclave is; asked at each connection. */
  identity(): EnclaveIdentity;
  /** How it is; asked once a second while a service is linked. */
  status(): EnclaveStatus;
  /** Answers a question of the service. */
  answer(question: LinkQuestion): Promise<LinkAnswer>;
  /** A service is linked: checkpoints can be asked for. Called at each link. */
  linked(): void;
  /** The service asks the enclave to end in order. */
  stop(): void;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
}

/** What the link counts since the start. */
export interface ServiceLinkCounts {
  links: number;
  /** Connections of further services, which were refused. */
  busy: number;
  /** Connections that sent what is no message. */
  rubbish: number;
}

/** The link, from `start` to `stop`. One service works with it at a time. */
export class ServiceLink implements Part {
  /** What the service has to store. It takes summaries before `start` and while no service is linked. */
  readonly outgoing = new Outgoing();
  readonly counts: ServiceLinkCounts = { links: 0, busy: 0, rubbish: 0 };
  readonly #parts: ServiceLinkParts;
  readonly #server: LocalLinkServer;
  readonly #restores = new Restores();
  #service: { readonly peer: LinkPeer; readonly processId: number } | null = null;
  #statusText = '';
  #isStatusUnderWay = false;
  #statusTimer: Timer | null = null;
  #questions = 0;

  /** `socketPath` is `ENCLAVE_SOCKET`. */
  constructor(socketPath: string, parts: ServiceLinkParts) {
    this.#parts = parts;
    const { clock, timers } = parts;
    this.#server = new LocalLinkServer(
      { path: socketPath, setting: 'ENCLAVE_SOCKET' },
      { messageBytesMax: LINK_MESSAGE_BYTES_MAX, clock, timers, accept: (peer) => this.#accept(peer) },
    );
  }

  /** Listens. Errors: those of `LocalLinkServer.start`; `port_in_use` if another enclave holds the socket. */
  async start(): Promise<void> {
    await this.#server.start();
    this.#statusTimer = this.#parts.timers.every(STATUS_MS, () => this.#sendStatus());
  }

  /** Gives the service a moment to store what waits, and closes the link. */
  async stop(): Promise<void> {
    if (this.#service !== null) {
      const late = Promise.withResolvers<void>();
      const timer = this.#parts.timers.after(STOP_STORE_MS, () => late.resolve());
      await Promise.race([this.outgoing.emptied(), late.promise]);
      timer.cancel();
      this.#sendStatus();
    }
    this.#statusTimer?.cancel();
    await this.#server.stop();
  }

  /** True while a service is linked. */
  get isLinked(): boolean {
    return this.#service !== null;
  }

  /** The stored checkpoint of an account; null if there is none. Errors: those of {@link Restores.ask}. */
  async restore(accountId: string): Promise<Checkpoint | null> {
    const [checkpoint = null] = await this.#ask((number) => ({ type: 'restore', number, accountId }));
    return checkpoint;
  }

  /** All stored checkpoints of this enclave's seal key, in pages. Errors: those of {@link Restores.ask}. */
  async *restoreAll(): AsyncGenerator<readonly Checkpoint[], void> {
    for (let after: string | null = null; ; ) {
      const from: string | null = after;
      const page = await this.#ask((number) => ({ type: 'restoreAll', number, after: from }));
      const last = page.at(-1);
      // A service that gives the same page again and again would hold up every registration.
      if (last === undefined || last.accountId <= (from ?? '')) return;
      yield page;
      after = last.accountId;
    }
  }

  #ask(question: (number: number) => EnclaveMessage): Promise<readonly Checkpoint[]> {
    const service = this.#service;
    if (service === null) return Promise.reject(new NotLinkedError());
    return this.#restores.ask((number) => service.peer.send(question(number)));
  }

  #accept(peer: LinkPeer): LinkSession {
    const { timers, identity } = this.#parts;
    const late = timers.after(WELCOME_MS, () => peer.close());
    send(peer, { type: 'hello', identity: identity() });
    return {
      message: (value) => {
        const message = decodeServiceMessage(value);
        if (message === null) this.#rubbish(peer);
        else if (message.type === 'welcome') {
          late.cancel();
          this.#welcomed(peer, message);
        } else if (this.#service?.peer === peer) this.#receive(peer, message);
        // A service that was refused may have sent more before it knew.
      },
      closed: (end) => {
        late.cancel();
        if (end === 'rubbish' || end === 'too_big') this.counts.rubbish++;
        if (this.#service?.peer === peer) this.#unlinked(end);
      },
    };
  }

  #welcomed(peer: LinkPeer, { linkVersion, processId }: Extract<ServiceMessage, { type: 'welcome' }>): void {
    const { log, linked } = this.#parts;
    if (linkVersion !== LINK_VERSION) {
      log.warn(`link: the service with the process id ${processId} is of another version; it is not linked`);
      peer.close();
      return;
    }
    if (this.#service?.peer === peer) return;
    if (this.#service !== null) {
      this.counts.busy++;
      send(peer, { type: 'busy', processId: this.#service.processId });
      peer.close();
      return;
    }
    this.#service = { peer, processId };
    this.counts.links++;
    log.info(`link: the service with the process id ${processId} is linked`);
    this.#statusText = '';
    this.#isStatusUnderWay = false;
    this.#sendStatus();
    this.outgoing.linked((message) => peer.send(message));
    linked();
  }

  #unlinked(end: LinkEnd): void {
    const { log } = this.#parts;
    log.warn(`link: the service is gone (${end}); summaries wait in the enclave until one is linked`);
    this.#service = null;
    this.outgoing.unlinked();
    this.#restores.unlinked();
  }

  #rubbish(peer: LinkPeer): void {
    this.#parts.log.warn('link: a connection sent what is no message of a service, and is closed');
    peer.close('rubbish');
  }

  #receive(peer: LinkPeer, message: Exclude<ServiceMessage, { type: 'welcome' }>): void {
    switch (message.type) {
      case 'stored':
      case 'refused':
        this.outgoing.answered(message.number, message.type);
        return;
      case 'checkpoints':
        this.#restores.answered(message.number, message.checkpoints);
        return;
      case 'ask':
        void this.#answer(peer, message.number, message.question);
        return;
      case 'stop':
        this.#parts.stop();
        return;
      default:
        unreachable(message);
    }
  }

  async #answer(peer: LinkPeer, number: number, question: LinkQuestion): Promise<void> {
    if (this.#questions >= QUESTIONS_MAX) {
      this.#rubbish(peer);
      return;
    }
    this.#questions++;
    const answer = await this.#parts.answer(question).catch((error: unknown) => {
      this.#parts.log.error('link: a question of the service failed, which is a defect of the program', {
        error,
      });
      return FAILED;
    });
    this.#questions--;
    send(peer, { type: 'answer', number, answer });
  }

  /** Sends the status if it changed, and never a second one before the service took the first. */
  #sendStatus(): void {
    const service = this.#service;
    if (service === null || this.#isStatusUnderWay) return;
    const status = this.#parts.status();
    const text = JSON.stringify(status);
    if (text === this.#statusText) return;
    this.#statusText = text;
    this.#isStatusUnderWay = true;
    const sent = service.peer.send({ type: 'status', status }).catch(() => false);
    void sent.then(() => (this.#isStatusUnderWay = false));
  }
}

/** Sends what nobody waits for. */
function send(peer: LinkPeer, message: EnclaveMessage): void {
  void peer.send(message).catch(() => undefined);
}
