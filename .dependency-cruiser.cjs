// Imports point one way: main → a domain's cli → its threads → its stages → its domain → mechanisms → lib
// (docs/architecture.md). Each rule says what to do instead.

const domains = 'federation|mining|trades|agent';
const stages = 'sources|ingest|actors|sinks|store|workers|http|metrics|enclave|client|broker|cluster';
const mechanisms = 'actors|lifecycle|workers|store|notify|http|metrics|cli|config|io|lib';

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
        // Entries of threads, and what browsers load, which find each other by address.
        pathNot: [
          '^src/main\\.ts$',
          `^src/(${domains})/threads/(ingest|source|writer|reader|splitter)\\.ts$`,
          `^src/(${domains})/workers/(pool|audit|proof|seal)-thread\\.ts$`,
          `^src/trades/backend/thread\\.ts$`,
          // What `truebit-aggregator/agent` exports.
          `^src/agent/library/index\\.ts$`,
          `^src/((${domains})/)?(http|backend)/(enclave-)?page/`,
        ],
      },
      to: {},
    },
    {
      name: 'rooms-are-known',
      comment:
        'Every file stands in a domain or in a room of mechanism. A new room needs a line in docs/architecture.md and here.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${domains}|${mechanisms})/|^src/(main|commands)\\.ts$` },
    },
    {
      name: 'mechanisms-know-no-domain',
      comment: 'A top-level room knows no domain: let the domain hand in what the mechanism needs of it.',
      severity: 'error',
      from: { path: `^src/(${mechanisms})/` },
      to: { path: `^src/(${domains})/` },
    },
    {
      name: 'domains-never-touch',
      comment:
        'One domain never imports another: what both need is a mechanism. The agent has a rule of its own, the next one.',
      severity: 'error',
      from: { path: `^src/(${domains})/`, pathNot: '^src/agent/' },
      to: {
        path: `^src/(${domains})/`,
        pathNot: '^src/$1/',
      },
    },
    {
      name: 'agent-reads-the-wire',
      comment:
        'Of the federation the agent reads only what its messages are made of: vocabulary, signature, sealed salt, privacy. Write anything else in the agent, or make it a mechanism.',
      severity: 'error',
      from: { path: '^src/agent/' },
      to: {
        path: `^src/(${domains})/`,
        pathNot:
          '^src/agent/|^src/federation/domain/(vocabulary|message-signature|sealed-salt|privacy)\\.ts$',
      },
    },
    {
      name: 'config-knows-no-stage',
      comment:
        "A domain's config declares settings and is read by the wiring: put a constant that a stage shares with it into domain.",
      severity: 'error',
      from: { path: `^src/(${domains})/config/` },
      to: { path: `^src/(${domains})/`, pathNot: '^src/$1/(config|domain)/' },
    },
    {
      name: 'stages-inside-a-domain',
      comment:
        'A stage declares the narrow interface it needs and the threads hand it in. Exceptions, downstream reading upstream: see the two rules below.',
      severity: 'error',
      from: {
        path: `^src/(${domains})/(${stages})/`,
        pathNot: `^src/(${domains})/(ingest|workers|metrics)/`,
      },
      to: { path: `^src/(${domains})/(${stages})/`, pathNot: `^src/$1/($2|broker)/` },
    },
    {
      name: 'ingest-reads-what-sources-hand-over',
      comment:
        'The ingest thread knows the format of a batch, and no other stage: declare what is needed and be handed it.',
      severity: 'error',
      from: { path: `^src/(${domains})/ingest/` },
      to: { path: `^src/(${domains})/(${stages})/`, pathNot: '^src/$1/(ingest|sources)/' },
    },
    {
      name: 'workers-read-only-the-store',
      comment: 'Workers open the database read-only and answer; they know no other stage.',
      severity: 'error',
      from: { path: `^src/(${domains})/workers/` },
      to: { path: `^src/(${domains})/(${stages})/`, pathNot: '^src/$1/(workers|store)/' },
    },
    {
      name: 'only-wiring-wires',
      comment:
        "Only main.ts, commands.ts and a domain's own cli and threads may import its threads or its commands.",
      severity: 'error',
      from: { pathNot: `^src/(main|commands)\\.ts$|^src/(${domains})/(cli|threads)/` },
      to: { path: `^src/(${domains})/(cli|threads)/|^src/commands\\.ts$` },
    },
    {
      name: 'domain-is-pure',
      comment:
        'Rules take plain data and time as arguments: no I/O, clock, SQL or xstate. Pass the value in. Of node:crypto hashes are pure, and so is packing (node:zlib); the one exception is randomBytes for a secret or a nonce (sealed-salt.ts, message-signature.ts).',
      severity: 'error',
      from: { path: `^src/((${domains})/domain|lifecycle)/` },
      to: {
        pathNot: `^src/((${domains})/domain|lifecycle|lib)/|^(node:)?(net|crypto|zlib)$|^node_modules/((@types/)?big\\.js|canonicalize)/`,
      },
    },
    {
      name: 'domain-uses-pure-tools',
      comment: 'Of lib the rules may use only what reads no clock, file or network.',
      severity: 'error',
      from: { path: `^src/((${domains})/domain|lifecycle)/` },
      to: {
        path: '^src/lib/',
        pathNot:
          '^src/lib/(command-name|fifo|pace|histogram|durations|is-object|errors|unreachable|ed25519|lossless-json|plain-decimal|plain-text|strict-json|backoff|hmac-sha256)\\.ts$',
      },
    },
    {
      name: 'below-the-stages',
      comment: 'config, io and lib are used by the rooms above and know none of them.',
      severity: 'error',
      from: { path: '^src/(config|io|lib|lifecycle)/' },
      to: { path: '^src/', pathNot: '^src/($1|config|io|lib|lifecycle)/' },
    },
    {
      name: 'mechanisms-stay-apart',
      comment:
        'A room of mechanism declares what it needs and is handed it. Exceptions: actors follow the lifecycle, commands open the store, and so do workers (the next rule).',
      severity: 'error',
      from: { path: '^src/(actors|store|notify|http|metrics)/' },
      to: { path: '^src/(actors|store|workers|notify|http|metrics|cli)/', pathNot: '^src/$1/' },
    },
    {
      name: 'workers-open-the-store',
      comment: 'Of the other rooms of mechanism the pool knows the store only: be handed what it needs.',
      severity: 'error',
      from: { path: '^src/workers/' },
      to: { path: '^src/(actors|notify|http|metrics|cli)/' },
    },
    {
      name: 'lib-is-a-leaf',
      comment: 'Leaf tools import nothing of ours but each other.',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: '^src/', pathNot: '^src/lib/' },
    },
    {
      name: 'oracle-is-independent',
      comment:
        'The simulator checks the domain, so it must not be made of it: write the rule down a second time.',
      severity: 'error',
      from: { path: `^src/(${domains})/simulator/` },
      to: { path: `^src/(${domains})/`, pathNot: '^src/$1/(simulator|config)/' },
    },
    owner('xstate', `^src/((${domains})/)?actors/`),
    owner('better-sqlite3', '^src/store/(database|lock)\\.ts$'),
    owner('piscina', '^src/workers/pool\\.ts$'),
    owner('nats|@nats-io', `^src/(io|(${domains})/(simulator|broker|cluster|sources|sinks))/`),
    owner('ws', '^src/io/'),
    owner('fastify|@fastify', `^src/((${domains})/)?(http|backend)/`),
    owner('prom-client', '^src/metrics/registry\\.ts$'),
    owner('pino', '^src/io/log\\.ts$'),
    owner('yaml', '^src/config/'),
    owner('big\\.js|@types/big\\.js|canonicalize', '^src/trades/domain/'),
    owner('ccxt', '^src/trades/enclave/exchanges/'),
    owner('@hpke', '^src/trades/(enclave/keys|client)/'),
    owner('cborg', '^src/trades/client/'),
    {
      name: 'backend-stands-alone',
      comment:
        'The reference backend is the other side of the wire: it shares the rules of the wire, and no stage of the service.',
      severity: 'error',
      from: { path: '^src/trades/backend/' },
      to: { path: '^src/trades/', pathNot: '^src/trades/(backend|domain)/' },
    },
    {
      name: 'only-commands-start-the-backend',
      comment: 'Only the commands of trades may import its reference backend.',
      severity: 'error',
      from: { pathNot: '^src/trades/(backend|cli)/' },
      to: { path: '^src/trades/backend/' },
    },
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
