// Makes the upstreams of the file's values: the first one and the fallbacks, each by `url` or by `rpc_` keys. It tells
// every rule between their keys that is broken.

import { hostPortText, type HttpAddress, shownAddress } from '../../config/address-kinds.ts';
import { type FileValues, type FileValue, type Given, pathAt } from '../../config/file-values.ts';
import type { Findings } from '../../config/settings-file.ts';
import type { FilePlace } from '../../config/yaml-tree.ts';
import type { UpstreamAuth } from '../domain/upstream-auth.ts';
import type { UpstreamConfig } from './config.ts';
import { KEYS } from './keys.ts';
import { type Meaning, NONE } from './meaning.ts';

type Keys = typeof KEYS;

/** What settings are made from. */
export interface Source {
  readonly values: FileValues<Keys>;
  readonly findings: Findings;
  readonly meaning: Meaning;
  /** Makes the path of a file from what the operator wrote. */
  resolvePath(path: string): string;
  canRead(path: string): boolean;
}

/** Two keys that give the same thing are a mistake that names both; the first one given is returned. */
export function oneOfTwo<V>(
  findings: Findings,
  what: string,
  one: Given<V> | undefined,
  other: Given<V> | undefined,
): Given<V> | undefined {
  if (one !== undefined && other !== undefined) givenTwice(findings, what, one, other);
  return one ?? other;
}

function givenTwice(findings: Findings, what: string, one: Given<unknown>, other: Given<unknown>): void {
  const [first, second] = one.place.line <= other.place.line ? [one, other] : [other, one];
  findings.wrong(
    second.place,
    `${second.path} and ${first.path} (line ${first.place.line}) both give ${what}: write one of them`,
  );
}

/** Makes all upstreams. A missing one is told, and made up, so that further mistakes are found. */
export function arrangeUpstreams(source: Source): readonly [UpstreamConfig, ...UpstreamConfig[]] {
  const { values, findings } = source;
  if (values.placeOf('upstream') === undefined) {
    findings.wrong(null, 'upstream: the block is missing: it must name the pool or wallet (name, url)');
  }
  const primary = new UpstreamBlock(source, 'upstream', []);
  const fallbacks = Array.from(
    { length: values.count('upstream.fallbacks') },
    (_, index) => new UpstreamBlock(source, 'upstream.fallbacks[]', [index]),
  );
  requireOwnNames([primary, ...fallbacks], findings);
  return [primary.arrange(), ...fallbacks.map((each) => each.arrange())];
}

function requireOwnNames(blocks: readonly UpstreamBlock[], findings: Findings): void {
  const seen = new Map<string, Given<unknown>>();
  for (const block of blocks) {
    const name = block.get('name');
    if (name === undefined) continue;
    const earlier = seen.get(name.value);
    if (earlier === undefined) seen.set(name.value, name);
    else {
      findings.wrong(
        name.place,
        `${name.path} ${JSON.stringify(name.value)}: ${earlier.path} (line ${earlier.place.line}) is the same, and no two upstreams may have one name`,
      );
    }
  }
}

/** The last words of the keys that every upstream has. */
type Leaf<N = keyof Keys> = N extends `upstream.fallbacks[].${infer L}` ? L : never;

interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly given: Given<unknown>;
}

/** The keys of one upstream. */
class UpstreamBlock {
  readonly #source: Source;
  readonly #block: 'upstream' | 'upstream.fallbacks[]';
  readonly #at: readonly number[];
  readonly #shown: string;

  constructor(source: Source, block: 'upstream' | 'upstream.fallbacks[]', at: readonly number[]) {
    this.#source = source;
    this.#block = block;
    this.#at = at;
    this.#shown = pathAt(block, at);
  }

  get<const L extends Leaf>(leaf: L): Given<FileValue<Keys, `upstream.${L}`>> | undefined {
    // The two blocks have the same keys.
    return this.#source.values.get(`${this.#block}.${leaf}` as `upstream.${L}`, ...this.#at);
  }

  arrange(): UpstreamConfig {
    const { meaning } = this.#source;
    const name = this.get('name');
    if (this.#place() !== undefined) this.#require('name', 'pages, log and metrics show it');
    meaning.tell(`${this.#shown}.name`, name?.value ?? NONE, name);
    const { url, credentials } = this.#address();
    const auth = this.#auth(credentials);
    const mode = this.get('submission_mode');
    meaning.tell(`${this.#shown}.submission_mode`, mode?.value ?? 'pool', mode);
    return { name: name?.value ?? '', url, auth, mode: mode?.value ?? 'pool' };
  }

  #place(): FilePlace | undefined {
    return this.#source.values.placeOf(this.#block, ...this.#at);
  }

  #lacks(leaf: Leaf): boolean {
    return this.#source.values.lacks(`${this.#block}.${leaf}` as 'upstream.url', ...this.#at);
  }

  #require(leaf: Leaf, why: string): void {
    if (!this.#lacks(leaf)) return;
    this.#source.findings.wrong(this.#place(), `${this.#shown}.${leaf}: must be given: ${why}`);
  }

  #address(): { readonly url: string; readonly credentials: Credentials | null } {
    const { findings, meaning } = this.#source;
    const url = this.get('url');
    const [host, port, transport] = [this.get('rpc_host'), this.get('rpc_port'), this.get('rpc_transport')];
    const rpc = [host, port, transport].find((each) => each !== undefined);
    const name = `${this.#shown}.url`;
    if (url !== undefined) {
      if (rpc !== undefined) givenTwice(findings, "the upstream's address", url, rpc);
      meaning.tell(name, shownAddress(url.value.url), url);
      return { url: url.value.url, credentials: credentialsOf(url) };
    }
    if (this.#place() !== undefined) this.#requireAddress();
    const made = `${transport?.value ?? 'http'}://${hostPortText({ host: host?.value ?? '', port: port?.value ?? 0 })}/`;
    meaning.tell(name, made, transport, host, port);
    return { url: made, credentials: null };
  }

  #requireAddress(): void {
    if (!this.#lacks('url')) return;
    const isByRpc = !this.#lacks('rpc_host') || !this.#lacks('rpc_port');
    if (isByRpc) {
      this.#require('rpc_host', 'rpc_port names the port only');
      this.#require('rpc_port', 'rpc_host names the host only');
    } else this.#require('url', 'it is the address of the pool or wallet (or write rpc_host and rpc_port)');
  }

  #auth(inUrl: Credentials | null): UpstreamAuth {
    const { findings, meaning } = this.#source;
    const [token, type] = [this.get('auth_token'), this.get('rpc_auth.type')];
    const login = type === undefined || type.value === 'none' ? undefined : type;
    const [first, second] = [inUrl?.given, login, token].filter((each) => each !== undefined);
    if (first !== undefined && second !== undefined) {
      givenTwice(findings, 'how to log in at the upstream', first, second);
    }
    this.#findUnused(type);
    const name = `${this.#shown}.rpc_auth`;
    if (token !== undefined) {
      meaning.tell(name, 'Bearer with a token (not shown)', token);
      return { type: 'bearer', token: headerText(findings, token) };
    }
    if (inUrl !== null) {
      meaning.tell(name, 'user_pass (not shown)', inUrl.given);
      return { type: 'basic', username: inUrl.username, password: inUrl.password };
    }
    if (login?.value === 'cookie') return this.#cookie(login);
    if (login?.value !== 'user_pass') {
      meaning.tell(name, 'none', type);
      return { type: 'none' };
    }
    this.#require('rpc_auth.username', 'rpc_auth.type is user_pass');
    this.#require('rpc_auth.password', 'rpc_auth.type is user_pass');
    const [username, password] = [this.get('rpc_auth.username'), this.get('rpc_auth.password')];
    meaning.tell(name, `user_pass, user ${username?.value ?? ''} (password not shown)`, login);
    return { type: 'basic', username: username?.value ?? '', password: password?.value ?? '' };
  }

  #cookie(login: Given<unknown>): UpstreamAuth {
    const { findings, meaning, resolvePath, canRead } = this.#source;
    this.#require('rpc_auth.cookie_path', 'rpc_auth.type is cookie');
    const given = this.get('rpc_auth.cookie_path');
    const path = given === undefined ? '' : resolvePath(given.value);
    if (given !== undefined && !canRead(path)) {
      const sentence = `${given.path} ${JSON.stringify(path)}: no file that this user may read is there now`;
      findings.warn(given.place, sentence);
    }
    meaning.tell(`${this.#shown}.rpc_auth`, `cookie, file ${path}`, login, given);
    return { type: 'cookie', path };
  }

  /** Keys of `rpc_auth` that its type does not use. */
  #findUnused(type: Given<'none' | 'user_pass' | 'cookie'> | undefined): void {
    const used: Readonly<Record<string, readonly string[]>> = {
      user_pass: ['rpc_auth.username', 'rpc_auth.password'],
      cookie: ['rpc_auth.cookie_path'],
    };
    for (const leaf of ['rpc_auth.username', 'rpc_auth.password', 'rpc_auth.cookie_path'] as const) {
      const given = this.get(leaf);
      if (given === undefined || used[type?.value ?? 'none']?.includes(leaf) === true) continue;
      if (type !== undefined) {
        const sentence = `${given.path}: not used, because ${type.path} (line ${type.place.line}) is ${type.value}`;
        this.#source.findings.warn(given.place, sentence);
      } else if (this.#lacks('rpc_auth.type')) {
        this.#source.findings.wrong(
          given.place,
          `${given.path}: ${this.#shown}.rpc_auth.type must be given with it: allowed is ${KEYS['upstream.rpc_auth.type'].kind.allowed}`,
        );
      }
    }
  }
}

function credentialsOf(given: Given<HttpAddress>): Credentials | null {
  const { username, password } = given.value;
  return username === null || password === null ? null : { username, password, given };
}

/** The text as an HTTP header takes it: each byte of its UTF-8 as one character. */
function headerText(findings: Findings, token: Given<string>): string {
  if (!/^[\x21-\x7e]+$/.test(token.value)) {
    findings.warn(
      token.place,
      `${token.path} (not shown): has characters beyond ASCII, which few upstreams take`,
    );
  }
  return Buffer.from(token.value).toString('latin1');
}
