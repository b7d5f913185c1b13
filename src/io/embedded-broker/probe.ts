// Finds out what listens at an address by the first lines of the NATS protocol. It keeps no connection. Of a foreign
// server's text it logs only the name, shortened and cleaned.

import { connect, type Socket } from 'node:net';

const ANSWER_TIMEOUT_MS = 1_000;
const ANSWER_BYTES_MAX = 65_536;
const NAME_LENGTH_MAX = 64;

/** Host and port; for a wildcard host the probe connects to the loopback address of its family. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What listens at an address. `name` and `version` are the server's own text, cleaned. */
export type Finding =
  | { readonly type: 'nothing' }
  | { readonly type: 'not_nats' }
  | { readonly type: 'nats'; readonly name: string; readonly version: string };

/** Connects, reads the greeting that every NATS server sends first, and disconnects. */
export async function probe(address: Address): Promise<Finding> {
  const { connected, text } = await converse(address, [], (received) => received.includes('\n'));
  if (!connected) return { type: 'nothing' };
  return parseGreeting(text) ?? { type: 'not_nats' };
}

/**
 * True if the server refuses every new connection because it has its maximum. False also if it does not say so in time.
 */
export async function isFull(address: Address): Promise<boolean> {
  const { text } = await converse(address, [], (received) => received.includes('\r\n-ERR'));
  return /\r\n-ERR '?maximum connections exceeded/i.test(text);
}

/** True if the server has this name and accepts the password. False also if it does not answer in time. */
export async function takesLogin(
  address: Address,
  name: string,
  user: string,
  password: string,
): Promise<boolean> {
  const login = JSON.stringify({
    user,
    pass: password,
    verbose: false,
    pedantic: false,
    protocol: 1,
    lang: 'probe',
  });
  const isAnswered = (received: string): boolean => /\r\n(PONG|-ERR)/.test(received);
  const { text } = await converse(address, [`CONNECT ${login}\r\n`, 'PING\r\n'], isAnswered);
  const greeting = parseGreeting(text);
  return (
    greeting?.type === 'nats' &&
    greeting.name === name &&
    text.includes('\r\nPONG') &&
    !text.includes('\r\n-ERR')
  );
}

/** Reads the greeting `INFO {…}`; null if the text is another. */
export function parseGreeting(text: string): Finding | null {
  const match = /^INFO (\{.*\})\s*$/m.exec(text.split('\n', 1)[0] ?? '');
  if (match === null) return null;
  try {
    const { server_name: name, version } = JSON.parse(match[1] ?? '') as Record<string, unknown>;
    return { type: 'nats', name: cleaned(name), version: cleaned(version) };
  } catch {
    return null;
  }
}

function cleaned(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[^\w.:-]/g, '?').slice(0, NAME_LENGTH_MAX) : '';
}

/** The address at which to reach a server that listens on `host`: loopback for a wildcard. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function converse(
  { host, port }: Address,
  words: readonly string[],
  isEnough: (received: string) => boolean,
): Promise<{ connected: boolean; text: string }> {
  return new Promise((resolve) => {
    let connected = false;
    let text = '';
    const socket: Socket = connect({ host: reachableHost(host), port, autoSelectFamily: true });
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ connected, text });
    };
    const timer = setTimeout(end, ANSWER_TIMEOUT_MS);
    socket.on('connect', () => {
      connected = true;
      for (const word of words) socket.write(word);
    });
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (isEnough(text) || text.length > ANSWER_BYTES_MAX) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}
