// Every way to reach a broker that NATS_URL and its companions offer, each against a real nats-server that demands it,
// and the behaviour when the broker cannot be reached for a while.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectBroker, type NatsOptions } from '../../../src/io/nats.ts';
import type { Aggregator } from '../../support/aggregator.ts';
import { type Authority, type Certificate, makeAuthority } from '../../support/certificates.ts';
import { expectConserved } from '../../support/conservation.ts';
import type { OwnFolder } from '../../support/embedded.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import {
  invoiceCreated,
  nodeLeft,
  type Publication,
  taskCompleted,
  taskReceived,
} from '../../support/messages.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { createOperator } from '../../support/nats-jwt.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { anonymousAt } from '../../support/anonymous.ts';

/**
 * docs/federation.md#readiness: the time to ready after the broker's return, and the longest time between two attempts.
 */
const RETURN_TIME_MAX_MS = 5000;
const RETRY_DELAY_MAX_MS = 2000;
const PASSWORD = 'correct-horse-7391';
const WRONG_PASSWORD = 'wrong-horse-8264';

const SOME: readonly Publication[] = [
  taskReceived(1),
  taskCompleted(1, true),
  taskReceived(2),
  taskReceived(2),
  invoiceCreated(1),
  nodeLeft('node-0002'),
];
const THEIR_STATISTICS = { totalTasks: 2, completedTasks: 1, totalInvoices: 1, totalNodes: 2 };

let folder: string;
let authority: Authority;
let stranger: Authority;
let server: Certificate;
let client: Certificate;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aggregator-certificates-'));
  authority = makeAuthority(folder, 'authority');
  stranger = makeAuthority(folder, 'stranger');
  server = authority.sign('server', { server: 'IP:127.0.0.1,DNS:localhost' });
  client = authority.sign('client', 'client');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A block of a server's configuration. */
function tlsBlock(wanted: 'any client' | 'certified clients', certificate = server): string {
  const { certFile, keyFile } = certificate;
  const verify = wanted === 'certified clients' ? `, ca_file: "${authority.caFile}", verify: true` : '';
  return `tls { cert_file: "${certFile}", key_file: "${keyFile}"${verify} }`;
}

interface Place {
  readonly own: OwnFolder;
  /** Starts a server on the place's port, with the place's stream. */
  serve(configuration?: string): Promise<NatsServer>;
  readonly port: number;
  readonly wsPort: number;
}

/** A folder for one program and one server. */
async function place(name: string): Promise<Place> {
  const own = { ...(await testFolder(name)) };
  const env = { ...own.env, PUBLISH_INTERVAL: '200' };
  return { own: { ...own, env }, wsPort: own.wsPort, ...(await room(own, 'broker')) };
}

async function room(own: OwnFolder, name: string): Promise<Pick<Place, 'serve' | 'port'>> {
  const port = await freePort();
  const configurationFile = join(own.folder, `${name}.conf`);
  return {
    port,
    serve(configuration = '') {
      writeFileSync(configurationFile, configuration);
      return launchBroker({ port, storeFolder: join(own.folder, `${name}-store`), configurationFile });
    },
  };
}

/** A monitor: it sends messages, and hears the statistics. */
async function monitor(broker: NatsServer, options: ConnectionOptions = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: broker.url, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** Resolves with the first published statistics that match these. */
async function published(
  connection: NatsConnection,
  statistics: Readonly<Record<string, number>>,
): Promise<Record<string, unknown>> {
  const subscription = connection.subscribe('truebit.stats.aggregated');
  for await (const message of subscription) {
    const { data } = message.json<{ data: Record<string, unknown> }>();
    if (Object.entries(statistics).every(([name, value]) => data[name] === value)) return data;
  }
  throw new Error('the connection ended before the statistics came');
}

/** Sends some messages, and waits until they show over HTTP and NATS; then ends the program. */
async function expectService(program: Aggregator, connection: NatsConnection): Promise<void> {
  await program.ready();
  expect((await program.get('/readyz')).body['mode']).toBe('jetstream');
  const statistics = published(connection, THEIR_STATISTICS);
  await send(connection, SOME);
  await counted(program, SOME.length);
  await shown(program, THEIR_STATISTICS);
  await statistics;
  await expectConserved(program);
  expect(await program.stop()).toBe(0);
}

/** Waits for a reason in `/readyz`, and checks that the program is up but not ready. */
async function expectKeptOut(program: Aggregator, reason: RegExp): Promise<void> {
  const { status, body } = await until(`the reason ${String(reason)}`, async () => {
    const answer = await program.get('/readyz');
    const { ingest } = answer.body['components'] as { ingest?: { reason?: string } };
    return reason.test(ingest?.reason ?? '') && answer;
  });
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain(PASSWORD);
  expect((await program.get('/livez')).status).toBe(200);
  expect(program.process.exitCode).toBeNull();
}

/**
 * Waits until the program is ready after this number of reconnections; no longer than docs/federation.md#readiness
 * allows.
 */
async function returned(program: Aggregator, reconnections: number): Promise<void> {
  const isBack = async () => {
    const { status } = await program.get('/readyz');
    return status === 200 && linesOf(program, /connected again/).length === reconnections;
  };
  await until(`readiness after ${reconnections} reconnections`, isBack, RETURN_TIME_MAX_MS);
}

function linesOf(program: Aggregator, pattern: RegExp): string[] {
  return program.log.filter(({ msg }) => pattern.test(msg)).map(({ msg }) => msg);
}

/** Checks that no output of the program contains a password. */
function expectSilentInLog(program: Aggregator): void {
  const said = JSON.stringify(program.log) + program.errors();
  for (const secret of [PASSWORD, WRONG_PASSWORD]) expect(said).not.toContain(secret);
}

const nothing: NatsOptions = anonymousAt();

/** Why a connection cannot be made; null if it can. */
async function whyNot(options: NatsOptions): Promise<string | null> {
  let reason: string | null = null;
  const giveUp = new AbortController();
  const connection = await connectBroker(
    'why-not',
    options,
    {
      onConnected: () => undefined,
      onDisconnected: () => undefined,
      onUnreachable(told) {
        reason = told;
        giveUp.abort();
      },
      onRefused: () => undefined,
    },
    giveUp.signal,
  );
  await connection?.close();
  return reason;
}

/** A connection for as long as the test lasts, and the number of its reports by type. */
async function stayConnected(options: Partial<NatsOptions>) {
  const counts = { connected: 0, lost: 0, told: 0 };
  const end = new AbortController();
  const connection = await connectBroker(
    'stay',
    { ...nothing, ...options },
    {
      onConnected: () => counts.connected++,
      onDisconnected: () => counts.lost++,
      onUnreachable: () => counts.told++,
      onRefused: () => undefined,
    },
    end.signal,
  );
  onTestFinished(async () => {
    end.abort();
    await connection?.close();
  });
  return counts;
}

/** The address of a server that accepts connections and sends nothing. */
async function silence(scheme: string): Promise<string> {
  const port = await freePort();
  const sockets: Socket[] = [];
  const listener = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume()));
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return `${scheme}://127.0.0.1:${port}`;
}

describe('connections', () => {
  it('connections - tls:// works with a broker that demands a client certificate, and without one the reason is reported', async () => {
    const { own, serve, port } = await place('mutual');
    const broker = await serve(tlsBlock('certified clients'));
    const url = `tls://127.0.0.1:${port}`;
    const withoutOne = whyNot({ ...nothing, servers: [url], caFile: authority.caFile });
    const files = { caFile: authority.caFile, ...client };
    const settings = { NATS_CA: files.caFile, NATS_CERT: files.certFile, NATS_KEY: files.keyFile };
    await expectService(launch(at(url, own, settings)), await monitor(broker, { tls: files }));
    expect(await withoutOne).toContain('client certificate');
  });

  it('connections - ws:// works with a token', async () => {
    const { own, serve, wsPort } = await place('ws');
    const broker = await serve(
      `websocket { listen: "127.0.0.1:${wsPort}", no_tls: true }
       authorization { token: "${PASSWORD}" }`,
    );
    const program = launch(at(`ws://127.0.0.1:${wsPort}`, own, { NATS_TOKEN: PASSWORD }));
    await expectService(program, await monitor(broker, { token: PASSWORD }));
    expectSilentInLog(program);
  });

  it('connections - wss:// works with a private authority, a client certificate and a password', async () => {
    const { own, serve, wsPort } = await place('wss');
    const broker = await serve(
      `websocket { listen: "127.0.0.1:${wsPort}", ${tlsBlock('certified clients')} }
       authorization { user: aggregator, password: "${PASSWORD}" }`,
    );
    const url = `wss://127.0.0.1:${wsPort}`;
    const { caFile } = authority;
    expect(await whyNot({ ...nothing, servers: [url], caFile })).toMatch(
      /refused the TLS connection: .*certificate/,
    );
    const { certFile, keyFile } = client;
    const settings = { NATS_CA: caFile, NATS_CERT: certFile, NATS_KEY: keyFile, NATS_PASSWORD: PASSWORD };
    const program = launch(at(url, own, settings));
    await expectService(program, await monitor(broker, { user: 'aggregator', pass: PASSWORD }));
    expectSilentInLog(program);
  });

  it('connections - a credentials file works, and one that replaces it while the program runs', async () => {
    const { own, serve } = await place('creds');
    const operator = createOperator();
    const [first, second] = [operator.createUser('first'), operator.createUser('second')];
    const credsFile = join(own.folder, 'aggregator.creds');
    writeFileSync(credsFile, first.credentials);
    let broker = await serve(operator.configuration());
    const program = launch(at(broker.url, own, { NATS_CREDS: credsFile }));
    await program.ready();

    writeFileSync(credsFile, second.credentials);
    await broker.stop();
    broker = await serve(operator.configuration([first]));
    await expect(
      monitor(broker, { authenticator: credsAuthenticator(Buffer.from(first.credentials)) }),
    ).rejects.toThrow('Authorization Violation');
    const authenticator = credsAuthenticator(Buffer.from(second.credentials));
    await returned(program, 1);
    await expectService(program, await monitor(broker, { authenticator }));
  });
});

describe('connections barred', () => {
  it('connections barred - a broker at its limit of connections is reported as such, not as a timeout', async () => {
    const own = await testFolder('full');
    const configurationFile = join(own.folder, 'full.conf');
    writeFileSync(configurationFile, 'max_connections: 1');
    const { url, port } = await launchBroker({ configurationFile });
    // The check whether the broker listens may occupy the only place for a moment.
    await until('the only place', () => connectTo(url, { timeout: 500 }).catch(() => null));
    expect(await whyNot({ ...nothing, servers: [url] })).toBe(
      `127.0.0.1:${port} has as many connections as it may have: raise max_connections there, or end others`,
    );
  });

  it.each(['tls', 'wss'] as const)(
    'connections barred - %s:// with a wrong NATS_CA: the program runs and reports the reason once, and connects when it is right',
    async (scheme) => {
      const { own, serve, port, wsPort } = await place(`unknown-${scheme}`);
      const websocket = `websocket { listen: "127.0.0.1:${wsPort}", ${tlsBlock('any client')} }`;
      const login = `authorization { user: ann, password: "${PASSWORD}" }`;
      const broker = await serve(`${login}\n${scheme === 'wss' ? websocket : tlsBlock('any client')}`);
      const caFile = join(own.folder, 'ca.pem');
      copyFileSync(stranger.caFile, caFile);
      const url = `${scheme}://127.0.0.1:${scheme === 'wss' ? wsPort : port}`;
      const settings = { NATS_CA: caFile, NATS_USER: 'ann', NATS_PASSWORD: PASSWORD };
      const program = launch(at(url, own, settings));
      await expectKeptOut(program, /cannot be reached: unable to verify the first certificate$/);
      expect(linesOf(program, /cannot be reached/)).toEqual([
        `broker: cannot be reached at ${url} (unable to verify the first certificate); trying again until it answers`,
      ]);

      copyFileSync(authority.caFile, caFile);
      await returned(program, 0);
      expect(linesOf(program, /certificate/)).toHaveLength(1);
      const tls = scheme === 'wss' ? null : { caFile };
      await expectService(program, await monitor(broker, { user: 'ann', pass: PASSWORD, tls }));
      expectSilentInLog(program);
    },
  );

  it('connections barred - with a wrong password, at start or after a return, the program runs, reports the reason once, and connects when it is right', async () => {
    const { own, serve } = await place('password');
    const withPassword = (password: string) =>
      serve(`authorization { user: aggregator, password: "${password}" }`);
    let broker = await withPassword(WRONG_PASSWORD);
    const program = launch(at(broker.url, own, { NATS_PASSWORD: PASSWORD }));
    await expectKeptOut(program, /cannot be reached: Authorization Violation$/i);
    expect(linesOf(program, /connection lost/)).toHaveLength(0);

    await broker.stop();
    broker = await withPassword(PASSWORD);
    await returned(program, 0);
    expect(linesOf(program, /Authorization Violation/i)).toHaveLength(1);

    await broker.stop();
    broker = await withPassword(WRONG_PASSWORD);
    await expectKeptOut(program, /cannot be reached: Authorization Violation$/i);
    await broker.stop();
    broker = await withPassword(PASSWORD);
    await returned(program, 1);
    expect(linesOf(program, /Authorization Violation/i)).toHaveLength(2);
    expect(linesOf(program, /connection lost/)).toHaveLength(1);
    expect(await program.metric('aggregator_broker_reconnects_total')).toBe(1);
    await expectService(program, await monitor(broker, { user: 'aggregator', pass: PASSWORD }));
    expectSilentInLog(program);
  });

  it.each([
    ['its address in the certificate', 'tls://127.0.0.1', 'IP:127.0.0.1', null],
    ['its name in the certificate', 'tls://localhost', 'DNS:localhost', null],
    ['another name', 'tls://localhost', 'DNS:broker.example', /localhost/],
    ['a name for its address', 'tls://127.0.0.1', 'DNS:localhost', /127\.0\.0\.1/],
    ['no TLS', 'tls://127.0.0.1', null, /does not support 'tls'/],
    ['its address in the certificate', 'wss://127.0.0.1', 'IP:127.0.0.1', null],
    ['a name for its address', 'wss://127.0.0.1', 'DNS:localhost', /127\.0\.0\.1/],
  ] as const)('connections barred - %s, at %s with %s', async (_, address, names, reason) => {
    const own = await testFolder('names');
    const { serve, port } = await room(own, 'broker');
    const block = names === null ? '' : tlsBlock('any client', authority.sign('names', { server: names }));
    const isWebSocket = address.startsWith('wss');
    await serve(isWebSocket ? `websocket { listen: "127.0.0.1:${own.wsPort}", ${block} }` : block);
    const servers = [`${address}:${isWebSocket ? own.wsPort : port}`];
    // Without NATS_CA only the address demands TLS.
    const caFile = names === null ? null : authority.caFile;
    const told = await whyNot({ ...nothing, servers, caFile });
    expect(told).toEqual(reason === null ? null : expect.stringMatching(reason));
  });

  it('connections barred - wss:// renewed files are used while the program runs, half-written ones are not, and a silent server is given up', async () => {
    const own = await testFolder('renewed');
    const { serve } = await room(own, 'broker');
    const serveSigned = (by: Authority) => {
      const block = tlsBlock('certified clients', by.sign('renewed', { server: 'IP:127.0.0.1' }));
      return serve(`websocket { listen: "127.0.0.1:${own.wsPort}", ${block} }`);
    };
    const [caFile, certFile] = [join(own.folder, 'ca.pem'), join(own.folder, 'client.pem')];
    copyFileSync(authority.caFile, caFile);
    copyFileSync(client.certFile, certFile);
    let broker = await serveSigned(authority);
    const servers = [`wss://127.0.0.1:${own.wsPort}`];
    const counts = await stayConnected({ servers, caFile, certFile, keyFile: client.keyFile });
    const unanswered = whyNot({ ...nothing, servers: [await silence('wss')] });

    writeFileSync(certFile, '-----BEGIN CERTIFICATE-----\nMII');
    await broker.stop();
    broker = await serveSigned(authority);
    await until('the return', () => counts.connected === 2, RETURN_TIME_MAX_MS);
    copyFileSync(client.certFile, certFile);
    copyFileSync(stranger.caFile, caFile);
    await broker.stop();
    await serveSigned(stranger);
    await until('the return under another authority', () => counts.connected === 3, RETURN_TIME_MAX_MS);
    expect(counts).toEqual({ connected: 3, lost: 2, told: 0 });
    expect(await unanswered).toBe('timeout');
  });
});

describe('connections failover', () => {
  it('connections failover - on JetStream the second broker is a new incarnation, and the first one is recognised again', async () => {
    const { own, port: firstPort, serve: serveFirst } = await place('incarnations');
    const { port: secondPort, serve: serveSecond } = await room(own, 'second');
    const [firstServer, secondServer] = [await serveFirst(), await serveSecond()];
    const program = launch(at(`nats://127.0.0.1:${firstPort},nats://127.0.0.1:${secondPort}`, own));
    const positions = () => rowsOf(own.databasePath, 'SELECT * FROM ingest_position ORDER BY rowid');
    const tasks = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => taskReceived(from + index));
    await program.ready();
    await send(await monitor(firstServer), tasks(0, 10));
    await counted(program, 10);

    await firstServer.stop();
    await returned(program, 1);
    const onSecond = await monitor(secondServer);
    const statistics = published(onSecond, { totalTasks: 20 });
    // Three messages that the first broker had already delivered.
    await send(onSecond, [...tasks(10, 20), ...tasks(0, 3)]);
    await counted(program, 23);
    await statistics;
    expect(positions()).toMatchObject([
      { first_seq: 1, last_seq: 10, applied: 10, duplicate: 0, lost: 0 },
      { first_seq: 1, last_seq: 13, applied: 10, duplicate: 3, lost: 0 },
    ]);

    const firstAgain = await serveFirst();
    const onFirst = await monitor(firstAgain);
    await send(onFirst, tasks(20, 25));
    await secondServer.stop();
    await counted(program, 28);
    const [first, second, ...others] = positions();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ first_seq: 1, last_seq: 15, applied: 15, duplicate: 0, lost: 0 });
    expect(second).toMatchObject({ first_seq: 1, last_seq: 13, applied: 10, duplicate: 3, lost: 0 });
    expect(first?.['incarnation']).not.toBe(second?.['incarnation']);
    await published(onFirst, { totalTasks: 25 });
    await shown(program, { totalTasks: 25 });
    await returned(program, 2);
    await until('the count', async () => (await program.metric('aggregator_broker_reconnects_total')) === 2);
    expect(await program.metric('aggregator_messages_total', 'outcome="replayed"')).toBe(0);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('connections failover - on ws:// and plain NATS counting continues at the second broker, and its silence does not delay the end of the program', async () => {
    const { own, wsPort: firstPort } = await place('plain');
    const secondPort = await freePort();
    const listen = async (port: number) => {
      const configurationFile = join(own.folder, `${port}.conf`);
      writeFileSync(configurationFile, `websocket { listen: "127.0.0.1:${port}", no_tls: true }`);
      return launchBroker({ configurationFile });
    };
    const [first, second] = [await listen(firstPort), await listen(secondPort)];
    const program = launch(at(`ws://127.0.0.1:${firstPort},ws://127.0.0.1:${secondPort}`, own));
    await program.ready();
    await send(await monitor(first), [taskReceived(1), taskReceived(2)]);
    await counted(program, 2);
    await first.stop();
    await returned(program, 1);
    const connection = await monitor(second);
    const statistics = published(connection, { totalTasks: 3 });
    await send(connection, [taskReceived(2), taskReceived(3)]);
    await counted(program, 4);
    await statistics;
    expect(await program.metric('aggregator_messages_total', 'outcome="duplicate"')).toBe(1);
    expect(linesOf(program, /connection lost/)).toHaveLength(1);
    expect(rowsOf(own.databasePath, 'SELECT * FROM ingest_position')).toEqual([]);
    await expectConserved(program);
    // A broker that does not answer the closing handshake cannot keep the program from ending.
    second.process.kill('SIGSTOP');
    expect(await program.stop()).toBe(0);
  });

  it('connections failover - attempts are at most 2 s apart, at random intervals, and soon find the broker again', async () => {
    const own = await testFolder('delay');
    const { serve, port } = await room(own, 'broker');
    const broker = await serve();
    const counts = await stayConnected({ servers: [broker.url] });
    await broker.stop();
    // Both ends are in this process, so the test allows for the delay of its event loop.
    const heldUp = monitorEventLoopDelay({ resolution: 10 });
    heldUp.enable();
    const attemptsAtMs: number[] = [];
    const hangUp = createServer((socket) => {
      attemptsAtMs.push(performance.now());
      socket.destroy();
    });
    await new Promise<void>((resolve) => hangUp.listen(port, '127.0.0.1', resolve));
    await until('four attempts', () => attemptsAtMs.length >= 4);
    await new Promise((resolve) => hangUp.close(resolve));
    const gapsMs = attemptsAtMs.slice(1).map((atMs, index) => Math.round(atMs - (attemptsAtMs[index] ?? 0)));
    heldUp.disable();
    expect(Math.max(...gapsMs)).toBeLessThanOrEqual(RETRY_DELAY_MAX_MS + heldUp.max / 1e6);
    expect(new Set(gapsMs).size).toBeGreaterThan(1);
    // After the report of the loss, the absence itself is not reported again.
    expect(counts).toEqual({ connected: 1, lost: 1, told: 0 });

    await serve();
    await until('the return', () => counts.connected === 2, RETURN_TIME_MAX_MS);
    expect(counts.lost).toBe(1);
  });
});
