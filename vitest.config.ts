import { defineConfig } from 'vitest/config';

/** Files of tests that start no program, broker or thread and leave nothing behind in a module: they share a worker. */
const RULES = [
  'test/{actors,cli,config,http,lib,lifecycle,workers}/**/!(until-signal|child-thread).test.ts',
  'test/*/{actors,cli,config,domain,http,ingest,metrics,sinks,threads}/**/*.test.ts',
  'test/deploy/links.test.ts',
];

export default defineConfig({
  test: {
    // Programs and brokers mostly wait: on two cores three files at a time keep both busy.
    maxWorkers: 3,
    // Laws open thousands of databases; on a machine that does other work they take minutes, and that is no failure.
    testTimeout: 240_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'rules', include: RULES, isolate: false } },
      { extends: true, test: { name: 'programs', include: ['test/**/*.test.ts'], exclude: RULES } },
    ],
  },
});
