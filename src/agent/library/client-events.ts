// The events of a client, and its problems as errors: of one cause at most one a minute. No listener can break the client,
// and without a listener nothing happens.

import type { EventEmitter } from 'node:events';
import type { Log, LogFields } from '../../io/log.ts';
import { MinuteLog } from '../../io/minute-log.ts';
import { systemClock } from '../../lib/clock.ts';
import { FederationError, type FederationErrorCode, type FederationEvents } from './types.ts';

/** Words of the agent, and what they are in the library. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/until you run `agent trust`/g, 'until the option statsKey names it'],
  [/FEDERATION_SALT/g, 'the option salt'],
  [/set FEDERATION_API_KEY/g, 'give the option apiKey'],
  [/FEDERATION_API_KEY/g, 'the option apiKey'],
  [/FEDERATION_STATS_KEY/g, 'the option statsKey'],
  [/a file that FEDERATION_NATS_… names/g, 'a file that an option names'],
  [/DB_PATH/g, 'statePath'],
  [/and the sources wait/g, 'and tasks and invoices are refused'],
];

/** A sentence of the agent in the words of the library. */
export function inWordsOfLibrary(sentence: string): string {
  return WORDS.reduce((text, [agent, library]) => text.replace(agent, library), sentence);
}

/** Emits the events of a client. */
export class ClientEvents {
  /** Problems since the client was made, also those that were not told. */
  errors = 0;
  /** The log of the connection: its warnings and errors are problems. */
  readonly log: Log;
  readonly #emitter: EventEmitter<FederationEvents>;
  readonly #minute: MinuteLog;

  constructor(emitter: EventEmitter<FederationEvents>) {
    this.#emitter = emitter;
    const problem = (sentence: string, fields?: LogFields) => this.#logged(sentence, fields);
    this.log = { debug: () => undefined, info: () => undefined, warn: problem, error: problem };
    this.#minute = new MinuteLog(
      { ...this.log, error: (sentence, fields) => this.#emitError(fields?.['code'], sentence) },
      systemClock,
    );
    // An emitter throws an `error` for which nobody listens.
    emitter.on('error', () => undefined);
  }

  /** Emits an event. A listener that throws is a problem of its own. */
  emit<Name extends Exclude<keyof FederationEvents, 'error'>>(
    name: Name,
    ...args: FederationEvents[Name]
  ): void {
    try {
      (this.#emitter as EventEmitter).emit(name, ...args);
    } catch (error) {
      const what = error instanceof Error ? error.message : 'something that is no error';
      this.problem('handler_failed', `listener ${name}`, `a listener of the event ${name} threw: ${what}`);
    }
  }

  /** Tells a problem, unless one of the same cause was told within the last minute. */
  problem(code: FederationErrorCode, cause: string, sentence: string): void {
    this.errors += 1;
    this.#minute.say('error', cause, sentence, { code });
  }

  /** Tells a problem of one call of a method, however often it happens. */
  fault(code: FederationErrorCode, sentence: string): void {
    this.errors += 1;
    this.#emitError(code, sentence);
  }

  #logged(sentence: string, fields: LogFields = {}): void {
    this.errors += 1;
    const { type, member } = fields;
    const isGate = typeof type === 'string' && typeof member === 'string';
    this.#emitError(isGate ? 'refused' : 'broker', isGate ? `${sentence} (${type}, ${member})` : sentence);
  }

  #emitError(code: unknown, sentence: string): void {
    const error = new FederationError(code as FederationErrorCode, inWordsOfLibrary(sentence));
    try {
      if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error);
    } catch (thrown) {
      // Nobody is left to whom it could be told: the process gets it, outside of the connection's callbacks.
      setImmediate(() => {
        throw thrown;
      });
    }
  }
}
