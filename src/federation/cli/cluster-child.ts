// One child process of `cluster up`: its output with its name before each line, and a new start when it ends by itself. It
// decides nothing about the other children.

import { mention } from '../../cli/output.ts';
import { ChildProgram } from '../../io/child-program.ts';
import type { Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { MINUTE_MS } from '../../lib/durations.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';

/** Wait before a child that ended is started again, in ms, unless the options say otherwise. */
const RESTART_AFTER_MS = 1_000;
/** A child that ended by itself this often within a minute is not started again. */
const RESTARTS_PER_MINUTE_MAX = 10;
/** Width of the names before the lines. */
const NAME_WIDTH = 9;

/** What is started, and who learns of its life. */
export interface ClusterChildOptions {
  /** `broker-1`, `splitter`, `replica-2`. */
  readonly name: string;
  /** The path of the program; null for Node. */
  readonly program: string | null;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Which lines of its output are printed; default all. */
  readonly shows?: (line: string) => boolean;
  readonly restartAfterMs?: number;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Called after each start, when `pid` is another one. */
  started(): void;
  /** Called when the child ended too often. */
  fatal(error: CodedError): void;
}

/** The child, from `start` to `stop`. */
export class ClusterChild implements Part {
  readonly #options: ClusterChildOptions;
  readonly #lines: PrefixedLines;
  readonly #endedAtMs: number[] = [];
  #child: ChildProgram | null = null;
  #restart: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: ClusterChildOptions) {
    this.#options = options;
    this.#lines = new PrefixedLines(options.name, mention, options.shows);
  }

  get name(): string {
    return this.#options.name;
  }

  /** The id of its process; null while there is none. */
  get pid(): number | null {
    return this.#restart === null ? (this.#child?.pid ?? null) : null;
  }

  async start(): Promise<void> {
    const { program, words, env } = this.#options;
    const child = new ChildProgram({
      ...(program === null ? {} : { program }),
      words,
      env,
      said: (text) => this.#lines.add(text),
      ended: (_output, how) => this.#ended(how),
    });
    this.#child = child;
    await child.start();
    this.#options.started();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#child?.stop();
    this.#lines.end();
  }

  /** Asks it to end, and does not wait. */
  kill(): void {
    this.#isStopped = true;
    this.#child?.kill();
  }

  #ended(how: string): void {
    if (this.#isStopped) return;
    const { name, log, fatal, restartAfterMs = RESTART_AFTER_MS } = this.#options;
    this.#lines.end();
    const nowMs = systemClock.monotonicMs();
    this.#endedAtMs.push(nowMs);
    while ((this.#endedAtMs[0] ?? nowMs) <= nowMs - MINUTE_MS) this.#endedAtMs.shift();
    if (this.#endedAtMs.length > RESTARTS_PER_MINUTE_MAX) {
      const often = `${name} ended ${this.#endedAtMs.length} times within a minute, the last time with ${how}`;
      fatal(new CodedError('demonstration_failed', `${often}: its last lines say why.`));
      return;
    }
    log.warn(`${name} ended (${how}); it is started again in ${restartAfterMs / 1000} s`);
    this.#restart = setTimeout(() => {
      this.#restart = null;
      void this.start();
    }, restartAfterMs);
  }
}

/** Length of a line that is printed whole; the rest of a longer one becomes a line of its own. */
const LINE_CHARACTERS_MAX = 4_096;

/** Prints whole lines with a name before each, from text in parts. */
export class PrefixedLines {
  readonly #prefix: string;
  readonly #print: (text: string) => void;
  readonly #shows: (line: string) => boolean;
  #rest = '';

  constructor(name: string, print: (text: string) => void, shows: (line: string) => boolean = () => true) {
    this.#prefix = `${name.padEnd(NAME_WIDTH)} | `;
    this.#print = print;
    this.#shows = shows;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_CHARACTERS_MAX) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    const shown = lines.filter(this.#shows);
    if (shown.length > 0) this.#print(shown.map((line) => `${this.#prefix}${line}\n`).join(''));
  }

  /** Prints a last line that has no end yet. */
  end(): void {
    if (this.#rest !== '') this.add('\n');
  }
}
