// The command `status` of every program: one screen about the running program, from its public HTTP addresses. It opens
// no database; additions of a program may.

import type { Environment } from '../config/environment.ts';
import { systemClock } from '../lib/clock.ts';
import { COMMAND_NAME } from '../lib/command-name.ts';
import { CodedError } from '../lib/errors.ts';
import { getText, isHttpUrl } from '../lib/http-get.ts';
import { parsePrometheusText, type Sample } from '../lib/prometheus-text.ts';
import { type Command, command } from './command.ts';
import { flag, option, type Options } from './command-line.ts';
import { complain, print } from './output.ts';
import type { GivenOptions } from './program.ts';

/** The parts of `/readyz` that every program has; a program may add others. */
export interface Readiness {
  readonly status: string;
  readonly components: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
  readonly [own: string]: unknown;
}

/** What a program provides for its `status`. */
export interface StatusView<Status extends { readonly ready: boolean } = { readonly ready: boolean }> {
  /** Describes the content of the screen, in words. */
  readonly shows: string;
  /** The words behind the name of the command line that start the program; empty for its standard program. */
  readonly startWords: string;
  /** What the option `--http` replaces, for its help. */
  readonly defaultUrl: string;
  /** Options that say where the settings are; none if they are in the environment. */
  readonly settingsOptions?: Options;
  /** The address at which the program listens, from the settings. Errors: `settings_invalid`, `usage`. */
  ownUrl(env: Environment, given: GivenOptions): string;
  /** Makes the numbers of the screen from two answers; `nowSeconds` is the clock of the program that answers. */
  statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): Status;
  screenOf(status: Status, url: string): string;
  /** Adds the option `--acknowledge` for programs whose warnings an operator can end. Returns the text to print. */
  readonly acknowledge?: { readonly help: string; run(env: Environment, isJson: boolean): Promise<string> };
}

const PATIENCE_MS = 5000;
/** Shorter than a usual health check of 5 s, which would kill this command. */
const LIFE_PATIENCE_MS = 4000;
const EXIT_NOT = 1;
const EXIT_NO_ANSWER = 2;

/** Makes the command `status` of a program. */
export function statusCommand<S extends { readonly ready: boolean }>(view: StatusView<S>): Command {
  const { acknowledge } = view;
  const own: Options = {
    ...view.settingsOptions,
    ...(acknowledge === undefined ? {} : { acknowledge: flag(acknowledge.help) }),
  };
  return command({
    about: `Shows the running program on one screen: ${view.shows}.`,
    options: {
      ...own,
      http: option('URL', `its address; default ${view.defaultUrl}`),
      live: flag(
        'checks only whether it is alive, as a health check does; exits with 1 also if nothing answers',
      ),
      json: flag('the same as one JSON object'),
    },
    exit: `0 it is ready; 1 it is not, and the screen says why; 2 usage, wrong settings, or nothing answers.${
      acknowledge === undefined
        ? ''
        : ' With --acknowledge: 0 done, also if there was nothing; 1 not done; 2 usage.'
    }`,
    async run({ values }, env) {
      const given: GivenOptions = values;
      if (acknowledge !== undefined && given['acknowledge'] === true) {
        refuseBeside(values.live ? '--live' : values.http === undefined ? null : '--http');
        print(await acknowledge.run(env, values.json));
        return 0;
      }
      const where = placeOf(view, values.http, env, given);
      if (where === null) return values.live ? EXIT_NOT : EXIT_NO_ANSWER;
      return values.live ? showLife(where, values.json) : showStatus(view, where, values.json);
    },
  });
}

function refuseBeside(other: string | null): void {
  if (other === null) return;
  throw new CodedError(
    'usage',
    `--acknowledge changes the database of DB_PATH, and ${other} asks a program: give one of them.`,
  );
}

interface Answer {
  readonly text: string;
  /** The clock of the program, which may run on another machine; this machine's clock if the answer has no date. */
  readonly nowMs: number;
}

/** The address of the program; `isOurs` is true if it comes from the settings. */
interface Place {
  readonly url: string;
  readonly isOurs: boolean;
  /** The command that starts the program. */
  readonly start: string;
}

/** `path` is relative to the address, which may itself be a path of a reverse proxy. */
async function ask({ url, isOurs, start }: Place, path: string, patienceMs = PATIENCE_MS): Promise<Answer> {
  try {
    const { text, date } = await getText(`${url.replace(/\/+$/, '')}/${path}`, patienceMs, isOurs);
    const answeredAtMs = Date.parse(date ?? '');
    return { text, nowMs: Number.isNaN(answeredAtMs) ? systemClock.nowMs() : answeredAtMs };
  } catch (error) {
    throw new CodedError(
      'no_answer',
      `Nothing answers at ${url}: start the program (${start}), or name it with --http URL.`,
      { cause: error },
    );
  }
}

/** The address of the program. Null if the settings do not give it; then this function has printed the error. */
function placeOf<S extends { readonly ready: boolean }>(
  view: StatusView<S>,
  http: string | undefined,
  env: Environment,
  given: GivenOptions,
): Place | null {
  const start = [COMMAND_NAME, view.startWords].join(' ').trim();
  if (http !== undefined) {
    if (isHttpUrl(http)) return { url: http, isOurs: false, start };
    throw new CodedError('usage', '--http: must be a URL that begins with http:// or https://.');
  }
  try {
    return { url: view.ownUrl(env, given), isOurs: true, start };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    complain(`${error.message} [${error.code}]\n`);
    return null;
  }
}

async function showLife(where: Place, isJson: boolean): Promise<number> {
  const live = await ask(where, 'livez', LIFE_PATIENCE_MS).then(saysOk, () => false);
  print(isJson ? `${JSON.stringify({ live })}\n` : `${live ? 'live' : 'NOT live'}: ${where.url}\n`);
  return live ? 0 : EXIT_NOT;
}

async function showStatus<S extends { readonly ready: boolean }>(
  view: StatusView<S>,
  where: Place,
  isJson: boolean,
): Promise<number> {
  const [readiness, metrics] = await Promise.all([ask(where, 'readyz'), ask(where, 'metrics')]);
  const status = view.statusOf(
    decode(readiness.text, where.url),
    parsePrometheusText(metrics.text),
    metrics.nowMs / 1000,
  );
  print(isJson ? `${JSON.stringify(status, null, 2)}\n` : view.screenOf(status, where.url));
  return status.ready ? 0 : EXIT_NOT;
}

function saysOk({ text }: Answer): boolean {
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
}

function decode(text: string, url: string): Readiness {
  try {
    const value = JSON.parse(text) as Readiness;
    if (typeof value.status === 'string' && typeof value.components === 'object') return value;
  } catch {
    // The error below covers this case.
  }
  throw new CodedError('no_answer', `What answers at ${url} is not an aggregator.`);
}
