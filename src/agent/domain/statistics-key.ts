// Which key signs the statistics (docs/agent.md#statistics): the one of the setting, else the one that
// was pinned at first sight. Another one is only offered, until a person trusts it. It checks no signature.

import type { PublicJwk } from '../../lib/ed25519.ts';

/** What a key of a join reply meant. */
export type KeyNews = 'known' | 'pinned' | 'offered' | 'not_the_setting';

/** The known key and the offered one. */
export class StatisticsKey {
  readonly #setting: PublicJwk | null;
  #pinned: PublicJwk | null;
  #offered: PublicJwk | null = null;

  constructor(setting: PublicJwk | null, pinned: PublicJwk | null) {
    this.#setting = setting;
    this.#pinned = pinned;
  }

  /** The key whose signatures count; null if none is known. */
  get known(): PublicJwk | null {
    return this.#setting ?? this.#pinned;
  }

  /** Another key than the pinned one that the last reply named; null if it named the pinned one, or none. */
  get offered(): PublicJwk | null {
    return this.#offered;
  }

  /** Takes the key of a join reply. `pinned`: it is known from now on, and is to be kept. */
  told(key: PublicJwk): KeyNews {
    if (this.#setting !== null) return this.#setting.kid === key.kid ? 'known' : 'not_the_setting';
    if (this.#pinned === null) {
      this.#pinned = key;
      return 'pinned';
    }
    this.#offered = this.#pinned.kid === key.kid ? null : key;
    return this.#offered === null ? 'known' : 'offered';
  }

  /** Accepts the offered key. Returns it, so that it can be kept; null if none is offered. */
  trust(): PublicJwk | null {
    const key = this.#offered;
    if (key === null) return null;
    this.#pinned = key;
    this.#offered = null;
    return key;
  }
}
