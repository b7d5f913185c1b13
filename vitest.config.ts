import { globSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { COMPILED_CODE } from './test/support/compiled-code.ts';

// For the workers of vitest, and for programs that inherit the environment of a test.
process.env['NODE_COMPILE_CACHE'] ??= COMPILED_CODE.NODE_COMPILE_CACHE;

/** Files of tests that start no program, broker or thread and leave nothing behind in a module: they share a worker. */
const RULES = [
  'test/{actors,cli,config,http,lib,lifecycle,workers}/**/!(until-signal|child-thread).test.ts',
  'test/*/{actors,cli,config,domain,http,ingest,metrics,sinks,threads}/**/*.test.ts',
  'test/deploy/links.test.ts',
];

/** Files about the broker: its rights, its streams, its leaf nodes, the shipped configuration, its life under the program. */
const BROKER = [
  'test/io/embedded-broker-{life,store}.test.ts',
  'test/io/stream-{reader,settings}.test.ts',
  'test/federation/broker/{configuration,rights}.test.ts',
  'test/federation/security/{broker,leaf}-attacks.test.ts',
  'test/federation/integration/transport-faults.test.ts',
  'test/deploy/broker-configuration.test.ts',
];

/** The nats-server that operators install today, beside Debian's; empty where it cannot be had (scripts/test-brokers.sh). */
const CURRENT_BROKER = process.env['NATS_SERVER_CURRENT_BIN'] ?? '';
const CURRENT =
  CURRENT_BROKER === ''
    ? { setupFiles: ['./test/support/without-broker.ts'] }
    : { env: { NATS_SERVER_BIN: CURRENT_BROKER } };

/** Of the next list, files that change or measure the process itself: each of them has a worker of its own. */
const ALONE = new Set([
  'test/agent/sources/event-file-scenarios.test.ts',
  'test/federation/store/api-keys.test.ts',
  'test/federation/store/migration-002.test.ts',
  'test/io/control-socket.test.ts',
  'test/io/key-file.test.ts',
  'test/mining/workers/proof-queue.test.ts',
  'test/trades/enclave/exchanges/loans.test.ts',
  'test/trades/enclave/keys/seal-key.test.ts',
]);

/** Files of tests that start brokers, threads and short programs, and end them: they share a worker too. */
const PARTS = globSync([
  'test/{io,store}/**/*.test.ts',
  'test/*/{backend,broker,client,library,simulator,sources,store,workers}/**/*.test.ts',
  'test/trades/enclave/**/*.test.ts',
]).filter((file) => !ALONE.has(file));

export default defineConfig({
  test: {
    // Programs and brokers mostly wait: on two cores three files at a time keep both busy.
    maxWorkers: 3,
    // Laws open thousands of databases; on a machine that does other work they take minutes, and that is no failure.
    testTimeout: 240_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'rules', include: RULES, isolate: false } },
      { extends: true, test: { name: 'parts', include: PARTS, exclude: RULES, isolate: false } },
      {
        extends: true,
        test: { name: 'programs', include: ['test/**/*.test.ts'], exclude: [...RULES, ...PARTS] },
      },
      // The same files once more: what differs is the broker that they start.
      { extends: true, test: { name: 'broker 2.15', include: BROKER, ...CURRENT } },
    ],
  },
});
