// Imports point one way: main → app, ingest → stages → domain → lib (docs/architecture.md). Each rule says what to do
// instead.

const stages = 'sources|actors|sinks|store|workers|http|enclave';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or share a third: move what both need down.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is dead: delete it.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['^src/(main|ingest|source)\\.ts$', '^src/workers/(audit-)?worker\\.ts$'],
      },
      to: {},
    },
    {
      name: 'stages-stay-apart',
      comment:
        'A stage declares the narrow interface it needs and app.ts or ingest.ts hands it in. Exceptions, downstream reading upstream: workers open the store.',
      severity: 'error',
      from: { path: `^src/(${stages})/`, pathNot: '^src/workers/' },
      to: { path: `^src/(${stages})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'workers-read-only-the-store',
      comment: 'Workers open the database read-only and answer; they know no other stage.',
      severity: 'error',
      from: { path: '^src/workers/' },
      to: { path: `^src/(${stages})/`, pathNot: '^src/(workers|store)/' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'Rules take plain data and time as arguments: no I/O, clock, SQL or xstate. Pass the value in.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/|^net$|^node:net$' },
    },
    {
      name: 'columns-never-touch',
      comment: 'One domain never imports another. What both need belongs into lib or the stage.',
      severity: 'error',
      from: { path: '^src/domain/([^/]+)/' },
      to: { path: '^src/domain/', pathNot: '^src/domain/$1/' },
    },
    {
      name: 'below-the-stages',
      comment: 'config, io and lib are used by stages and know none of them.',
      severity: 'error',
      from: { path: '^src/(config|io|lib)/' },
      to: { path: `^src/(${stages}|cli|simulator)/|^src/(app|ingest|source|main|child-thread)\\.ts$` },
    },
    {
      name: 'lib-is-a-leaf',
      comment: 'Leaf tools import nothing of ours but each other.',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: '^src/', pathNot: '^src/lib/' },
    },
    {
      name: 'only-wiring-wires',
      comment: 'Only main.ts, cli and the two wiring files may import the wiring.',
      severity: 'error',
      from: { pathNot: '^src/(main|app)\\.ts$|^src/cli/' },
      to: { path: '^src/(app|ingest|source|main|child-thread)\\.ts$' },
    },
    {
      name: 'oracle-is-independent',
      comment:
        'The simulator checks the domain, so it must not be made of it: write the rule down a second time.',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: `^src/(domain|${stages})/` },
    },
    owner('xstate', '^src/actors/'),
    owner('better-sqlite3', '^src/store/(database|lock)\\.ts$'),
    owner('piscina', '^src/workers/pool\\.ts$'),
    owner('nats|@nats-io', '^src/(io|simulator)/'),
    owner('ws', '^src/io/'),
    owner('fastify', '^src/http/'),
    owner('prom-client', '^src/metrics\\.ts$'),
    owner('pino', '^src/log\\.ts$'),
    {
      name: 'no-dev-packages',
      comment: 'What runs must be a dependency, not a development dependency.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

/** One folder owns each library. */
function owner(packages, path) {
  return {
    name: `owner-of-${packages.split('|')[0]}`,
    comment: 'Each library has one owner folder (docs/architecture.md): call the owner instead.',
    severity: 'error',
    from: { path: '^src/', pathNot: path },
    to: { path: `^node_modules/(${packages})(/|$)` },
  };
}
