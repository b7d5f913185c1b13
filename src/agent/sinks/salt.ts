// Which salt is in use (docs/agent.md#joining): that of the setting, else that of the last join reply, else the kept one.
// It hashes nothing.

import type { LinkView } from '../domain/view.ts';

/** What the salt of a join reply meant. */
export type SaltNews = 'known' | 'first' | 'changed' | 'not_the_setting';

/** The salt in use. */
export class Salt {
  readonly #setting: string | null;
  #value: string | null;
  #from: LinkView['saltFrom'];

  /** Each is 64 hex digits, or null. */
  constructor(setting: string | null, kept: string | null) {
    this.#setting = setting;
    this.#value = setting ?? kept;
    this.#from = setting === null ? (kept === null ? null : 'kept') : 'setting';
  }

  get value(): string | null {
    return this.#value;
  }

  get from(): LinkView['saltFrom'] {
    return this.#from;
  }

  /** Takes the salt of a join reply. `first` and `changed`: it is in use from now on. */
  told(salt: string): SaltNews {
    if (this.#setting !== null) return salt === this.#setting ? 'known' : 'not_the_setting';
    const before = this.#value;
    this.#value = salt;
    this.#from = 'join';
    if (before === null) return 'first';
    return before === salt ? 'known' : 'changed';
  }
}
