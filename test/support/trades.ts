// The trades service and its reference backend as child processes, a client as deployed ones are, and a backend of the
// test whose answers a test chooses.

import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Aggregator, startAggregator } from './aggregator.ts';
import { until } from './until.ts';

/** A fresh folder with a signing key. */
export interface TradesPlace {
  readonly folder: string;
  readonly keyFile: string;
  readonly publicKey: KeyObject;
}

/** Makes the folder; it is removed after the test. */
export function tradesPlace(name: string): TradesPlace {
  const folder = mkdtempSync(join(tmpdir(), `trades-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keyFile = join(folder, 'ed25519_private.key');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { folder, keyFile, publicKey };
}

/** Lets a program end with the test. */
function ending(program: Aggregator): Aggregator {
  onTestFinished(async () => {
    if (program.process.exitCode !== null || program.process.signalCode !== null) return;
    program.process.kill('SIGKILL');
    await program.exit;
  });
  return program;
}

/** The running service. */
export interface TradesProgram extends Aggregator {
  /** The address of the jobs API. */
  readonly api: string;
}

/** Starts the service in the folder and waits until it is ready. */
export async function startTrades(
  place: TradesPlace,
  env: Readonly<Record<string, string>>,
): Promise<TradesProgram> {
  const program = ending(
    startAggregator({ HTTP_PORT: '', AGGREGATOR_PORT: '0', AGGREGATOR_WS_PORT: '0', ...env }, undefined, {
      args: ['trades'],
      cwd: place.folder,
      urlLine: 'jobs API: ',
    }),
  );
  const api = await program.url();
  await until('the service', async () => {
    if (program.process.exitCode !== null) throw new Error(`the service ended: ${program.errors()}`);
    return (await fetch(`${api}/readyz`).catch(() => null))?.status === 200;
  });
  return { ...program, api };
}

/** Starts the reference backend in the folder, with the key of the place; resolves with its address too. */
export async function startIngestServer(
  place: TradesPlace,
  port: number,
): Promise<Aggregator & { readonly address: string }> {
  const keys = join(place.folder, 'public.pem');
  writeFileSync(keys, place.publicKey.export({ type: 'spki', format: 'pem' }));
  const program = ending(
    startAggregator({ HTTP_PORT: '', INGEST_PORT: String(port) }, undefined, {
      args: ['ingest-server', '--keys', keys],
      cwd: place.folder,
      urlLine: 'ingest: takes summaries at ',
    }),
  );
  return { ...program, address: new URL(await program.url()).origin };
}

/** A summary as a backend received it. */
export interface ReceivedSummary {
  readonly body: string;
  readonly key: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What the backend of a test answers to one request; `silent` never answers. */
export type BackendAnswer =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'silent'
  | 'reset';

/** A backend whose answers the test chooses; it keeps what it received. */
export class TestBackend {
  readonly received: ReceivedSummary[] = [];
  /** Decides each answer; by default 200 for a new digest and 409 for a known one. */
  answer: (summary: ReceivedSummary, count: number) => BackendAnswer = (summary, count) => ({
    status: count === 1 ? 200 : 409,
    body: JSON.stringify({ ok: true, digest: summary.key }),
  });
  readonly #server: Server;
  url = '';

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}`;
    onTestFinished(() => this.stop());
    return this;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Digests in the order in which they came first. */
  get digests(): readonly string[] {
    return [...new Set(this.received.map(({ key }) => key ?? ''))];
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const key = request.headers['idempotency-key'];
    const summary: ReceivedSummary = {
      body,
      key: typeof key === 'string' ? key : undefined,
      headers: request.headers,
      payload: JSON.parse(body) as Readonly<Record<string, unknown>>,
    };
    this.received.push(summary);
    const count = this.received.filter((other) => other.key === summary.key).length;
    const answer = this.answer(summary, count);
    if (answer === 'silent') return;
    if (answer === 'reset') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body ?? '');
  }
}

/** A backend of the test that ends with it. */
export const startTestBackend = (): Promise<TestBackend> => new TestBackend().start();

/** The key of a JWK set's first member. */
export function keyOf(jwk: Readonly<Record<string, string>>): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** A trade as clients send it. */
export interface WireTrade {
  readonly symbol: string;
  readonly price: number | string;
  readonly size: number | string;
  readonly side: string;
  readonly timestamp: number;
  readonly fee?: number | string;
  readonly fee_currency?: string;
  readonly trade_id?: string;
}

/** The five sample trades. */
export const SAMPLES: readonly WireTrade[] = (
  [
    [100, 0.5, '2025-01-01T10:05:00.000Z', 0.02],
    [101, 0.4, '2025-01-01T10:20:00.000Z', 0.02],
    [102, 0.3, '2025-01-01T10:50:00.000Z', 0.02],
    [103, 0.6, '2025-01-01T11:10:00.000Z', 0.03],
    [104, 0.7, '2025-01-01T11:40:00.000Z', 0.03],
  ] as const
).map(([price, size, time, fee]) => ({
  symbol: 'ETHUSDT',
  price,
  size,
  side: 'buy',
  timestamp: Date.parse(time),
  fee,
}));

/** An open connection of a job; `frames` are the texts that came. */
export class JobSocket {
  readonly frames: string[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data: Buffer) => this.frames.push(data.toString()));
    this.#socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      this.#socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    onTestFinished(() => this.#socket.terminate());
  }

  send(text: string | Buffer): void {
    this.#socket.send(text);
  }

  /** Waits until this number of frames has come, the welcome included. */
  async came(count: number, timeoutMs?: number): Promise<readonly string[]> {
    await until(`${count} frames`, () => this.frames.length >= count, timeoutMs);
    return this.frames;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A job of the service, used as the documents of deployed clients say. */
export class TestJob {
  readonly api: string;
  readonly id: string;
  readonly wsUrl: string;
  readonly token: string | null;

  constructor(api: string, opened: Readonly<Record<string, unknown>>) {
    this.api = api;
    this.id = String(opened['job_id']);
    this.wsUrl = String(opened['ws_url']);
    this.token = typeof opened['token'] === 'string' ? opened['token'] : null;
  }

  /** Opens a job; `body` is sent as JSON. */
  static async open(api: string, body?: object): Promise<TestJob> {
    const json = { 'content-type': 'application/json' };
    const answer = await fetch(`${api}/jobs`, {
      method: 'POST',
      ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }),
    });
    if (answer.status !== 200) throw new Error(`POST /jobs: ${answer.status} ${await answer.text()}`);
    return new TestJob(api, (await answer.json()) as Readonly<Record<string, unknown>>);
  }

  /** Sends trades over one connection and waits for an answer to each. */
  async send(trades: readonly WireTrade[], timeoutMs?: number): Promise<readonly string[]> {
    const socket = new JobSocket(this.wsUrl);
    await socket.came(1);
    for (const data of trades) socket.send(JSON.stringify({ type: 'trade', data }));
    const frames = await socket.came(1 + trades.length, timeoutMs);
    socket.close();
    return frames.slice(1);
  }

  async process(): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    return this.#ask('POST', '/process');
  }

  async get(): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    return this.#ask('GET', '');
  }

  async #ask(method: string, path: string) {
    const answer = await fetch(`${this.api}/jobs/${this.id}${path}`, { method });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  }
}
