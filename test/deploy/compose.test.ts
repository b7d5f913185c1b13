// The compose files and the systemd unit, as far as a test can judge them without an engine: their YAML, and everything
// in them that names something else in the repository.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/federation/config/settings.ts';
import { SETTINGS as AGENT_SETTINGS } from '../../src/agent/config/settings.ts';
import { ENCLAVE_SETTINGS } from '../../src/trades/config/enclave-setting-table.ts';
import { SETTINGS as TRADES_SETTINGS } from '../../src/trades/config/settings.ts';

const ROOT = new URL('../../', import.meta.url);

interface Service {
  readonly image?: string;
  readonly build?: string | Readonly<Record<string, string>>;
  readonly restart?: string;
  readonly depends_on?: readonly string[] | Readonly<Record<string, object>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly extends?: { readonly file: string; readonly service: string };
  readonly read_only?: boolean;
  readonly ulimits?: Readonly<Record<string, number>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}
function compose(path: string): Compose {
  return parse(read(path)) as Compose;
}

const FILES = ['docker-compose.yml', 'docker-compose.aggregator.yml'];

describe('compose', () => {
  it('compose - neither the service nor the unit leaves a core file, which would contain messages', () => {
    expect(compose('docker-compose.aggregator.yml').services['aggregator']?.ulimits).toEqual({ core: 0 });
    expect(read('deploy/aggregator.service').split('\n')).toContain('LimitCORE=0');
  });

  it('compose - the example beside an existing NATS server is complete', () => {
    const { services, volumes, networks } = compose('docker-compose.aggregator.yml');
    expect(services['aggregator']).toMatchObject({
      build: '.',
      restart: 'unless-stopped',
      depends_on: ['nats'],
      volumes: ['aggregator-data:/data'],
      networks: ['nats-network'],
      read_only: true,
    });
    expect(Object.keys(volumes)).toEqual(['aggregator-data']);
    expect(networks).toEqual({ 'nats-network': { name: 'nats-network' } });
  });

  it('compose - every service that another waits for is in the project: in docker-compose.yml, and beside the server of the example', () => {
    const alone = compose('docker-compose.aggregator.yml');
    const example = /```yaml\n(services:\n {2}nats:\n[^`]+)```/.exec(read('docs/operations.md'))?.[1] ?? '';
    const beside = parse(example) as Compose;
    const whole = compose('docker-compose.yml');
    const projects: readonly Pick<Compose, 'services' | 'networks'>[] = [
      { services: { ...beside.services, ...alone.services }, networks: alone.networks },
      { services: { ...whole.services, ...alone.services }, networks: whole.networks },
    ];
    for (const { services, networks } of projects) {
      expect(Object.keys(services)).toEqual(expect.arrayContaining(['nats', 'aggregator']));
      for (const [name, service] of Object.entries(services)) {
        const awaited = service.depends_on ?? [];
        for (const other of Array.isArray(awaited) ? awaited : Object.keys(awaited))
          expect(services, name).toHaveProperty(other);
        for (const network of service.networks ?? []) expect(networks, name).toHaveProperty(network);
      }
      expect(services['nats']?.networks).toEqual(services['aggregator']?.networks);
    }
  });

  it.each(FILES)(
    'compose - %s: images are pinned, mounted files exist, used volumes and networks are declared',
    (path) => {
      const { services, volumes, networks } = compose(path);
      for (const [name, service] of Object.entries(services)) {
        if (service.extends !== undefined) {
          expect(compose(service.extends.file).services, name).toHaveProperty(service.extends.service);
          continue;
        }
        expect(service.image, name).toMatch(/:v?\d+\.\d+\.\d+(-alpine)?$/);
        expect(service.restart, name).toBe('unless-stopped');
        for (const network of service.networks ?? []) expect(networks, name).toHaveProperty(network);
        for (const volume of service.volumes ?? []) {
          const [from = ''] = volume.split(':');
          if (from.startsWith('./'))
            expect(existsSync(fileURLToPath(new URL(from, ROOT))), volume).toBe(true);
          else expect(volumes, volume).toHaveProperty(from);
        }
        // Only what monitors must reach is open to other machines.
        if (name !== 'nats') for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
      }
    },
  );

  it.each(FILES)('compose - %s: the aggregator gets only settings that exist', (path) => {
    const names = new Set<string>(SETTINGS.map(({ name }) => name));
    const given = Object.keys(compose(path).services['aggregator']?.environment ?? {});
    expect(given.length).toBeGreaterThan(0);
    expect(given.filter((name) => !names.has(name))).toEqual([]);
  });

  it('compose - the mining service is built from its target, stays in its folder and opens the dashboard to this machine only', () => {
    const { services, volumes } = compose('docker-compose.mining.yml');
    expect(services['mining']).toMatchObject({
      build: { context: '.', target: 'mining' },
      restart: 'unless-stopped',
      ports: ['8080:8080', '127.0.0.1:8081:8081'],
      volumes: ['./aggregator_config.yaml:/data/aggregator_config.yaml:ro', 'mining-data:/data'],
      read_only: true,
      ulimits: { core: 0, nofile: 65_536 },
    });
    expect(Object.keys(volumes)).toEqual(['mining-data']);
    expect(read('Dockerfile')).toMatch(/^FROM runtime AS mining\nWORKDIR \/data$/m);
  });

  it('compose - the trades service is built from its target, and gets settings that exist and a key that it cannot write', () => {
    const { services, volumes } = compose('docker-compose.trades.yml');
    expect(services['trades']).toMatchObject({
      build: { context: '.', target: 'trades' },
      restart: 'unless-stopped',
      ports: ['127.0.0.1:5000:5000', '127.0.0.1:5010:5010'],
      volumes: [
        './ed25519_private.key:/app/ed25519_private.key:ro',
        'trades-data:/data',
        'enclave-socket:/run/aggregator',
      ],
      read_only: true,
      ulimits: { core: 0, nofile: 16_384 },
    });
    const names = new Set<string>(TRADES_SETTINGS.map(({ name }) => name));
    const given = Object.keys(services['trades']?.environment ?? {});
    expect(given.filter((name) => !names.has(name))).toEqual([]);
    expect(Object.keys(volumes)).toEqual(['trades-data', 'enclave-keys', 'enclave-socket']);
  });

  it('compose - the enclave is a container of its own, with a user of its own, and shares only a socket with the service', () => {
    const { services } = compose('docker-compose.trades.yml');
    expect(services['enclave']).toMatchObject({
      build: { context: '.', target: 'enclave' },
      ports: ['127.0.0.1:3000:3000'],
      volumes: ['enclave-keys:/keys', 'enclave-socket:/run/aggregator'],
      read_only: true,
      ulimits: { core: 0, nofile: 16_384 },
    });
    const [, stage = ''] = read('Dockerfile').split('FROM runtime AS enclave\n');
    expect(stage).toMatch(/^USER enclave$/m);
    expect(stage).toContain('"--disable-sigusr1", "--report-exclude-env"');
    const names = new Set<string>(ENCLAVE_SETTINGS.map(({ name }) => name));
    const given = [...stage.slice(0, stage.indexOf('VOLUME')).matchAll(/\b(ENCLAVE_[A-Z_]+)=/g)];
    expect(given.map(([, name = '']) => name).filter((name) => !names.has(name))).toEqual([]);
  });

  it('compose - the agent reads two folders of the node and cannot write there, and shows its page to this machine only', () => {
    const { services, volumes } = compose('docker-compose.agent.yml');
    const agent = services['agent'];
    expect(agent).toMatchObject({
      build: { context: '.', target: 'agent' },
      restart: 'unless-stopped',
      ports: ['127.0.0.1:8090:8090'],
      read_only: true,
      ulimits: { core: 0 },
    });
    const mounts = (agent?.volumes ?? []).map((volume) => volume.replace(/^\$\{([A-Z_]+):\?[^}]+\}/, '$1'));
    expect(mounts).toEqual([
      'NODE_DATADB:/app/build/datadb:ro',
      'NODE_LOGS:/app/logs:ro',
      'agent-data:/data',
    ]);
    const names = new Set<string>(AGENT_SETTINGS.map(({ name }) => name));
    expect(Object.keys(agent?.environment ?? {}).filter((name) => !names.has(name))).toEqual([]);
    expect(Object.keys(volumes)).toEqual(['agent-data']);
    const docs = read('docs/agent.md');
    for (const [, name = ''] of read('docker-compose.agent.yml').matchAll(/\$\{([A-Z_]+):\?/g))
      expect(docs).toContain(`${name}=`);
  });

  it('compose - without a target the image is that of the federation', () => {
    const stages = [...read('Dockerfile').matchAll(/^FROM \S+ AS (\w+)$/gm)].map(([, name]) => name);
    expect(stages).toEqual(['build', 'runtime', 'mining', 'trades', 'enclave', 'agent', 'federation']);
  });

  it('compose - every variable that must be set is in the example of docs/operations.md', () => {
    const required = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name);
    expect(required.length).toBeGreaterThan(3);
    const operations = read('docs/operations.md');
    for (const name of required) expect(operations).toContain(`${name}=`);
    const cluster = read('docs/cluster.md');
    for (const [, name = ''] of read('docker-compose.cluster.yml').matchAll(/\$\{([A-Z_]+)(?::\?|:-127)/g))
      expect(cluster).toContain(`${name}=`);
  });

  it('compose - the broker is new enough for every line of its configuration', () => {
    const [, major, minor] =
      /nats:(\d+)\.(\d+)/.exec(compose('docker-compose.yml').services['nats']?.image ?? '') ?? [];
    expect(Number(major) * 1000 + Number(minor)).toBeGreaterThan(2010);
  });

  it('compose - the cluster has three brokers with their own files and volumes, and settings that exist', () => {
    const { services, volumes, networks } = parse(read('docker-compose.cluster.yml'), {
      merge: true,
    }) as Compose;
    const names = new Set<string>(SETTINGS.map(({ name }) => name));
    expect(Object.keys(services)).toEqual([
      'nats-1',
      'nats-2',
      'nats-3',
      'splitter',
      'replica-1',
      'replica-2',
    ]);
    expect(Object.keys(networks)).toEqual(['cluster-network']);
    const used = Object.values(services).flatMap((service) => service.volumes ?? []);
    const owned = used.filter((volume) => !volume.startsWith('./'));
    expect(owned.map((volume) => volume.split(':')[0])).toEqual(Object.keys(volumes));
    const config = read('deploy/nats/cluster/common.conf') + read('deploy/nats/cluster/federation.conf');
    const variables = [...config.matchAll(/^(?!#).*\$(NATS_[A-Z_0-9]+)/gm)].map(([, name]) => name);
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({ restart: 'unless-stopped', networks: ['cluster-network'] });
      const given = Object.keys(service.environment ?? {});
      if (name.startsWith('nats-')) {
        expect(given).toEqual(expect.arrayContaining(variables));
        expect(service.image).toBe(compose('docker-compose.yml').services['nats']?.image);
        expect(service.volumes).toContain('./deploy/nats/cluster:/etc/nats:ro');
        expect(
          existsSync(fileURLToPath(new URL(`deploy/nats/cluster/broker-${name.slice(-1)}.conf`, ROOT))),
        ).toBe(true);
        continue;
      }
      expect(service).toMatchObject({ build: '.', read_only: true, ulimits: { core: 0 } });
      expect(given.filter((each) => !names.has(each))).toEqual([]);
      expect(service.depends_on).toEqual(['nats-1', 'nats-2', 'nats-3']);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it.each(['aggregator-replica@', 'aggregator-splitter', 'nats-cluster@'])(
    'systemd unit - %s of a cluster is hardened as the aggregator is, with settings that exist and no core file',
    (name) => {
      const unit = read(`deploy/cluster/${name}.service`);
      const hardening = read('deploy/aggregator.service').split('\n\nCapabilityBoundingSet=')[1];
      expect(unit.split('\n\nCapabilityBoundingSet=')[1]).toBe(hardening);
      expect(unit.split('\n')).toEqual(
        expect.arrayContaining(['DynamicUser=yes', 'LimitCORE=0', 'UMask=0077']),
      );
      const own = ['NODE_ENV', 'NATS_STORE_DIR'];
      const names = new Set<string>([...own, ...SETTINGS.map((setting) => setting.name)]);
      const given = [...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, setting = '']) => setting);
      expect(given.filter((setting) => !names.has(setting))).toEqual([]);
      const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
      if (name !== 'nats-cluster@') expect(unit).toContain(`/opt/truebit-aggregator/${bin.aggregator} serve`);
      else expect(unit).toContain('-c /etc/nats-cluster/broker-%i.conf');
    },
  );

  it('systemd unit - the copy by docs/operations.md contains every file that it runs, and no leftover of a trial', () => {
    const copies = [...read('docs/operations.md').matchAll(/^\$ cp -r (.+) \/opt\/truebit-aggregator\/$/gm)];
    expect(copies.length).toBe(2);
    for (const [, names = ''] of copies) {
      const copied = names.split(' ');
      const unit = read('deploy/aggregator.service');
      const named = [...unit.matchAll(/\/opt\/truebit-aggregator\/([a-z_]+)/g)].map(([, name = '']) => name);
      expect(copied).toEqual(expect.arrayContaining([...named, 'package.json']));
      const made = new Set(['dist', 'node_modules']);
      for (const name of copied)
        if (!made.has(name)) expect(existsSync(fileURLToPath(new URL(name, ROOT))), name).toBe(true);
      expect(copied.filter((name) => ['.', 'data', '.cache'].includes(name))).toEqual([]);
    }
  });

  it('systemd unit - that of mining runs a command that is built, with room for its miners and no core file', () => {
    const lines = read('deploy/aggregator-mining.service').split('\n');
    expect(lines).toEqual(expect.arrayContaining(['LimitCORE=0', 'LimitNOFILE=65536']));
    const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
    expect(lines.find((line) => line.startsWith('ExecStart='))).toContain(
      `/opt/truebit-aggregator/${bin.aggregator} mining -c `,
    );
  });

  it('systemd unit - that of trades runs a command that is built, with settings that exist and no core file', () => {
    const unit = read('deploy/aggregator-trades.service');
    const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
    expect(unit).toContain(`/opt/truebit-aggregator/${bin.aggregator} trades`);
    expect(unit).toContain('\nLimitCORE=0\n');
    const names = new Set<string>(TRADES_SETTINGS.map(({ name }) => name));
    const given = [...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(given.filter((name) => name !== 'NODE_ENV' && !names.has(name))).toEqual([]);
  });

  it('systemd unit - that of the agent runs a command that is built, with settings that exist and no core file', () => {
    const unit = read('deploy/aggregator-agent.service');
    const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
    expect(unit).toContain(`/opt/truebit-aggregator/${bin.aggregator} agent\n`);
    expect(unit).toContain('\nLimitCORE=0\n');
    const names = new Set<string>(AGENT_SETTINGS.map(({ name }) => name));
    const given = [...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(given.filter((name) => name !== 'NODE_ENV' && !names.has(name))).toEqual([]);
  });

  it('systemd unit - that of the enclave has a user of its own, no inspector, no core file, and settings that exist', () => {
    const unit = read('deploy/aggregator-enclave.service');
    const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
    expect(unit).toMatch(/--disable-sigusr1 --report-exclude-env .*\/opt\/truebit-aggregator\//);
    expect(unit).toContain(`/opt/truebit-aggregator/${bin.aggregator} enclave\n`);
    expect(unit.split('\n')).toEqual(expect.arrayContaining(['User=aggregator-enclave', 'LimitCORE=0']));
    const enclave = new Set<string>(['NODE_ENV', ...ENCLAVE_SETTINGS.map(({ name }) => name)]);
    const trades = new Set<string>(TRADES_SETTINGS.map(({ name }) => name));
    const given = (text: string) =>
      [...text.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(given(unit).filter((name) => !enclave.has(name))).toEqual([]);
    const dropIn = read('deploy/aggregator-trades-enclave.conf');
    expect(given(dropIn).filter((name) => !trades.has(name))).toEqual([]);
    const socket = /^Environment=ENCLAVE_SOCKET=(.+)$/m;
    expect(socket.exec(dropIn)?.[1]).toBe(socket.exec(unit)?.[1]);
  });

  it('systemd unit - it names only settings that exist and a command that is built', () => {
    const unit = read('deploy/aggregator.service');
    const { bin } = JSON.parse(read('package.json')) as { bin: { aggregator: string } };
    expect(unit).toContain(`/opt/truebit-aggregator/${bin.aggregator} serve`);
    const names = new Set<string>(SETTINGS.map(({ name }) => name));
    const given = [...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(given.filter((name) => name !== 'NODE_ENV' && !names.has(name))).toEqual([]);
  });
});
