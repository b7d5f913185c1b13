// Answers questions of other processes of the cluster, and of its own, from the worker pool. While it cannot answer it
// says why. It checks nobody's rights: the brokers let only the program's own user ask.

import type { Msg, NatsConnection, Subscription } from 'nats';
import { CLUSTER_SUBJECTS } from '../domain/cluster.ts';
import type { DigestAnswer, DigestRequest } from '../domain/digests.ts';
import type { PartialStatistics, PlacesPartial } from '../domain/partial.ts';
import type { Part } from '../../lib/part.ts';
import type { ClusterAccess } from './connection.ts';
import {
  type AskOutcome,
  type AskQuestion,
  type AskRefusal,
  type AskReply,
  decodeQuestion,
  encodeReply,
} from './ask-wire.ts';

/** Who answers. */
export interface AskResponderOptions {
  readonly partition: number;
  readonly replica: string;
  /** A random id of the process. */
  readonly process: string;
}

/** What an {@link AskResponder} needs of its owner. */
export interface AskResponderParts {
  readonly access: ClusterAccess;
  /** Why this process answers nothing now; null if it does. */
  refusal(): 'starting' | 'catching_up' | null;
  readPartial(nowMs: number): Promise<PartialStatistics>;
  readPlaces(): Promise<PlacesPartial>;
  readDigests(request: DigestRequest): Promise<DigestAnswer>;
  counted(outcome: AskOutcome): void;
  failed(error: unknown): void;
}

/** Maximum number of questions that are being answered; more are refused. */
export const QUESTIONS_UNDER_WAY_MAX = 4;
/** What a broker takes if it does not say it. */
const PAYLOAD_BYTES_USUAL = 1_048_576;

/** Listens for questions from its start to its stop. */
export class AskResponder implements Part {
  readonly #options: AskResponderOptions;
  readonly #parts: AskResponderParts;
  #subscription: Subscription | null = null;
  #underWay = 0;
  #isStopped = false;

  constructor(options: AskResponderOptions, parts: AskResponderParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#parts.access.onConnected((connection) => this.#listen(connection));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
  }

  /** The client renews a subscription at each reconnection, unless the broker refused it before. */
  #listen(connection: NatsConnection): void {
    if (this.#isStopped || this.#subscription?.isClosed() === false) return;
    this.#subscription = connection.subscribe(CLUSTER_SUBJECTS.ask(this.#options.partition), {
      callback: (error, message) => {
        if (error === null) void this.#take(message, connection);
      },
    });
  }

  async #take(message: Msg, connection: NatsConnection): Promise<void> {
    const question = decodeQuestion(message.data);
    if (question === null || message.reply === undefined || message.reply === '') {
      this.#parts.counted('unreadable');
      return;
    }
    this.#underWay++;
    try {
      const reply = await this.#replyTo(question);
      const { bytes, outcome } = await this.#packed(
        reply,
        connection.info?.max_payload ?? PAYLOAD_BYTES_USUAL,
      );
      if (connection.isClosed()) return;
      message.respond(bytes);
      this.#parts.counted(outcome);
    } catch (error) {
      this.#parts.failed(error);
    } finally {
      this.#underWay--;
    }
  }

  async #replyTo(question: AskQuestion): Promise<AskReply> {
    const refusal = this.#underWay > QUESTIONS_UNDER_WAY_MAX ? 'busy' : this.#parts.refusal();
    if (refusal !== null) return this.#refused(refusal);
    const { replica, process } = this.#options;
    try {
      if (question.type === 'places')
        return { replica, process, type: 'places', places: await this.#parts.readPlaces() };
      if (question.type === 'digests')
        return {
          replica,
          process,
          type: 'digests',
          digests: await this.#parts.readDigests(question.request),
        };
      const partial = await this.#parts.readPartial(question.nowMs);
      if (partial.progress < question.floor) return this.#refused('floor');
      return { replica, process, type: 'partial', partial };
    } catch (error) {
      this.#parts.failed(error);
      return this.#refused('failed');
    }
  }

  async #packed(
    reply: AskReply,
    most: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly outcome: 'answered' | AskRefusal }> {
    const bytes = await encodeReply(reply);
    if (bytes.length <= most) return { bytes, outcome: reply.type === 'refused' ? reply.reason : 'answered' };
    return { bytes: await encodeReply(this.#refused('too_large')), outcome: 'too_large' };
  }

  #refused(reason: AskRefusal): AskReply {
    const { replica, process } = this.#options;
    return { replica, process, type: 'refused', reason };
  }
}
