// The manifests of deploy/kubernetes against the program, its image and the files that they repeat. No cluster runs here: the
// settings, the broker's configuration and the probes are tried with the real program and a real nats-server.

import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../src/federation/config/settings.ts';
import { SETTINGS } from '../../src/federation/config/setting-table.ts';
import { NODE_USER_ID } from '../container/checks.ts';
import { freePort } from '../support/free-port.ts';
import { at, launch, launchBroker, testFolder } from '../support/program.ts';
import { PASSWORDS, writeBroker } from '../support/shipped-broker.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = 'deploy/kubernetes';
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Port {
  readonly name: string;
  readonly port: number | string;
  readonly containerPort: number;
  readonly targetPort: string;
}
interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly exec?: { readonly command: readonly string[] };
}
interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports: readonly Port[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
}
interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: object;
    readonly enableServiceLinks: boolean;
    readonly automountServiceAccountToken: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly [Container];
    readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  };
}
interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly selector: Readonly<Record<string, string>> & {
      readonly matchLabels: Readonly<Record<string, string>>;
    };
    readonly template: Pod;
    readonly ports: readonly Port[];
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly ingress: readonly { readonly ports: readonly Port[] }[];
    readonly egress: readonly {
      readonly to?: readonly {
        readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
      }[];
      readonly ports: readonly Port[];
    }[];
    readonly endpoints: readonly {
      readonly port: string;
      readonly path: string;
      readonly interval: string;
    }[];
    readonly groups: unknown;
  };
}
interface Kustomization {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
}

const documentsOf = (path: string) =>
  parseAllDocuments(read(path)).map((document) => document.toJS() as Manifest);
const FILES = globSync(`${FOLDER}/**/*.yaml`, { cwd: ROOT }).filter(
  (path) => !path.endsWith('kustomization.yaml'),
);
const ALL = FILES.flatMap(documentsOf);

function named(kind: string, name: string): Manifest {
  const found = ALL.filter((each) => each.kind === kind && each.metadata.name === name);
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0] as Manifest;
}
const AGGREGATOR = 'truebit-aggregator';
const podOf = (name: string) => named('StatefulSet', name).spec.template;
const containerOf = (name: string) => podOf(name).spec.containers[0];
const settings = () => named('ConfigMap', AGGREGATOR).data ?? {};

describe('kubernetes', () => {
  it('kubernetes - the kustomization names every manifest but the example, and the version of the program', () => {
    const { resources, images } = parse(read(`${FOLDER}/kustomization.yaml`)) as Kustomization;
    const own = globSync('*.yaml', { cwd: join(ROOT, FOLDER) });
    expect(resources.toSorted()).toEqual(
      own.filter((name) => !['kustomization.yaml', 'secret.example.yaml'].includes(name)).toSorted(),
    );
    const monitoring = parse(read(`${FOLDER}/monitoring/kustomization.yaml`)) as Kustomization;
    expect(monitoring.resources.toSorted()).toEqual(['prometheusrule.yaml', 'servicemonitor.yaml']);
    const { version } = JSON.parse(read('package.json')) as { readonly version: string };
    expect(images).toMatchObject([{ name: AGGREGATOR, newTag: version }]);
    expect(containerOf(AGGREGATOR).image).toBe(`${AGGREGATOR}:${version}`);
    expect(ALL.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
    expect(read(`${FOLDER}/README.md`)).toContain('No cluster has run them so far');
  });

  it('kubernetes - one process, as the user of the image, on a read-only root with its volume', () => {
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
    const { replicas, serviceName, volumeClaimTemplates } = named('StatefulSet', AGGREGATOR).spec;
    expect({ replicas, serviceName }).toEqual({ replicas: 1, serviceName: AGGREGATOR });
    expect(read('Dockerfile')).toContain('VOLUME /data');
    expect(volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual(['data']);
    for (const name of [AGGREGATOR, 'nats']) {
      const { spec } = podOf(name);
      expect(spec).toMatchObject({
        enableServiceLinks: false,
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: NODE_USER_ID, fsGroup: NODE_USER_ID },
      });
      const { securityContext, volumeMounts } = containerOf(name);
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
    }
    expect(podOf(AGGREGATOR).spec.terminationGracePeriodSeconds).toBe(15);
    // The image's command, and what it adds.
    const [, command = ''] = /AS federation\n[^]*?\nCMD (\[.*\])/.exec(read('Dockerfile')) ?? [];
    const [shell, flag, script] = containerOf(AGGREGATOR).command ?? [];
    expect([shell, flag]).toEqual(['sh', '-c']);
    expect(script).toBe(`ulimit -c 0 && exec ${(JSON.parse(command) as string[]).join(' ')} serve`);
  });

  it('kubernetes - the settings are settings, with the name of the broker, and the secret has what is read of it', () => {
    const names = new Set<string>(SETTINGS.map(({ name }) => name));
    const [secret] = documentsOf(`${FOLDER}/secret.example.yaml`);
    const keys = Object.keys(secret?.stringData ?? {});
    expect(keys.toSorted()).toEqual(
      Object.keys(PASSWORDS)
        .filter((key) => !key.includes('SITE'))
        .toSorted(),
    );
    const fromSecret = containerOf(AGGREGATOR).env.map(({ name }) => name);
    for (const name of [...Object.keys(settings()), ...fromSecret]) expect(names).toContain(name);
    for (const value of Object.values(settings())) expect(value).toBeTypeOf('string');
    const { warnings } = readSettings({ ...settings(), NATS_AGGREGATOR_PASSWORD: 'a1' });
    expect(warnings).toEqual([]);
    for (const name of [AGGREGATOR, 'nats'])
      for (const { name: variable, valueFrom } of containerOf(name).env)
        expect(valueFrom.secretKeyRef).toEqual({ name: secret?.metadata.name, key: variable });
    expect(containerOf(AGGREGATOR).envFrom).toEqual([{ configMapRef: { name: AGGREGATOR } }]);
    const { hostname, port } = new URL(settings()['NATS_URL'] ?? '');
    expect(named('Service', hostname).spec.ports).toContainEqual({
      name: 'nats',
      port: Number(port),
      targetPort: 'nats',
    });
    // The command of the page makes the same keys.
    for (const key of keys) expect(read(`${FOLDER}/README.md`)).toContain(`--from-literal=${key}=`);
  });

  it('kubernetes - services, policies and monitors select the pods and ports that are there', () => {
    const labels = new Map([AGGREGATOR, 'nats'].map((name) => [name, podOf(name).metadata.labels]));
    for (const [name, label] of labels) {
      const { spec } = named('Service', name);
      expect(spec.selector).toEqual(label);
      expect(named('StatefulSet', name).spec.selector.matchLabels).toEqual(label);
      expect(named('NetworkPolicy', name).spec.podSelector.matchLabels).toEqual(label);
      const ports = containerOf(name).ports.map(({ name: port }) => port);
      expect(spec.ports.map(({ targetPort }) => targetPort).toSorted()).toEqual(ports.toSorted());
      const allowed = named('NetworkPolicy', name).spec.ingress.flatMap((rule) =>
        rule.ports.map(({ port }) => port),
      );
      expect(allowed.map(String).toSorted()).toEqual(ports.toSorted());
    }
    const standard = readSettings({}).settings.http.port;
    expect(containerOf(AGGREGATOR).ports).toEqual([{ name: 'http', containerPort: standard }]);
    expect(read('Dockerfile')).toMatch(new RegExp(`AS federation\n[^]*EXPOSE ${standard} `));
    const [toBroker] = named('NetworkPolicy', AGGREGATOR).spec.egress;
    expect(toBroker?.to?.[0]?.podSelector.matchLabels).toEqual(labels.get('nats'));
    const monitor = named('ServiceMonitor', AGGREGATOR);
    expect(monitor.spec.selector.matchLabels).toEqual(named('Service', AGGREGATOR).metadata.labels);
    const prometheus = parse(read('deploy/prometheus.yml')) as {
      readonly scrape_configs: readonly { readonly job_name: string }[];
      readonly global: { readonly scrape_interval: string };
    };
    // The operator makes the label `job` of the service's name.
    expect(prometheus.scrape_configs.map(({ job_name }) => job_name)).toContain(AGGREGATOR);
    const interval = prometheus.global.scrape_interval;
    expect(monitor.spec.endpoints).toEqual([{ port: 'http', path: '/metrics', interval }]);
  });

  it('kubernetes - the broker is that of Compose, with its configuration; the rules are those of deploy/alerts.yml', () => {
    const compose = parse(read('docker-compose.yml')) as { services: { nats: { image: string } } };
    expect(containerOf('nats').image).toBe(compose.services.nats.image);
    expect(named('ConfigMap', 'nats').data).toEqual({ 'nats.conf': read('deploy/nats/nats.conf') });
    expect(containerOf('nats').args).toEqual(['-c', '/etc/nats/nats.conf']);
    const alerts = parse(read('deploy/alerts.yml')) as { groups: unknown };
    expect(named('PrometheusRule', AGGREGATOR).spec.groups, 'run sh scripts/kubernetes-files.sh').toEqual(
      alerts.groups,
    );
    const numbers = containerOf('nats').ports.map(({ containerPort }) => containerPort);
    const configured = [...read('deploy/nats/nats.conf').matchAll(/^\s*port: (\d+)$/gm)].map(([, port]) =>
      Number(port),
    );
    expect(configured).toEqual(numbers);
    const page = /^http: "(.*)"$/m.exec(read('deploy/nats/nats.conf'))?.[1];
    const { startupProbe, livenessProbe, readinessProbe } = containerOf('nats');
    for (const { exec } of [startupProbe, livenessProbe, readinessProbe])
      expect(exec?.command.at(-1)).toBe(`http://${page}/healthz`);
  });

  it('kubernetes - the script makes the two files that repeat others, byte for byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubernetes-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const made = ['nats-configmap.yaml', 'monitoring/prometheusrule.yaml'].map((name) => `${FOLDER}/${name}`);
    mkdirSync(join(folder, FOLDER, 'monitoring'), { recursive: true });
    for (const name of ['scripts/kubernetes-files.sh', 'deploy/nats/nats.conf', 'deploy/alerts.yml'])
      cpSync(join(ROOT, name), join(folder, name));
    execFileSync('sh', [join(folder, 'scripts/kubernetes-files.sh')]);
    for (const name of made) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(read(name));
  });
});

describe('kubernetes - in use', () => {
  beforeAll(() => Object.assign(process.env, PASSWORDS));
  afterAll(() => {
    for (const name of Object.keys(PASSWORDS)) Reflect.deleteProperty(process.env, name);
  });

  it('kubernetes - with these settings and this broker the program becomes ready, and the probes are answered', async () => {
    const own = await testFolder('kubernetes');
    const { file } = await writeBroker(own.folder, named('ConfigMap', 'nats').data?.['nats.conf'] ?? '');
    const broker = await launchBroker({ port: await freePort(), configurationFile: file });
    const { NATS_URL: _address, ...others } = settings();
    const secret = { NATS_AGGREGATOR_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD };
    const program = launch(at(broker.url, own, { ...others, ...secret }));
    await program.ready();
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(AGGREGATOR);
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      expect(httpGet?.port).toBe('http');
      expect((await program.get(httpGet?.path ?? '')).status).toBe(200);
    }
    expect([livenessProbe.httpGet?.path, readinessProbe.httpGet?.path]).toEqual(['/livez', '/readyz']);
    expect((await program.get('/readyz')).body).toMatchObject({ mode: 'jetstream' });
  });
});
