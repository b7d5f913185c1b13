// The search for a free port, against real listeners.

import { createServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePortFrom } from '../../src/io/free-port.ts';
import { freePort } from '../support/free-port.ts';

const HOST = '127.0.0.1';

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  onTestFinished(async () => void (await new Promise((resolve) => server.close(resolve))));
  return server;
}

it('free port - a taken one is passed over, a free one is given as it is', async () => {
  const port = await freePort();
  expect(await freePortFrom(HOST, port)).toBe(port);
  await listen(port);
  expect(await freePortFrom(HOST, port)).toBeGreaterThan(port);
});
