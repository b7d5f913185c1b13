// What replies to a join mean for the node: which salt it uses, how much it may send, and which key signs statistics
// (docs/agent.md#joining). It says what changes, and asks for nothing.

import type { MinuteLog } from '../../io/minute-log.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { JoinReply } from '../domain/join-reply.ts';
import { ratePerMinute } from '../domain/pace.ts';
import { StatisticsKey } from '../domain/statistics-key.ts';
import type { LinkView } from '../domain/view.ts';
import type { FederationLinkOptions, FederationLinkParts } from './link-options.ts';
import { Salt } from './salt.ts';

/** What a {@link Membership} needs of its owner. */
export type MembershipParts = Pick<FederationLinkParts, 'saltChanged' | 'keyPinned'> & {
  readonly log: MinuteLog;
};

/** What settings, an earlier process and replies say together. */
export class Membership {
  readonly #rate: number | null;
  readonly #parts: MembershipParts;
  readonly #salt: Salt;
  readonly #key: StatisticsKey;
  #toldRate: number | null = null;

  constructor(
    options: Pick<FederationLinkOptions, 'salt' | 'keptSalt' | 'statsKey' | 'pinnedKey' | 'rate'>,
    parts: MembershipParts,
  ) {
    this.#rate = options.rate;
    this.#parts = parts;
    this.#salt = new Salt(options.salt, options.keptSalt);
    this.#key = new StatisticsKey(options.statsKey, options.pinnedKey);
  }

  get salt(): string | null {
    return this.#salt.value;
  }

  get saltFrom(): LinkView['saltFrom'] {
    return this.#salt.from;
  }

  /** Messages a minute that may leave. */
  get ratePerMinute(): number {
    return ratePerMinute(this.#rate, this.#toldRate);
  }

  /** The key whose signatures count; null if none is known. */
  get key(): PublicJwk | null {
    return this.#key.known;
  }

  /** Another key than the pinned one that the aggregator names now; null if there is none. */
  get offeredKey(): PublicJwk | null {
    return this.#key.offered;
  }

  /** Accepts the offered key. False if none is offered. */
  trust(): boolean {
    const key = this.#key.trust();
    if (key !== null) this.#parts.keyPinned(key);
    return key !== null;
  }

  /** Takes a reply. */
  replied({ aggregatorId, salt, statsKey, ratePerMinute: toldRate }: JoinReply): void {
    this.#toldRate = toldRate ?? this.#toldRate;
    const fields = { aggregatorId, rate: this.ratePerMinute };
    this.#parts.log.say('info', 'joined', 'join: the aggregator answered', fields);
    this.#takeSalt(salt);
    if (statsKey !== null) this.#takeKey(statsKey);
  }

  /** There was no reply that can be used. */
  notJoined(problem: string): void {
    const isSalted = this.salt !== null;
    const outcome = isSalted ? '' : '; no salt is known, so only presence is sent, and the sources wait';
    this.#parts.log.say(isSalted ? 'info' : 'warn', 'join', `join: ${problem}${outcome}; asking again`);
  }

  #takeSalt(salt: string): void {
    const news = this.#salt.told(salt);
    const sentence = SALT_SENTENCES[news];
    if (sentence !== null) this.#parts.log.say('warn', 'salt', sentence);
    if (news === 'changed' || news === 'first') this.#parts.saltChanged(salt);
  }

  #takeKey(key: PublicJwk): void {
    const news = this.#key.told(key);
    const sentence = KEY_SENTENCES[news];
    if (sentence !== null) this.#parts.log.say('warn', 'key', sentence, { key: key.kid });
    if (news === 'pinned') this.#parts.keyPinned(key);
  }
}

const SALT_SENTENCES = {
  known: null,
  first: null,
  changed: 'join: the federation has another salt than before; what was sent is not sent again',
  not_the_setting:
    'join: the federation has another salt than FEDERATION_SALT, so tasks of this node are not recognised as those of others',
} as const;

const KEY_SENTENCES = {
  known: null,
  pinned: null,
  offered:
    'join: the aggregator names another key for its statistics than the pinned one; statistics signed with it are refused until you run `agent trust`',
  not_the_setting: 'join: the aggregator names another key for its statistics than FEDERATION_STATS_KEY',
} as const;
