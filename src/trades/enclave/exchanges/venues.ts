// The exchanges at which accounts are polled. An exchange is loaded when the first account needs it.

import type { Log } from '../../../io/log.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Part } from '../../../lib/part.ts';
import type { Timers } from '../../../lib/timers.ts';
import { programVersion } from '../../../lib/version.ts';
import type { Credentials } from '../../domain/account.ts';
import { loadExchange } from './exchange-modules.ts';
import { abilitiesOf } from './features.ts';
import { refusalOf, type SupportQuestion } from './support.ts';
import { Venue } from './venue.ts';

/** How exchanges are reached. */
export interface VenuesOptions {
  /** Exchanges that local servers stand for, and the origin of each server: `EXCHANGE_URLS`. */
  readonly exchangeUrls: ReadonlyMap<string, string>;
}

/** What {@link Venues} need. */
export interface VenuesParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/** All exchanges, each once live and once as its sandbox. They hold sockets until `stop`. */
export class Venues implements Part {
  readonly #exchangeUrls: ReadonlyMap<string, string>;
  readonly #parts: VenuesParts;
  readonly #venues = new Map<string, Venue>();
  readonly #userAgent = `aggregator/${programVersion()}`;

  constructor({ exchangeUrls }: VenuesOptions, parts: VenuesParts) {
    this.#exchangeUrls = exchangeUrls;
    this.#parts = parts;
  }

  /** Does nothing: an exchange is loaded when an account needs it. */
  async start(): Promise<void> {}

  /** Ends all requests, and closes the connections. */
  async stop(): Promise<void> {
    for (const venue of this.#venues.values()) venue.stop();
  }

  /** Exchanges that were asked for. */
  get all(): readonly Venue[] {
    return [...this.#venues.values()];
  }

  /**
   * Why an account of this kind cannot be polled with these credentials, as a sentence for the person who registers it; null
   * if it can. It repeats no credential, and asks no exchange.
   */
  async refusal(question: SupportQuestion, credentials: Credentials): Promise<string | null> {
    const exchangeClass = await loadExchange(question.exchange);
    if (exchangeClass === null) return 'There is no exchange with this id.';
    return refusalOf(question, abilitiesOf(new exchangeClass({})), credentials);
  }

  /** The exchange with this id of ccxt. One that does not exist is `unsupported` when it is used. */
  venue(exchange: string, isSandbox: boolean): Venue {
    const name = `${exchange} ${isSandbox ? 'sandbox' : 'live'}`;
    const known = this.#venues.get(name);
    if (known !== undefined) return known;
    const origin = this.#exchangeUrls.get(exchange) ?? null;
    const made = new Venue({ exchange, isSandbox, origin }, { ...this.#parts, userAgent: this.#userAgent });
    this.#venues.set(name, made);
    if (origin !== null)
      this.#parts.log.info(`${exchange}: a local server stands for it, as EXCHANGE_URLS says`);
    return made;
  }
}
