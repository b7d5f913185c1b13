// Makes the settings of the file's values, and tells every rule between keys that is broken (docs/mining.md,
// Configuration). A rule never repairs a value.

import { type HostPort, hostPortText } from '../../config/address-kinds.ts';
import type { Given } from '../../config/file-values.ts';
import { ownPath } from '../../lib/real-path.ts';
import type { UpstreamOrder } from '../domain/choose-upstream.ts';
import { arrangeAlarms } from './arrange-alarms.ts';
import { arrangeUpstreams, oneOfTwo, type Source } from './arrange-upstreams.ts';
import type { MiningConfig, UpstreamConfig } from './config.ts';
import { KEYS } from './keys.ts';
import { arrangeLogging, type LogVariables } from './logging.ts';
import { NONE } from './meaning.ts';

/** Makes the settings. If a mistake is told, they have made-up values in its place. */
export function arrangeConfig(source: Source, variables: LogVariables): MiningConfig {
  const { values, findings, meaning } = source;
  const given = oneOfTwo(
    findings,
    'where miners connect',
    values.get('listen_address'),
    values.get('server.listen_address'),
  );
  const listen = given?.value ?? KEYS.listen_address.unset;
  meaning.tell('listen_address', hostPortText(listen), given);
  const blockTimeSecs = arrangeBlockTime(source);
  const verify = values.get('verify');
  meaning.tell('verify', verify?.value ?? KEYS.verify.unset, verify);
  const auth = arrangeAuth(source);
  const tls = arrangeTls(source);
  const trustedProxies = arrangeProxies(source);
  const upstreams = arrangeUpstreams(source);
  warnOfLoop(source, listen, upstreams);
  const choose = arrangeChoice(source);
  return {
    listen,
    listenKey: given?.path === 'server.listen_address' ? 'server.listen_address' : 'listen_address',
    auth,
    tls,
    trustedProxies,
    blockTimeSecs,
    upstreams,
    choose,
    verify: verify?.value ?? KEYS.verify.unset,
    cache: arrangeCache(source),
    database: arrangeDatabase(source),
    dashboard: arrangeDashboard(source, listen),
    logging: arrangeLogging(source, variables),
    ...arrangeAlarms(source),
  };
}

function arrangeBlockTime({ values, findings, meaning }: Source): number {
  const given = oneOfTwo(
    findings,
    'the block time',
    values.get('block_time_secs'),
    values.get('upstream.block_time_secs'),
  );
  const seconds = given?.value ?? KEYS.block_time_secs.unset;
  for (let index = 0; index < values.count('upstream.fallbacks'); index++) {
    const other = values.get('upstream.fallbacks[].block_time_secs', index);
    if (other === undefined || other.value === seconds) continue;
    const where = given === undefined ? 'the default' : `${given.path} (line ${given.place.line})`;
    const sentence = `${other.path} ${other.value}: ${where} is ${seconds}, and all upstreams have one block time`;
    findings.wrong(other.place, sentence);
  }
  meaning.tell('block_time_secs', seconds, given);
  return seconds;
}

function arrangeAuth({ values, findings, meaning }: Source): MiningConfig['auth'] {
  const [enabled, username, password] = [
    values.get('server.auth.enabled'),
    values.get('server.auth.basic_auth.username'),
    values.get('server.auth.basic_auth.password'),
  ];
  meaning.tell('server.auth.enabled', enabled?.value ?? false, enabled);
  if (enabled?.value !== true) {
    const forgotten = username ?? password;
    if (forgotten !== undefined && values.lacks('server.auth.enabled')) {
      const sentence = `${forgotten.path}: not used, because server.auth.enabled is not given: miners need no login`;
      findings.warn(forgotten.place, sentence);
    }
    return null;
  }
  for (const name of ['server.auth.basic_auth.username', 'server.auth.basic_auth.password'] as const) {
    if (values.lacks(name)) {
      findings.wrong(enabled.place, `${name}: must be given: server.auth.enabled is true`);
    }
  }
  meaning.tell('server.auth.basic_auth.username', username?.value ?? NONE, username);
  meaning.tell('server.auth.basic_auth.password', null, password);
  return { username: username?.value ?? '', password: password?.value ?? '' };
}

function arrangeTls({ values, findings, meaning, resolvePath, canRead }: Source): MiningConfig['tls'] {
  const [cert, key] = [values.get('server.tls.cert'), values.get('server.tls.key')];
  const place = values.placeOf('server.tls');
  if (place !== undefined) {
    for (const name of ['server.tls.cert', 'server.tls.key'] as const) {
      if (values.lacks(name)) findings.wrong(place, `${name}: must be given with server.tls`);
    }
  }
  const pathOf = (given: Given<string> | undefined) => {
    if (given === undefined) return '';
    const path = resolvePath(given.value);
    if (!canRead(path)) {
      findings.wrong(
        given.place,
        `${given.path} ${JSON.stringify(path)}: no file that this user may read is there`,
      );
    }
    return path;
  };
  const [certFile, keyFile] = [pathOf(cert), pathOf(key)];
  meaning.tell('server.tls.cert', cert === undefined ? NONE : certFile, cert);
  meaning.tell('server.tls.key', key === undefined ? NONE : keyFile, key);
  return place === undefined ? null : { certFile, keyFile };
}

function arrangeProxies({ values, meaning }: Source): readonly string[] {
  const given = Array.from({ length: values.count('server.trusted_proxies') }, (_, index) =>
    values.get('server.trusted_proxies[]', index),
  ).filter((each) => each !== undefined);
  const proxies = given.map(({ value }) => value);
  meaning.tell('server.trusted_proxies', proxies.join(', ') || NONE, given[0]);
  return proxies;
}

/** The addresses at which a program of this machine reaches itself. */
const OWN = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|\[::\])$/;

function warnOfLoop(
  { values, findings }: Source,
  listen: HostPort,
  upstreams: readonly UpstreamConfig[],
): void {
  for (const [index, { name, url }] of upstreams.entries()) {
    if (!URL.canParse(url)) continue;
    const { hostname, port, protocol } = new URL(url);
    const reached = Number(port || (protocol === 'https:' ? 443 : 80));
    if (reached !== listen.port || (!OWN.test(hostname) && hostname !== listen.host)) continue;
    const place =
      index === 0 ? values.placeOf('upstream') : values.placeOf('upstream.fallbacks[]', index - 1);
    const sentence = `upstream ${JSON.stringify(name)} is at port ${reached} of this machine, where miners connect: the aggregator would ask itself`;
    findings.warn(place, sentence);
  }
}

function arrangeChoice({ values, findings, meaning }: Source): UpstreamOrder {
  const given = oneOfTwo(
    findings,
    'how an upstream is chosen',
    values.get('upstream.choose'),
    values.get('choose'),
  );
  meaning.tell('upstream.choose', given?.value ?? KEYS.choose.unset, given);
  if (given !== undefined && values.count('upstream.fallbacks') === 0) {
    findings.warn(given.place, `${given.path}: not used, because there are no upstream.fallbacks`);
  }
  return given?.value ?? KEYS.choose.unset;
}

function arrangeCache({ values, meaning }: Source): MiningConfig['cache'] {
  const [ttl, timeout] = [values.get('cache.mining_info_ttl_secs'), values.get('cache.pool_timeout_secs')];
  const ttlSecs = ttl?.value ?? KEYS['cache.mining_info_ttl_secs'].unset;
  const timeoutSecs = timeout?.value ?? KEYS['cache.pool_timeout_secs'].unset;
  meaning.tell('cache.mining_info_ttl_secs', ttlSecs, ttl);
  meaning.tell('cache.pool_timeout_secs', timeoutSecs, timeout);
  return { informationTtlMs: ttlSecs * 1000, requestTimeoutMs: timeoutSecs * 1000 };
}

function arrangeDatabase({ values, meaning, resolvePath }: Source): MiningConfig['database'] {
  const [given, days] = [values.get('database.path'), values.get('database.retention_days')];
  const written = resolvePath(given?.value ?? KEYS['database.path'].unset);
  const path = ownPath(written);
  const retentionDays = days?.value ?? KEYS['database.retention_days'].unset;
  meaning.tell('database.path', path === written ? path : `${written}, which leads to ${path}`, given);
  meaning.tell('database.retention_days', retentionDays === 0 ? '0 (for ever)' : retentionDays, days);
  return { path, link: path === written ? null : written, retentionDays };
}

function arrangeDashboard(
  { values, findings, meaning }: Source,
  miners: HostPort,
): MiningConfig['dashboard'] {
  const [enabled, address] = [values.get('dashboard.enabled'), values.get('dashboard.listen_address')];
  const place = values.placeOf('dashboard');
  const isOn = place !== undefined && (enabled?.value ?? KEYS['dashboard.enabled'].unset);
  if (place !== undefined && enabled === undefined) {
    meaning.tellFrom('dashboard.enabled', 'true', `line ${place.line}, the block dashboard`);
  } else meaning.tell('dashboard.enabled', isOn, enabled);
  if (!isOn) return null;
  const listen = address?.value ?? KEYS['dashboard.listen_address'].unset;
  meaning.tell('dashboard.listen_address', hostPortText(listen), address);
  const isEvery = [listen.host, miners.host].some((host) => host === '0.0.0.0' || host === '::');
  if (listen.port === miners.port && (isEvery || listen.host === miners.host)) {
    const sentence = `dashboard.listen_address ${hostPortText(listen)}: miners connect at ${hostPortText(miners)}: give another port`;
    findings.wrong(address?.place ?? place, sentence);
  }
  return { listen };
}
