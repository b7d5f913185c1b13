// A door on a port of its own with parts that a test may change, and a client that writes bytes to a socket.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../src/lib/clock.ts';
import type { SubmitAnswer } from '../../../src/mining/domain/answer.ts';
import type { Peer, Submission } from '../../../src/mining/domain/submission.ts';
import type { DoorParts } from '../../../src/mining/sources/door-routes.ts';
import { type DoorOptions, MinerDoor } from '../../../src/mining/sources/miner-door.ts';

/** What a node sends, with a member that this program does not know. */
export const INFORMATION =
  '{"generation_signature":"9821beb3b34d9a3b30127c05f8d1e9006f8a02f565a3572145134bbe34d37a76","base_target":36650387592,"height":12345,"block_hash":"000abc","target_quality":18446744073709551615,"fee":0.10}';

/** What the parts of a door were told, and what they answer. */
export interface Told {
  readonly submissions: Submission[];
  readonly peers: Peer[];
  readonly failures: unknown[];
  notifications: number;
  information: () => string | null | Promise<string | null>;
  submit: (submission: Submission, peer: Peer) => SubmitAnswer | Promise<SubmitAnswer>;
  stats: () => Promise<string>;
  seen: (peer: Peer) => Peer;
}

export interface OpenDoor extends AsyncDisposable {
  readonly door: MinerDoor;
  readonly told: Told;
  readonly url: string;
  readonly port: number;
  /** Writes bytes to a new connection. */
  connect(): Promise<Client>;
}

function newTold(): Told {
  return {
    submissions: [],
    peers: [],
    failures: [],
    notifications: 0,
    information: () => INFORMATION,
    submit: () => ({ type: 'accepted', pocTime: 134n }),
    stats: async () => '{"uniqueMiners":0}',
    seen: (peer) => peer,
  };
}

/** A door for 127.0.0.1 that is not started. */
export function makeDoor(
  options: Partial<DoorOptions>,
  parts: Partial<DoorParts> = {},
  told: Told = newTold(),
): MinerDoor {
  return new MinerDoor(
    {
      host: '127.0.0.1',
      port: 0,
      setting: 'server.listen_address',
      auth: null,
      tls: null,
      trustedProxies: [],
      connectionsMax: 1_000,
      ...options,
    },
    {
      clock: systemClock,
      information: () => told.information(),
      submit: async (submission, peer) => {
        told.submissions.push(submission);
        return told.submit(submission, peer);
      },
      seen: (peer) => {
        told.peers.push(peer);
        return told.seen(peer);
      },
      failed: (error) => void told.failures.push(error),
      notify: () => void (told.notifications += 1),
      stats: () => told.stats(),
      probe: (path) => ({ status: 200, contentType: 'text/plain', body: `${path}\n` }),
      ...parts,
    },
  );
}

/** Starts a door on 127.0.0.1; it stops at the end of the test's block. */
export async function openDoor(
  options: Partial<DoorOptions> = {},
  parts: Partial<DoorParts> = {},
): Promise<OpenDoor> {
  const told = newTold();
  const door = makeDoor(options, parts, told);
  const { url } = await door.start();
  const port = Number(new URL(url).port);
  const clients: Client[] = [];
  let isStopped = false;
  return {
    door,
    told,
    url,
    port,
    async connect() {
      const client = await Client.open(port);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.socket.destroy();
      if (!isStopped) await door.stop();
      isStopped = true;
    },
  };
}

/** An HTTP answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The bytes of a request for JSON-RPC. */
export function post(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  path = '/',
): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries({
    host: 'door',
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}

/** A connection that is read answer by answer. */
export class Client {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  /** True when the server has closed. */
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#close());
    socket.on('end', () => this.#close());
  }

  static async open(port: number): Promise<Client> {
    const socket = connect(port, '127.0.0.1');
    const client = new Client(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Sends bytes, and reads the answer to them. */
  async ask(bytes: string | Uint8Array): Promise<RawAnswer> {
    this.socket.write(bytes);
    return this.answer();
  }

  /** The next answer; rejects if the server closes before it is whole. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== null) return answer;
      if (this.isClosed) throw new Error('closed without an answer');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves when the server has closed. */
  async closed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #close(): void {
    this.isClosed = true;
    this.#wake?.();
  }

  #take(): RawAnswer | null {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const [first = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
    if (this.#received.length < bodyEnd) return null;
    const body = this.#received.subarray(end + 4, bodyEnd).toString('utf8');
    this.#received = this.#received.subarray(bodyEnd);
    return { status: Number(first.split(' ')[1]), headers, body };
  }
}
