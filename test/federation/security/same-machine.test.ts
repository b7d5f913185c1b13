// Attackers on the machine of the program: other users, and web pages in a browser.

import { readdirSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { nodeJoined } from '../../support/messages.ts';
import { launch, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const SITE = 'evil.example';

/** The answer to a page of another site whose name leads to this machine (DNS rebinding). */
function read(url: string, path: string): Promise<{ status: number; allowed: string; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: SITE, origin: `https://${SITE}` };
    get(`${url}${path}`, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          allowed: String(response.headers['access-control-allow-origin']),
          text,
        }),
      );
    }).once('error', reject);
  });
}

describe('same machine', () => {
  it('attack: lock the database as another user, so that the program cannot start, or read the files beside it', async () => {
    const own = await testFolder('modes');
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    const program = launch(own.env);
    await program.ready();
    const folder = dirname(own.databasePath);
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['aggregator.db', 'aggregator.db.lock', 'aggregator.db.holder']),
    );
    const open = files.filter(({ name }) => (statSync(join(folder, name)).mode & 0o077) !== 0);
    expect(open.map(({ name }) => name)).toEqual([]);
    expect(await program.stop()).toBe(0);
  });

  it('nothing stops by default: a web page in a browser on the machine reads HTTP and sends to the broker', async () => {
    const own = await testFolder('browser');
    const program = launch(own.env);
    await program.ready();
    const url = await program.url();
    for (const path of ['/api/federation/nodes', '/metrics', '/readyz'])
      expect([path, (await read(url, path)).status]).toEqual([path, 200]);
    expect((await read(url, '/api/federation/nodes')).allowed).toBe('*');

    const { subject, payload } = nodeJoined('node-of-a-page');
    const socket = new WebSocket(`ws://127.0.0.1:${own.env['EMBEDDED_NATS_WS_PORT'] ?? ''}`, {
      origin: `https://${SITE}`,
    });
    onTestFinished(() => socket.terminate());
    const bytes = Buffer.from(payload);
    socket.once('open', () => socket.send('CONNECT {"verbose":false}\r\nPING\r\n'));
    // The page waits for the answer to its CONNECT, as every client does; broker-attacks.test.ts has one that does not.
    socket.on('message', (said: Buffer) => {
      if (!said.toString().includes('PONG')) return;
      socket.send(`PUB ${subject} ${bytes.length}\r\n${bytes.toString()}\r\n`);
    });
    await until('the node', async () =>
      (await read(url, '/api/federation/nodes')).text.includes('node-of-a-page'),
    );
    expect(await program.stop()).toBe(0);

    // The remedies: a key, and no WebSocket.
    const closed = launch({ ...own.env, API_AUTH: 'required', EMBEDDED_NATS_WS_PORT: '0' });
    await closed.ready();
    expect((await read(await closed.url(), '/api/federation/nodes')).status).toBe(401);
    expect(await closed.stop()).toBe(0);
  });
});
