// The accounts that were registered in plain text, for the routes: it asks the enclave, and keeps nothing.

import type { LinkAnswer, LinkQuestion } from '../domain/enclave-link.ts';
import type { PlainRegistration, UserMetrics, UserSummary } from '../domain/registration.ts';
import type { RegistrationRefusal, Registrations } from '../http/user-routes.ts';
import type { Unanswered } from './enclave-questions.ts';

const AWAY: RegistrationRefusal = {
  status: 503,
  code: 'enclave_away',
  reason: 'The enclave that polls the accounts is not linked to this service; try again later.',
};
const BUSY: RegistrationRefusal = {
  status: 503,
  code: 'enclave_busy',
  reason: 'The enclave has too many requests, or did not answer in time; try again later.',
};

/** Asks the enclave. */
export class EnclaveRegistrations implements Registrations {
  readonly #ask: (question: LinkQuestion) => Promise<LinkAnswer | Unanswered>;

  constructor(ask: (question: LinkQuestion) => Promise<LinkAnswer | Unanswered>) {
    this.#ask = ask;
  }

  async register(registration: PlainRegistration): Promise<RegistrationRefusal | null> {
    return refusalIn(await this.#ask({ type: 'register', registration }));
  }

  async remove(userId: string): Promise<RegistrationRefusal | null> {
    return refusalIn(await this.#ask({ type: 'remove', userId }));
  }

  async metrics(userId: string): Promise<readonly UserMetrics[] | RegistrationRefusal> {
    const answer = await this.#ask({ type: 'metrics', userId });
    return typeof answer === 'object' && answer.type === 'metrics' ? answer.metrics : refusalOr(answer);
  }

  async summary(userId: string): Promise<UserSummary | RegistrationRefusal | null> {
    const answer = await this.#ask({ type: 'summary', userId });
    return typeof answer === 'object' && answer.type === 'summary' ? answer.summary : refusalOr(answer);
  }
}

/** Null if the answer is no refusal. */
function refusalIn(answer: LinkAnswer | Unanswered): RegistrationRefusal | null {
  if (answer === 'away') return AWAY;
  if (typeof answer === 'string') return BUSY;
  if (answer.type !== 'refused') return null;
  const { status, code, reason } = answer;
  return { status, code, reason };
}

/** An answer of another kind than the question's is a defect of the enclave. */
function refusalOr(answer: LinkAnswer | Unanswered): RegistrationRefusal {
  return refusalIn(answer) ?? BUSY;
}
