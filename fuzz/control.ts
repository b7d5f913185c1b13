// Lines that no real command sends to the control socket, over the real socket: the program answers each with one line
// or closes the connection, decodes only real requests, and answers the next good question.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeOperatorRequest } from '../src/federation/domain/operator-request.ts';
import { serveControl } from '../src/io/control-socket.ts';
import type { Random } from '../src/lib/random.ts';
import { anyBytes, anyText, withBytesChanged } from './mutation.ts';
import { FuzzFailure, type FuzzTarget } from './target.ts';

const KEY = {
  keyHash: 'ab'.repeat(32),
  name: 'fuzz',
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 60,
};
const REQUESTS: readonly Readonly<Record<string, unknown>>[] = [
  { type: 'createKey', key: KEY },
  { type: 'revokeKey', keyId: 'ab'.repeat(8) },
  { type: 'listKeys' },
  { type: 'forgetNode', nodeId: 'node-1' },
  { type: 'blockNode', nodeId: 'node-1' },
  { type: 'unblockNode', nodeId: 'node-1' },
  { type: 'listBlocked' },
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'a',
  'n'.repeat(65),
  [],
  {},
  ['admin', 'admin'],
  '\u0000',
];
/** Longer than a request may be. */
const ENDLESS = Buffer.alloc(100_000, 'x');

function anyLine(random: Random): Uint8Array {
  const request = structuredClone(random.pick(REQUESTS)) as Record<string, unknown>;
  const key = request['key'];
  const target =
    typeof key === 'object' && key !== null && random.chance(0.7)
      ? (key as Record<string, unknown>)
      : request;
  if (random.chance(0.6))
    target[random.pick([...Object.keys(target), '__proto__', 'type'])] = random.chance(0.7)
      ? random.pick(VALUES)
      : anyText(random);
  const line = Buffer.from(`${JSON.stringify(request)}${random.chance(0.95) ? '\n' : ''}`);
  if (random.chance(0.6)) return line;
  if (random.chance(0.02)) return ENDLESS;
  return random.chance(0.8) ? withBytesChanged(random, line, anyBytes(random)) : anyBytes(random);
}

export async function controlTarget(): Promise<FuzzTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-fuzz-'));
  const path = join(folder, 'control.sock');
  const outcomes = { accepted: 0, refused: 0, 'hung up': 0 };
  let fed = 0;
  const server = await serveControl(path, async (request) => {
    const decoded = decodeOperatorRequest(request);
    if (typeof decoded === 'string') return { refused: decoded };
    // Every decoded value is a complete request without other members.
    const again = decodeOperatorRequest(JSON.parse(JSON.stringify(decoded)));
    if (JSON.stringify(again) !== JSON.stringify(decoded)) return { broken: 'a decoded request is none' };
    return { accepted: decoded.type };
  });

  function ask(bytes: Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => socket.end(bytes));
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => {
        answer += chunk;
      });
      socket.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(answer) : reject(error),
      );
      socket.on('close', () => resolve(answer));
    });
  }

  return {
    name: 'control',
    sliceInputs: 50,
    outcomes,
    async feed(random) {
      fed++;
      const answer = await ask(anyLine(random));
      if (answer === '') {
        outcomes['hung up']++;
        return;
      }
      if (answer.indexOf('\n') !== answer.length - 1) throw new FuzzFailure('an answer is not one line');
      const { broken, accepted } = JSON.parse(answer) as { broken?: string; accepted?: string };
      if (broken !== undefined) throw new FuzzFailure(broken);
      outcomes[accepted === undefined ? 'refused' : 'accepted']++;
    },
    async settle() {
      if ((await ask(Buffer.from('{"type":"listKeys"}\n'))) !== '{"accepted":"listKeys"}\n')
        throw new FuzzFailure('a good question is not answered any more');
      if (outcomes.accepted + outcomes.refused + outcomes['hung up'] !== fed)
        throw new FuzzFailure('a line is unaccounted for');
    },
    close() {
      server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
