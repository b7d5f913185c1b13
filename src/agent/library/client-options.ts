// Reads the options of a client, and refuses wrong ones with a sentence that names the option and never its value.

import { environment } from '../../config/environment.ts';
import { natsUrls } from '../../config/nats-urls.ts';
import { isApiKey } from '../../federation/domain/message-signature.ts';
import { holdsPersonalData } from '../../federation/domain/privacy.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { type PublicJwk, publicJwk } from '../../lib/ed25519.ts';
import { isObject } from '../../lib/is-object.ts';
import { isSalt } from '../domain/id-hash.ts';
import { type FederationClientOptions, FederationError } from './types.ts';

/** Options that were checked. */
export interface ClientSettings {
  readonly nats: NatsOptions;
  readonly name: string;
  readonly nodeId: string | null;
  readonly salt: string | null;
  readonly rate: number | null;
  readonly apiKey: string | null;
  readonly statsKey: PublicJwk | null;
  readonly statePath: string | null;
  readonly queueMax: number;
}

const DEFAULT_SERVER = 'nats://127.0.0.1:4222';
const DEFAULT_NAME = 'truebit-monitor';
const DEFAULT_QUEUE_MESSAGES = 10_000;
const NODE_ID = /^[A-Za-z0-9_-]{4,64}$/;
const NAME = /^[\x20-\x7e]{1,64}$/;
const KEY_X = /^[A-Za-z0-9_-]{43}$/;
const RATE_LIMIT = 1_000_000;
const QUEUE_LIMIT = 1_000_000;

/** Checks the options. Throws a {@link FederationError} `invalid_option`. */
export function readClientOptions(options: FederationClientOptions): ClientSettings {
  return {
    nats: natsOptionsOf(options),
    name: textOption(options, 'name', isName, '1 to 64 printable characters') ?? DEFAULT_NAME,
    nodeId: textOption(options, 'nodeId', isNodeId, '4 to 64 letters, digits, _ and -, and no address'),
    salt: textOption(options, 'salt', isSalt, '64 hex digits'),
    rate: numberOption(options, 'maxMessagesPerMinute', RATE_LIMIT),
    apiKey: textOption(options, 'apiKey', isApiKey, '43 letters, digits, - and _'),
    statsKey: statsKeyOf(options.statsKey),
    statePath: textOption(options, 'statePath', (path) => path !== '', 'the path of a file'),
    queueMax: numberOption(options, 'queueMax', QUEUE_LIMIT) ?? DEFAULT_QUEUE_MESSAGES,
  };
}

function natsOptionsOf(options: FederationClientOptions): NatsOptions {
  const { servers } = options;
  const list = typeof servers === 'string' ? [servers] : (servers ?? []);
  const given = list.length > 0 ? list.join(',') : environment()['FEDERATION_NATS_URL'];
  const addresses = natsUrls.parse(given === undefined || given === '' ? DEFAULT_SERVER : given);
  if (addresses === undefined) throw wrong('servers', natsUrls.allowed);
  const anyText = (name: 'user' | 'pass' | 'token' | 'tlsCa' | 'tlsCert' | 'tlsKey') =>
    textOption(options, name, () => true, 'a text');
  const [user, password] = [anyText('user'), anyText('pass')];
  const hasLogin = user !== null && password !== null && user !== '' && password !== '';
  const certificate = anyText('tlsCert');
  const key = anyText('tlsKey');
  const hasCertificate = certificate !== null && key !== null;
  return {
    servers: addresses.urls,
    user: hasLogin ? user : addresses.user,
    password: hasLogin ? password : addresses.password,
    token: emptyIsNone(anyText('token')) ?? addresses.token,
    credsFile: null,
    caFile: emptyIsNone(anyText('tlsCa')),
    certFile: hasCertificate ? certificate : null,
    keyFile: hasCertificate ? key : null,
    inboxPrefix: null,
  };
}

function statsKeyOf(given: unknown): PublicJwk | null {
  const value = typeof given === 'string' && given.trimStart().startsWith('{') ? parse(given) : given;
  if (value === undefined || value === null || value === '') return null;
  const x = isObject(value) && value['kty'] === 'OKP' && value['crv'] === 'Ed25519' ? value['x'] : value;
  if (typeof x !== 'string' || !KEY_X.test(x)) throw wrong('statsKey', 'an Ed25519 JWK, or its x');
  return publicJwk(x);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The text of an option; null if it is absent. An empty text of a secret or an id is a mistake, not an absent one. */
function textOption(
  options: FederationClientOptions,
  name: keyof FederationClientOptions,
  isRight: (text: string) => boolean,
  allowed: string,
): string | null {
  const value: unknown = options[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || !isRight(value)) throw wrong(name, allowed);
  return value;
}

function numberOption(
  options: FederationClientOptions,
  name: keyof FederationClientOptions,
  limit: number,
): number | null {
  const value: unknown = options[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > limit) {
    throw wrong(name, `a whole number from 1 to ${limit}`);
  }
  return value;
}

function isNodeId(text: string): boolean {
  return NODE_ID.test(text) && !holdsPersonalData(text);
}

function isName(text: string): boolean {
  return NAME.test(text) && !holdsPersonalData(text);
}

function emptyIsNone(text: string | null): string | null {
  return text === '' ? null : text;
}

function wrong(name: string, allowed: string): FederationError {
  return new FederationError('invalid_option', `FederationClient: the option ${name} must be ${allowed}.`);
}
