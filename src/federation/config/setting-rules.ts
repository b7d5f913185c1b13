// The rules between settings (README.md#settings). A rule never repairs a value: it reports the mistake.

import { shownValue } from '../../config/definition.ts';
import type { Machine } from '../../config/environment.ts';
import type { BrokenRule as Rule } from '../../config/read-settings.ts';
import { DEFINITIONS, type SettingName, type SettingValues } from './setting-table.ts';
import { DAY_MS } from '../../lib/durations.ts';

type BrokenRule = Rule<SettingName>;

/** Returns every rule that the values break. */
export function brokenRules(values: SettingValues, machine: Pick<Machine, 'canRead'>): readonly BrokenRule[] {
  return [
    ...mustRise(values, 'STALE_AFTER', 'OFFLINE_AFTER'),
    ...mustRise(values, 'OFFLINE_AFTER', 'FORGET_AFTER'),
    ...retention(values),
    ...burst(values),
    ...broker(values),
    ...cluster(values),
    ...credentials(values),
    ...pairs(values),
    ...files(values, machine),
  ];
}

type LifecycleName = 'STALE_AFTER' | 'OFFLINE_AFTER' | 'FORGET_AFTER';

function mustRise(values: SettingValues, lower: LifecycleName, upper: LifecycleName): readonly BrokenRule[] {
  if (values[lower] < values[upper]) return [];
  const sentence = `${upper} ${values[upper]}: allowed is more than ${lower} ${values[lower]}`;
  return [{ names: [lower, upper], sentence }];
}

function retention(values: SettingValues): readonly BrokenRule[] {
  const { RETENTION_DAYS: days, STREAM_MAX_AGE: maxAgeMs } = values;
  if (days === 0 || maxAgeMs < days * DAY_MS) return [];
  const sentence =
    `STREAM_MAX_AGE ${maxAgeMs}: allowed is less than the ${days * DAY_MS} ms of RETENTION_DAYS ${days}, ` +
    'or messages read again could count twice';
  return [{ names: ['RETENTION_DAYS', 'STREAM_MAX_AGE'], sentence }];
}

function burst(values: SettingValues): readonly BrokenRule[] {
  if (values.RATE_LIMIT_PER_MINUTE === 0 || values.RATE_LIMIT_BURST > 0) return [];
  const sentence =
    'RATE_LIMIT_BURST 0: allowed is at least 1 while RATE_LIMIT_PER_MINUTE is not 0, or no message could pass';
  return [{ names: ['RATE_LIMIT_BURST', 'RATE_LIMIT_PER_MINUTE'], sentence }];
}

function broker(values: SettingValues): readonly BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (values.NATS_URL !== null && values.EMBEDDED_NATS === 'on') {
    const sentence = 'EMBEDDED_NATS "on": allowed is `auto` or `off` while NATS_URL is set';
    broken.push({ names: ['NATS_URL', 'EMBEDDED_NATS'], sentence });
  }
  if (values.NATS_URL !== null || values.EMBEDDED_NATS === 'off') return broken;
  const { EMBEDDED_NATS_PORT: port, EMBEDDED_NATS_WS_PORT: wsPort, HTTP_PORT: httpPort } = values;
  if (port === wsPort) {
    const sentence = `EMBEDDED_NATS_WS_PORT ${wsPort}: allowed is another port than EMBEDDED_NATS_PORT`;
    broken.push({ names: ['EMBEDDED_NATS_PORT', 'EMBEDDED_NATS_WS_PORT'], sentence });
  }
  // With `auto` the embedded broker may never start, so the ports clash for certain only with `on`.
  if (values.EMBEDDED_NATS === 'on' && httpPort !== 0 && (httpPort === port || httpPort === wsPort)) {
    const sentence = `HTTP_PORT ${httpPort}: allowed is another port than those of the embedded broker`;
    broken.push({ names: ['HTTP_PORT', 'EMBEDDED_NATS_PORT', 'EMBEDDED_NATS_WS_PORT'], sentence });
  }
  return broken;
}

/** The shortest interval of statistics in a cluster, in ms. */
const CLUSTER_INTERVAL_MIN_MS = 1_000;

/** A broker that a process starts for itself ends with it, so a cluster has brokers of its own. */
function cluster(values: SettingValues): readonly BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (values.CLUSTER !== null && values.NATS_URL === null) {
    const sentence =
      'NATS_URL unset: allowed are the addresses of the brokers of the cluster while CLUSTER is set';
    broken.push({ names: ['NATS_URL', 'CLUSTER'], sentence });
  }
  if (values.CLUSTER !== null && values.INGEST_MODE !== 'auto') {
    const sentence = `INGEST_MODE "${values.INGEST_MODE}": allowed is \`auto\` while CLUSTER is set, because a replica reads its log`;
    broken.push({ names: ['INGEST_MODE', 'CLUSTER'], sentence });
  }
  if (values.CLUSTER !== null && values.PUBLISH_INTERVAL < CLUSTER_INTERVAL_MIN_MS) {
    const sentence = `PUBLISH_INTERVAL ${values.PUBLISH_INTERVAL}: allowed is at least ${CLUSTER_INTERVAL_MIN_MS} while CLUSTER is set, because a tick asks every replica`;
    broken.push({ names: ['PUBLISH_INTERVAL', 'CLUSTER'], sentence });
  }
  if (values.CLUSTER === null && values.SPLIT === 'only') {
    const sentence = 'SPLIT "only": allowed is `auto` or `off` while CLUSTER is unset';
    broken.push({ names: ['SPLIT', 'CLUSTER'], sentence });
  }
  return broken;
}

function credentials(values: SettingValues): readonly BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { NATS_URL: url, NATS_PASSWORD: one, NATS_AGGREGATOR_PASSWORD: other } = values;
  if (one !== null && other !== null && one !== other) {
    const sentence =
      'NATS_PASSWORD and NATS_AGGREGATOR_PASSWORD (not shown): allowed is one of them, or the same value in both';
    broken.push({ names: ['NATS_PASSWORD', 'NATS_AGGREGATOR_PASSWORD'], sentence });
  }
  const password = one ?? other;
  const inUrl = url !== null && (url.password !== null || url.token !== null);
  if (inUrl && (password !== null || values.NATS_USER !== null || values.NATS_TOKEN !== null)) {
    const sentence =
      'NATS_URL (not shown): allowed are credentials either in it or in NATS_USER, NATS_PASSWORD and NATS_TOKEN, ' +
      'not in both';
    broken.push({ names: ['NATS_URL'], sentence });
  }
  const hasPassword = password !== null || (url !== null && url.password !== null);
  const hasToken = values.NATS_TOKEN !== null || (url !== null && url.token !== null);
  if ([hasPassword, hasToken, values.NATS_CREDS !== null].filter(Boolean).length > 1) {
    const sentence =
      'NATS_PASSWORD, NATS_TOKEN, NATS_CREDS (not shown): allowed is one of the three kinds of credentials';
    broken.push({ names: ['NATS_URL'], sentence });
  }
  return broken;
}

const PAIRS: readonly (readonly [SettingName, SettingName])[] = [
  ['NATS_CERT', 'NATS_KEY'],
  ['EMBEDDED_NATS_TLS_CERT', 'EMBEDDED_NATS_TLS_KEY'],
];

function pairs(values: SettingValues): readonly BrokenRule[] {
  return PAIRS.filter(([certificate, key]) => (values[certificate] === null) !== (values[key] === null)).map(
    ([certificate, key]) => {
      const missing = values[key] === null ? key : certificate;
      const sentence = `${missing} unset: allowed are ${certificate} and ${key} together, or neither`;
      return { names: [certificate, key], sentence };
    },
  );
}

const FILES = [
  'NATS_CREDS',
  'NATS_CA',
  'NATS_CERT',
  'NATS_KEY',
  'EMBEDDED_NATS_TLS_CERT',
  'EMBEDDED_NATS_TLS_KEY',
  'NOTIFY_FILE',
] as const satisfies readonly SettingName[];

function files(values: SettingValues, machine: Pick<Machine, 'canRead'>): readonly BrokenRule[] {
  return FILES.flatMap((name) => {
    const path = values[name];
    if (path === null || machine.canRead(path)) return [];
    const sentence = `${name} ${shownValue(DEFINITIONS[name], path)}: allowed is the path of a file that this user may read`;
    return [{ names: [name], sentence }];
  });
}
