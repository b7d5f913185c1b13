// Says which settings differ between two readings of the file: those that can change while the program runs, and those
// that need a restart. It changes nothing.

import type { MiningConfig } from './config.ts';

/** The names of the keys that differ, in the order of the documentation. */
export interface ConfigChange {
  /** These hold at once. */
  readonly now: readonly string[];
  /** These stay as they were until the program starts again. */
  readonly restart: readonly string[];
}

type Part = readonly [name: string, when: keyof ConfigChange, part: (config: MiningConfig) => unknown];

const PARTS: readonly Part[] = [
  ['listen_address', 'restart', ({ listen }) => listen],
  ['block_time_secs', 'restart', ({ blockTimeSecs }) => blockTimeSecs],
  ['verify', 'now', ({ verify }) => verify],
  ['server.auth', 'now', ({ auth }) => auth],
  ['server.tls', 'restart', ({ tls }) => tls],
  ['server.trusted_proxies', 'restart', ({ trustedProxies }) => trustedProxies],
  ['upstream.name', 'restart', ({ upstreams: [first] }) => first.name],
  ['upstream.url', 'restart', ({ upstreams: [first] }) => first.url],
  ['upstream.rpc_auth', 'now', ({ upstreams: [first] }) => first.auth],
  ['upstream.submission_mode', 'restart', ({ upstreams: [first] }) => first.mode],
  ['upstream.choose', 'restart', ({ choose }) => choose],
  ['upstream.fallbacks', 'now', ({ upstreams }) => upstreams.slice(1)],
  ['cache.mining_info_ttl_secs', 'restart', ({ cache }) => cache.informationTtlMs],
  ['cache.pool_timeout_secs', 'restart', ({ cache }) => cache.requestTimeoutMs],
  ['database.path', 'restart', ({ database }) => database.path],
  ['database.retention_days', 'restart', ({ database }) => database.retentionDays],
  ['dashboard', 'restart', ({ dashboard }) => dashboard],
  ['logging', 'now', ({ logging }) => logging],
  ['alarms.webhook', 'now', ({ webhook }) => webhook],
  ['alarms.receivers', 'now', ({ receivers }) => receivers],
];

/** Compares two readings. */
export function compare(before: MiningConfig, after: MiningConfig): ConfigChange {
  const changed = PARTS.filter(([, , part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after)));
  const whenOf = ([name, when]: Part) =>
    name === 'upstream.fallbacks' && !mayTake(before, after) ? 'restart' : when;
  const namesOf = (when: keyof ConfigChange) =>
    changed.filter((part) => whenOf(part) === when).map(([name]) => name);
  return { now: namesOf('now'), restart: namesOf('restart') };
}

/** False if a new fallback has the name of the first upstream that still runs: no two may have one name. */
function mayTake(
  { upstreams: [first] }: MiningConfig,
  { upstreams: [, ...fallbacks] }: MiningConfig,
): boolean {
  return fallbacks.every(({ name }) => name !== first.name);
}

/** The settings that hold after a reading while the program runs: `before`, with what may change at once. */
export function applied(before: MiningConfig, after: MiningConfig): MiningConfig {
  const [first, ...fallbacks] = before.upstreams;
  const [nextFirst, ...nextFallbacks] = after.upstreams;
  return {
    ...before,
    verify: after.verify,
    auth: after.auth,
    upstreams: [{ ...first, auth: nextFirst.auth }, ...(mayTake(before, after) ? nextFallbacks : fallbacks)],
    logging: after.logging,
    webhook: after.webhook,
    receivers: after.receivers,
  };
}
