import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { statusCommand } from '../../../src/cli/status.ts';
import { screenOf, STATUS_VIEW, statusOf } from '../../../src/federation/cli/status.ts';
import { parsePrometheusText } from '../../../src/lib/prometheus-text.ts';
import { freePort } from '../../support/free-port.ts';
import { runCommand } from '../../support/command.ts';
import { launch, testFolder } from '../../support/program.ts';

const READY = { ok: true };
const SAMPLES = parsePrometheusText(`
aggregator_build_info{version="9.8.7",node="v24"} 1
process_start_time_seconds 1000
aggregator_nodes{state="online"} 12
aggregator_nodes{state="stale"} 0
aggregator_nodes{state="offline"} 3456
aggregator_messages_received_total{subject="truebit.heartbeat"} 1200
aggregator_messages_received_total{subject="other"} 34
aggregator_messages_total{subject="truebit.heartbeat",outcome="applied"} 1200
aggregator_messages_total{subject="other",outcome="rejected"} 34
aggregator_messages_total{subject="other",outcome="shed"} 0
aggregator_messages_rejected_total{subject="other",reason="not_json"} 34
aggregator_messages_lost_total 7
aggregator_ingest_lag_seconds 0.25
aggregator_pending_messages 5
aggregator_last_publish_timestamp_seconds 8188
aggregator_db_size_bytes 12345678
process_resident_memory_bytes 2100000000
aggregator_log_lines_dropped_total 1200
`);

describe('status', () => {
  it('status - the screen', () => {
    const components = { database: READY, ingest: { ok: false, reason: 'the broker cannot be reached' } };
    const readiness = { status: 'not_ready', mode: 'jetstream', catchingUp: true, components };
    expect(screenOf(statusOf(readiness, SAMPLES, 8200), 'http://here:1')).toBe(
      `program    9.8.7 at http://here:1, up 2 h 0 min
ready      NO, JetStream, catching up
           ingest: the broker cannot be reached
nodes      online 12, stale 0, offline 3,456
received   1,234, and 7 LOST
outcomes   applied 1,200, rejected 34
rejected   not_json 34
lag        0.3 s, 5 waiting in the stream
published  12 s ago
database   12.3 MB
memory     2.10 GB
log        1,200 lines could not be written
`,
    );
  });

  it('status - no answer, or an answer of another program, gives one sentence', async () => {
    const server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const asking = (url: string) =>
      statusCommand(STATUS_VIEW).run({ name: 'status', args: ['--http', url], env: {} });
    await expect(asking(`http://127.0.0.1:${port}`)).rejects.toThrow(/not an aggregator\.$/);
    await expect(asking('http://127.0.0.1:9')).rejects.toThrow(/^Nothing answers/);
    await expect(asking('file:///etc')).rejects.toThrow(/^--http: must be/);
  });

  it.each([
    [8200, '12 s ago', 'up 2 h 0 min'],
    [8186, '0 s ago', 'up 1 h 59 min'],
    [8100, '1 min in the future: the clock of the program was set back since', 'up 1 h 58 min'],
    [
      900,
      '2 h 1 min in the future: the clock of the program was set back since',
      'up 0 s (its clock was set back since it started)',
    ],
  ])('status - with the program at second %i it shows %s', (nowSeconds, published, up) => {
    const status = statusOf(
      { status: 'ready', mode: 'core', catchingUp: false, components: {} },
      SAMPLES,
      nowSeconds,
    );
    const screen = screenOf(status, 'http://here:1');
    expect(screen).toContain(`\npublished  ${published}\n`);
    expect(screen).toContain(`, ${up}\n`);
  });

  it('status - it asks below the given path, and computes ages by the clock of the answering program', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.setHeader('date', new Date(8_200_000).toUTCString());
      response.end(
        request.url?.endsWith('readyz') === true
          ? JSON.stringify({ status: 'ready', mode: 'core', catchingUp: false, components: {} })
          : 'process_start_time_seconds 1000\naggregator_last_publish_timestamp_seconds 8188\n',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    for (const path of ['/aggregator', '/aggregator/']) {
      const { stdout } = await runCommand(['status', '--json', '--http', `http://127.0.0.1:${port}${path}`]);
      expect(JSON.parse(stdout)).toMatchObject({ uptimeSeconds: 7200, lastPublicationSeconds: 12 });
    }
    expect(asked).toHaveLength(4);
    expect(new Set(asked)).toEqual(new Set(['/aggregator/metrics', '/aggregator/readyz']));
  });

  it('status - it asks the program at its listening address, without a proxy, however that address is written', async () => {
    const dead = 'http://127.0.0.1:9';
    const proxies = {
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: dead,
      http_proxy: dead,
      NO_PROXY: 'elsewhere.example',
    };
    const asked = ['127.0.0.1', '0.0.0.0', '::1', '::', 'localhost'].map(async (host) => {
      const port = String(await freePort());
      const written = { HTTP_HOST: ` ${host} `, HTTP_PORT: ` ${port}\t`, ...proxies };
      const { env } = await testFolder('status');
      const program = launch({ ...env, ...written, EMBEDDED_NATS: ' OFF ', NATS_URL: 'nats://127.0.0.1:9' });
      await program.url();
      const url = `http://${host === '::1' ? '[::1]' : '127.0.0.1'}:${port}`;
      expect(await runCommand(['status', '--live'], written)).toEqual({
        code: 0,
        stdout: `live: ${url}\n`,
        stderr: '',
      });
      // It is not ready: there is no broker.
      const { code, stdout } = await runCommand(['status', '--json'], written);
      expect([code, JSON.parse(stdout)]).toMatchObject([1, { ready: false }]);
      const named = await runCommand(['status', '--live', '--json', '--http', `${url}/`], proxies);
      expect(named).toEqual({ code: 0, stdout: '{"live":true}\n', stderr: '' });
    });
    await Promise.all(asked);
  });

  it('status - it also reaches a port that fetch blocks', async () => {
    const server = createServer((_request, response) => response.end('{"status":"ok"}'));
    onTestFinished(() => void server.close());
    const listens = (port: number) =>
      new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => resolve(true));
      });
    for (const port of [6000, 6566, 6665, 6697, 10_080]) {
      if (!(await listens(port))) continue;
      const env = { HTTP_PORT: String(port) };
      expect(await runCommand(['status', '--live'], env)).toMatchObject({ code: 0, stderr: '' });
      return;
    }
    throw new Error('none of the ports is free');
  });

  it('status - wrong settings, no answer, and an answer of another program have the exit codes of the help', async () => {
    const port = String(await freePort());
    const cases = [
      [{ HTTP_PORT: '"80"' }, 2, /HTTP_PORT .*\[settings_invalid\]\n$/],
      [{ HTTP_PORT: '0' }, 2, /^HTTP_PORT 0: .*\[usage\]\n$/],
      [{ HTTP_PORT: port }, 2, /^Nothing answers at .*\[no_answer\]\n$/],
    ] as const;
    for (const [env, code, sentence] of cases) {
      const screen = await runCommand(['status'], env);
      expect([screen.code, screen.stdout, screen.stderr]).toEqual([
        code,
        '',
        expect.stringMatching(sentence),
      ]);
      expect((await runCommand(['status', '--live'], env)).code).toBe(1);
    }
  });

  it('status - it shows the running program, as text and as JSON', async () => {
    const program = launch((await testFolder('status')).env);
    await program.ready();
    const http = ['--http', await program.url()];
    const text = await runCommand(['status', ...http]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^ready +yes, JetStream$/m);
    const json = await runCommand(['status', '--json', ...http]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ready: true,
      mode: 'jetstream',
      problems: [],
      received: 0,
    });
  });
});
