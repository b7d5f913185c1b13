// Users who registered in plain text at the service: they have no token, and are known by the id that they chose. It
// answers the service's questions about them.

import type { AccountRegistration } from '../../domain/account.ts';
import type { OwnAccount, SessionRefusal, StartedSession } from '../../domain/enclave-api.ts';
import type { LinkAnswer, LinkQuestion } from '../../domain/enclave-link.ts';
import type { PlainRegistration } from '../../domain/registration.ts';

/** Seconds of such a session: the longest time that is allowed, because its user has no token to renew it. */
const TTL_SECONDS = 604_800;

/** What {@link PlainUsers} need of the accounts. */
export interface PlainUsersParts {
  register(registration: AccountRegistration): Promise<StartedSession | SessionRefusal>;
  /** Null for a user without a running session. */
  own(userId: string): OwnAccount | null;
  /** Ends every session of the user. */
  end(userId: string): Promise<void>;
}

/** The users. It remembers none: the session knows its user, also after a restart. */
export class PlainUsers {
  readonly #parts: PlainUsersParts;

  constructor(parts: PlainUsersParts) {
    this.#parts = parts;
  }

  /** Answers a question of the service. */
  async answer(question: LinkQuestion): Promise<LinkAnswer> {
    const { own, end } = this.#parts;
    switch (question.type) {
      case 'register':
        return this.#register(question.registration);
      case 'remove':
        await end(question.userId);
        return { type: 'removed' };
      case 'metrics':
        return { type: 'metrics', metrics: own(question.userId)?.metrics ?? [] };
      case 'summary':
        return { type: 'summary', summary: own(question.userId)?.summary ?? null };
      default:
        return question satisfies never;
    }
  }

  async #register(registration: PlainRegistration): Promise<LinkAnswer> {
    const { userId, exchange, accountType, isSandbox, apiIntervalMs, retriesMax, apiKey, secret } =
      registration;
    const answer = await this.#parts.register({
      label: userId,
      options: { exchange, accountType, isSandbox, apiIntervalMs, retriesMax, sinceMs: null, symbols: [] },
      credentials: { apiKey, secret },
      ttlSeconds: TTL_SECONDS,
      plainUserId: userId,
    });
    return 'status' in answer ? refused(answer) : { type: 'registered' };
  }
}

function refused({ status, code, reason }: SessionRefusal): LinkAnswer {
  return { type: 'refused', status: status === 502 ? 503 : status, code, reason };
}
