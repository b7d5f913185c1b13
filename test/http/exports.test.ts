// An export that does not end in time, over a real socket. The tests of the federation's files have the rest.

import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createBoundedServer } from '../../src/http/bounded-server.ts';
import { Exports, HTTP_EXPORTS_MAX } from '../../src/http/exports.ts';

async function* withoutEnd(): AsyncGenerator<string> {
  for (;;) {
    yield 'row\r\n';
    await setImmediate();
  }
}

it('exports - one that takes too long is cut, and its place is free again', async () => {
  const address = { host: '127.0.0.1', port: 0, hostSetting: 'A', portSetting: 'B' };
  const server = createBoundedServer(address, 1_000);
  onTestFinished(() => server.stop());
  const exports = new Exports(100);
  const make = async () => ({ headers: { 'content-type': 'text/csv' }, parts: withoutEnd() });
  server.app.get('/long', (request, reply) => exports.send(request, reply, make));
  const { url } = await server.start();
  for (let round = 0; round <= HTTP_EXPORTS_MAX; round++) {
    const answer = await fetch(`${url}/long`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  }
});
