// The import rules find a planted violation of each kind, because a rule that cannot fail guarantees nothing.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = '.dependency-cruiser.cjs';

/** By rule: a file, and what it must not import. */
const PLANTED: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'no-cycles': ['src/lib/chicken.ts', 'src/lib/egg.ts'],
  'rooms-are-known': ['src/cli/guest.ts', 'src/cellar/wine.ts'],
  'mechanisms-know-no-domain': ['src/store/knows.ts', 'src/federation/domain/rule.ts'],
  'domains-never-touch': ['src/mining/domain/looks-over.ts', 'src/federation/domain/rule.ts'],
  'agent-reads-the-wire': ['src/agent/sinks/decodes.ts', 'src/federation/domain/rule.ts'],
  'config-knows-no-stage': ['src/federation/config/stores.ts', 'src/federation/store/writer.ts'],
  'stages-inside-a-domain': ['src/federation/http/sends.ts', 'src/federation/sinks/publisher.ts'],
  'ingest-reads-what-sources-hand-over': ['src/federation/ingest/stores.ts', 'src/federation/store/table.ts'],
  'workers-read-only-the-store': ['src/federation/workers/sends.ts', 'src/federation/sinks/publisher.ts'],
  'only-wiring-wires': ['src/federation/store/wires.ts', 'src/federation/threads/main.ts'],
  'domain-is-pure': ['src/federation/domain/reads.ts', 'node:fs'],
  'domain-uses-pure-tools': ['src/federation/domain/looks-at-the-clock.ts', 'src/lib/clock.ts'],
  'below-the-stages': ['src/io/stores.ts', 'src/store/table.ts'],
  'mechanisms-stay-apart': ['src/http/asks.ts', 'src/store/table.ts'],
  'workers-open-the-store': ['src/workers/answers.ts', 'src/http/server.ts'],
  'lib-is-a-leaf': ['src/lib/speaks.ts', 'src/io/nats.ts'],
  'oracle-is-independent': ['src/federation/simulator/copies.ts', 'src/federation/domain/rule.ts'],
  'owner-of-xstate': ['src/federation/domain/machine.ts', 'xstate'],
  'owner-of-better-sqlite3': ['src/store/another.ts', 'better-sqlite3'],
  'owner-of-piscina': ['src/federation/workers/own-pool.ts', 'piscina'],
  'owner-of-nats': ['src/federation/http/subscribes.ts', 'nats'],
  'owner-of-ws': ['src/federation/sources/socket.ts', 'ws'],
  'owner-of-fastify': ['src/cli/serves.ts', 'fastify'],
  'owner-of-prom-client': ['src/federation/metrics/counts.ts', 'prom-client'],
  'owner-of-pino': ['src/federation/threads/logs.ts', 'pino'],
  'owner-of-yaml': ['src/mining/cli/reads.ts', 'yaml'],
  'owner-of-big\\.js': ['src/federation/domain/computes.ts', 'big.js'],
  'owner-of-ccxt': ['src/trades/enclave/feeds/asks.ts', 'ccxt'],
  'owner-of-@hpke': ['src/trades/http/opens.ts', '@hpke/core'],
  'owner-of-cborg': ['src/trades/enclave/keys/decodes.ts', 'cborg'],
  'backend-stands-alone': ['src/trades/backend/posts.ts', 'src/trades/sinks/delivery.ts'],
  'only-commands-start-the-backend': ['src/trades/threads/receives.ts', 'src/trades/backend/server.ts'],
  'no-dev-packages': ['src/cli/tests.ts', 'vitest'],
};

/** The same in mining: a rule that names domains holds in each of them. */
const IN_MINING = Object.entries(PLANTED).flatMap(([rule, [from, to]]) =>
  from.startsWith('src/federation/') ? [[rule, inMining(from), inMining(to)] as const] : [],
);

function inMining(path: string): string {
  return path.replace(/^src\/federation\//, 'src/mining/');
}

/** What a rule lets through although another import of the same room would be a violation. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['src/workers/opens.ts', 'src/store/table.ts'],
  ...['vocabulary', 'message-signature', 'sealed-salt', 'privacy'].map(
    (name) => [`src/agent/sinks/uses-${name}.ts`, `src/federation/domain/${name}.ts`] as const,
  ),
];

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

test('import rules - each finds what it forbids, and nothing else does', async () => {
  const folder = plant();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cruised = promisify(execFile)(
    join(ROOT, 'node_modules/.bin/depcruise'),
    ['--config', RULES, '--output-type', 'json', 'src'],
    { cwd: folder, maxBuffer: 100 * 1_048_576 },
  );
  const stdout = await cruised.then(
    (done) => done.stdout,
    (error: { readonly stdout: string }) => error.stdout,
  );
  const { summary } = JSON.parse(stdout) as { summary: { violations: readonly Violation[] } };
  const found = new Map<string, string[]>();
  for (const { rule, from } of summary.violations)
    found.set(rule.name, [...(found.get(rule.name) ?? []), from]);
  const rules = (
    createRequire(import.meta.url)(join(ROOT, RULES)) as { forbidden: readonly { name: string }[] }
  ).forbidden;
  for (const { name } of rules.filter((rule) => rule.name !== 'no-orphans')) {
    expect(Object.keys(PLANTED)).toContain(name);
    expect(found.get(name) ?? [], name).toContain(PLANTED[name]?.[0]);
  }
  for (const [rule, from] of IN_MINING) expect(found.get(rule), rule).toContain(from);
  const refused = summary.violations.filter(({ rule }) => rule.name !== 'no-orphans').map(({ from }) => from);
  for (const [from] of ALLOWED) expect(refused).not.toContain(from);
  // No file imports the planted file; entries of threads and parts of pages need no importer.
  expect(found.get('no-orphans')).toEqual(['src/lib/alone.ts']);
});

function plant(): string {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
  for (const name of ['tsconfig.json', 'package.json']) copyFileSync(join(ROOT, name), join(folder, name));
  // The packages are behind a link here.
  const rules = `const rules = require(${JSON.stringify(join(ROOT, RULES))});
module.exports = { ...rules, options: { ...rules.options, preserveSymlinks: true } };
`;
  writeFileSync(join(folder, RULES), rules);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const specifier = (from: string, to: string) =>
    to.startsWith('src/') ? relative(dirname(from), to).replace(/^(?!\.)/, './') : to;
  const inMining = IN_MINING.map(([, from, to]) => [from, to] as const);
  for (const [from, to] of [...Object.values(PLANTED), ...inMining, ...ALLOWED]) {
    write(from, `export * from '${specifier(from, to)}';\n`);
    if (to.startsWith('src/')) write(to, 'export const thing = 1;\n');
  }
  write('src/lib/egg.ts', "export * from './chicken.ts';\n");
  write('src/lib/alone.ts', 'export const thing = 1;\n');
  write('src/federation/threads/ingest.ts', 'export const thing = 1;\n');
  write('src/federation/http/page/main.js', 'export const thing = 1;\n');
  for (const entry of ['threads/writer.ts', 'workers/proof-thread.ts', 'http/page/main.js'])
    write(`src/mining/${entry}`, 'export const thing = 1;\n');
  return folder;
}
