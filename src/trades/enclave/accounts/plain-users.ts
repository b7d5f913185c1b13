// Users who registered in plain text at the service: they have no token, and are known by the label that they chose. It
// answers the service's questions about them.

import type { OwnAccount, Sessions, SessionRefusal } from '../../domain/enclave-api.ts';
import type { LinkAnswer, LinkQuestion } from '../../domain/enclave-link.ts';
import type { PlainRegistration } from '../../domain/registration.ts';

/** Such a session cannot be renewed by a token, so it lasts as long as any may, in seconds. */
const TTL_SECONDS = 604_800;

/** The users, as many as there are sessions. */
export class PlainUsers {
  readonly #sessions: Sessions;
  /** Tokens of running sessions, by user. */
  readonly #tokens = new Map<string, string>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Answers a question of the service. */
  async answer(question: LinkQuestion): Promise<LinkAnswer> {
    switch (question.type) {
      case 'register':
        return this.#register(question.registration);
      case 'remove':
        await this.#remove(question.userId);
        return { type: 'removed' };
      case 'metrics':
        return { type: 'metrics', metrics: this.#own(question.userId)?.metrics ?? [] };
      case 'summary':
        return { type: 'summary', summary: this.#own(question.userId)?.summary ?? null };
      default:
        return question satisfies never;
    }
  }

  /** A user has one account: a further registration takes the place of the one before. */
  async #register(registration: PlainRegistration): Promise<LinkAnswer> {
    const { userId, exchange, accountType, isSandbox, apiIntervalMs, retriesMax, apiKey, secret } =
      registration;
    const answer = await this.#sessions.register(
      {
        label: userId,
        options: { exchange, accountType, isSandbox, apiIntervalMs, retriesMax, sinceMs: null, symbols: [] },
        credentials: { apiKey, secret },
        ttlSeconds: TTL_SECONDS,
      },
      null,
    );
    if ('status' in answer) return refused(answer);
    const earlier = this.#tokens.get(userId);
    // Before anything else happens: of two registrations at one time, the later one has to find the earlier one here.
    this.#tokens.set(userId, answer.sessionToken);
    if (earlier !== undefined) await this.#sessions.end(earlier);
    this.#forgetEnded();
    return { type: 'registered' };
  }

  async #remove(userId: string): Promise<void> {
    const token = this.#tokens.get(userId);
    this.#tokens.delete(userId);
    if (token !== undefined) await this.#sessions.end(token);
  }

  #own(userId: string): OwnAccount | null {
    const token = this.#tokens.get(userId);
    return token === undefined ? null : this.#sessions.own(token);
  }

  #forgetEnded(): void {
    for (const [userId, token] of this.#tokens)
      if (this.#sessions.own(token) === null) this.#tokens.delete(userId);
  }
}

function refused({ status, code, reason }: SessionRefusal): LinkAnswer {
  return { type: 'refused', status: status === 502 ? 503 : status, code, reason };
}
