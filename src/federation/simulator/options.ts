// The options of `aggregator simulate`: their names, their help texts, and their values, decoded once.

import { ownBrokerUrls, ownHttpUrl } from '../config/own-urls.ts';
import { slipIn } from '../../config/slips.ts';
import { type CommandLine, flag, option, optionWithDefault } from '../../cli/command-line.ts';
import { readNumber, readQuantity } from '../../cli/number-option.ts';
import { CodedError } from '../../lib/errors.ts';

/** What one run of the simulator does, and with which servers. */
export interface SimulationOptions {
  readonly nodes: number;
  /** Messages per node and minute. */
  readonly ratePerMinute: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly duplicates: number;
  readonly disagree: number;
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly httpUrl: string;
  /** True if `httpUrl` was made from this machine's settings. */
  readonly isHttpOurs: boolean;
  readonly patienceMs: number;
  /** True if the result is printed as JSON. */
  readonly isJson: boolean;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The options of `aggregator simulate`. */
export const OPTIONS = {
  nodes: optionWithDefault('N', 'simulated monitors', '100'),
  rate: optionWithDefault('N', 'messages per node and minute', '30'),
  duration: optionWithDefault('TIME', 'how long it sends, such as 30s or 5m; a bare number is seconds', '60'),
  seed: optionWithDefault('N', 'decides the shape of the run; ids are new in every run', '1'),
  duplicates: optionWithDefault('P', 'fraction of messages that are sent twice, 0 to 1', '0'),
  disagree: optionWithDefault('P', 'fraction of reports that contradict others, 0 to 1', '0'),
  nats: option(
    'URL',
    'the broker, several with commas; default NATS_URL, else EMBEDDED_NATS_HOST and EMBEDDED_NATS_PORT, else nats://127.0.0.1:4222',
  ),
  user: option('NAME', 'broker user; default FEDERATION_NATS_USER'),
  password: option('TEXT', 'broker password; default FEDERATION_NATS_PASSWORD'),
  http: option('URL', 'the aggregator; default HTTP_HOST and HTTP_PORT, else http://127.0.0.1:8080'),
  patience: optionWithDefault(
    'TIME',
    'how long to wait for a publication, above PUBLISH_INTERVAL; a bare number is seconds',
    '45',
  ),
  json: flag('print the result as one JSON object, and progress to standard error'),
};

type NumberName = 'nodes' | 'rate' | 'seed' | 'duplicates' | 'disagree';

/** How long a run and its waiting may take. */
export const SECONDS = { unit: 'seconds', min: 1, max: 86_400, hasDecimals: true } as const;

/** A URL with one of these schemes; throws CodedError `usage`. */
export function toUrl(name: string, value: string, schemes: readonly string[]): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url !== null && schemes.includes(url.protocol.slice(0, -1))) return value;
  throw new CodedError('usage', `${name}: must be a URL that begins with ${schemes.join(':// or ')}://.`);
}

/**
 * A monitor's setting, read like the aggregator's own: trimmed, empty means unset, and no quotes. Errors:
 * `settings_invalid`.
 */
export function monitorSetting(env: Environment, name: string): string | null {
  const value = (env[name] ?? '').trim();
  if (value === '') return null;
  const slip = slipIn(name, value, 'free');
  if (slip !== undefined) throw new CodedError('settings_invalid', `${name} (not shown): ${slip}`);
  return value;
}

/** Throws CodedError `usage` or `settings_invalid`. */
export function readOptions({ values }: CommandLine<typeof OPTIONS>, env: Environment): SimulationOptions {
  const number = (name: NumberName, min: number, max: number, isWhole: boolean): number =>
    readNumber(name, values[name], { min, max, isWhole });
  const servers =
    values.nats === undefined
      ? ownBrokerUrls(env).map((server) => toUrl('NATS_URL', server, ['nats', 'tls']))
      : values.nats.split(',').map((server) => toUrl('--nats', server.trim(), ['nats', 'tls']));
  return {
    nodes: number('nodes', 1, 1_000_000, true),
    ratePerMinute: number('rate', 1, 100_000, false),
    durationMs: readQuantity('duration', values.duration, SECONDS) * 1000,
    seed: number('seed', 0, 0xffff_ffff, true),
    duplicates: number('duplicates', 0, 1, false),
    disagree: number('disagree', 0, 1, false),
    servers,
    user: values.user ?? monitorSetting(env, 'FEDERATION_NATS_USER'),
    password: values.password ?? monitorSetting(env, 'FEDERATION_NATS_PASSWORD'),
    httpUrl: values.http === undefined ? ownHttpUrl(env) : toUrl('--http', values.http, ['http', 'https']),
    isHttpOurs: values.http === undefined,
    patienceMs: readQuantity('patience', values.patience, SECONDS) * 1000,
    isJson: values.json,
  };
}
