// The options of `aggregator loadtest`: their names, their help texts, and their values, decoded once.

import { type CommandLine, flag, option, optionWithDefault } from '../../cli/command-line.ts';
import { CodedError } from '../../lib/errors.ts';
import { ownBrokerUrls, ownHttpUrl } from '../config/own-urls.ts';
import type { Environment } from './options.ts';
import { readNumber, readQuantity } from '../../cli/number-option.ts';
import { monitorSetting, OPTIONS, SECONDS, toUrl } from './options.ts';
import { hostsNotAllowed } from './own-hosts.ts';
import { profileName, type ProfileName, PROFILES } from './profiles.ts';

/** What one load test does, and with which servers. */
export interface LoadOptions {
  readonly profile: ProfileName;
  readonly nodes: number;
  /** Messages per node and minute. */
  readonly ratePerMinute: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly hasLongCut: boolean;
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly httpUrl: string;
  /** True if `httpUrl` was made from this machine's settings. */
  readonly isHttpOurs: boolean;
  /** File with the API key that signs every message. */
  readonly keyFile: string | null;
  /** File with a key that is bound to a node of which nothing is sent. */
  readonly foreignKeyFile: string | null;
  readonly reportFolder: string | null;
  /** Other machines that may be loaded. */
  readonly allowedHosts: readonly string[];
  readonly restartCommand: string | null;
  readonly patienceMs: number;
  readonly isJson: boolean;
}

/**
 * Maximum number of nodes, each with a connection of its own: from one machine to one broker there are some 28,000
 * ports.
 */
const LOAD_NODES_MAX = 20_000;

/** The options of `aggregator loadtest`. */
export const LOAD_OPTIONS = {
  profile: optionWithDefault('NAME', 'what happens, see below', 'steady'),
  nodes: optionWithDefault('N', 'simulated nodes, each with a connection of its own', '100'),
  rate: optionWithDefault('R', 'messages per node and minute', '30'),
  duration: OPTIONS.duration,
  seed: optionWithDefault('K', 'decides the shape of the run; ids are new in every run', '1'),
  nats: OPTIONS.nats,
  user: OPTIONS.user,
  password: OPTIONS.password,
  http: OPTIONS.http,
  key: option('FILE', 'file with an API key that signs every message; its own rate must allow them all'),
  'foreign-key': option(
    'FILE',
    'malformed: file with a key that is bound to a node, for the reason wrong_node',
  ),
  report: option('DIR', 'write a report as JSON and as Markdown into this folder'),
  'yes-load': option('HOST', 'allow load on this other machine, several with commas'),
  'restart-command': option('CMD', 'broker-restart: the shell command that restarts the broker'),
  'long-cut': flag('reconnect-storm: a fourth cut, after which the broker stays away for 60 s'),
  patience: OPTIONS.patience,
  json: OPTIONS.json,
};

type Given = CommandLine<typeof LOAD_OPTIONS>['values'];

function profileOf(given: string): ProfileName {
  const name = profileName(given);
  if (name !== null) return name;
  throw new CodedError('usage', `--profile: must be one of ${Object.keys(PROFILES).join(', ')}.`);
}

/** An option that belongs to one profile. */
function requireProfile(isGiven: boolean, name: string, profile: string, wanted: string): void {
  if (isGiven && profile !== wanted)
    throw new CodedError('usage', `--${name}: only for --profile ${wanted}.`);
}

function serversOf({ nats }: Given, env: Environment): readonly string[] {
  return nats === undefined
    ? ownBrokerUrls(env).map((server) => toUrl('NATS_URL', server, ['nats', 'tls']))
    : nats.split(',').map((server) => toUrl('--nats', server.trim(), ['nats', 'tls']));
}

/**
 * Decodes the options; `ownAddresses` are those of this machine. Throws CodedError `usage` or `settings_invalid`.
 */
export function readLoadOptions(
  { values }: CommandLine<typeof LOAD_OPTIONS>,
  env: Environment,
  ownAddresses: ReadonlySet<string>,
): LoadOptions {
  const profile = profileOf(values.profile);
  const restartCommand = values['restart-command'] ?? null;
  requireProfile(restartCommand !== null, 'restart-command', profile, 'broker-restart');
  requireProfile(values['long-cut'], 'long-cut', profile, 'reconnect-storm');
  requireProfile(values['foreign-key'] !== undefined, 'foreign-key', profile, 'malformed');
  const servers = serversOf(values, env);
  const httpUrl =
    values.http === undefined ? ownHttpUrl(env) : toUrl('--http', values.http, ['http', 'https']);
  const allowed = (values['yes-load'] ?? '').split(',').flatMap((host) => host.trim() || []);
  const [foreign] = hostsNotAllowed([...servers, httpUrl], allowed, ownAddresses);
  if (foreign !== undefined) {
    const remedy = `give --yes-load ${foreign} if the load on it is allowed`;
    throw new CodedError('usage', `${foreign} is not this machine: ${remedy}.`);
  }
  const number = (name: 'nodes' | 'rate' | 'seed', min: number, max: number) =>
    readNumber(name, values[name], { min, max, isWhole: name !== 'rate' });
  return {
    profile,
    nodes: number('nodes', 1, LOAD_NODES_MAX),
    ratePerMinute: number('rate', 1, 100_000),
    durationMs: readQuantity('duration', values.duration, SECONDS) * 1000,
    seed: number('seed', 0, 0xffff_ffff),
    hasLongCut: values['long-cut'],
    servers,
    user: values.user ?? monitorSetting(env, 'FEDERATION_NATS_USER'),
    password: values.password ?? monitorSetting(env, 'FEDERATION_NATS_PASSWORD'),
    httpUrl,
    isHttpOurs: values.http === undefined,
    keyFile: values.key ?? null,
    foreignKeyFile: values['foreign-key'] ?? null,
    reportFolder: values.report ?? null,
    allowedHosts: allowed,
    restartCommand,
    patienceMs: readQuantity('patience', values.patience, SECONDS) * 1000,
    isJson: values.json,
  };
}

/** The command line that repeats a run. It has no password. */
export function commandLineOf(options: LoadOptions): string {
  const words = ['./aggregator', 'loadtest', '--profile', options.profile];
  const add = (name: string, value: number | string | null): void => {
    if (value !== null) words.push(`--${name}`, quoted(String(value)));
  };
  add('nodes', options.nodes);
  add('rate', options.ratePerMinute);
  add('duration', options.durationMs / 1000);
  add('seed', options.seed);
  add('nats', options.servers.map(withoutLogin).join(','));
  add('user', options.user);
  add('http', withoutLogin(options.httpUrl));
  if (options.allowedHosts.length > 0) add('yes-load', options.allowedHosts.join(','));
  add('key', options.keyFile);
  add('foreign-key', options.foreignKeyFile);
  add('restart-command', options.restartCommand);
  if (options.hasLongCut) words.push('--long-cut');
  return words.join(' ');
}

/** The URL without a user and a password. */
function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
