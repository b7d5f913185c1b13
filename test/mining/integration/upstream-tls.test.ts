import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { UpstreamClient } from '../../../src/mining/sinks/upstream-client.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { SUBMISSION } from '../support/upstream-server.ts';

it('upstream client - https: only an upstream with a certificate that the machine trusts hears anything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'upstream-'));
  const authority = makeAuthority(folder, 'pools');
  const { certFile, keyFile } = authority.sign('pool', { server: 'IP:127.0.0.1' });
  let requests = 0;
  const ports = new Set<number | undefined>();
  const server = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile) },
    (request, response) => {
      requests += 1;
      ports.add(request.socket.remotePort);
      request.resume();
      // The third request meets a connection that is closed.
      if (requests === 3) request.socket.destroy();
      else response.end('{"result":{"raw_quality":400,"poc_time":7}}');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = () =>
    new UpstreamClient(
      { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, auth: { type: 'none' } },
      { clock: systemClock, timers: systemTimers, timeoutMs: 30_000 },
    );
  const [stranger, friend] = [client(), client()];
  expect(await stranger.submit(SUBMISSION)).toMatchObject({
    type: 'temporary',
    reason: expect.stringMatching(
      /^its certificate is not accepted \([A-Z_]+\): name .* NODE_EXTRA_CA_CERTS/,
    ),
  });
  expect(requests).toBe(0);
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(authority.caFile, 'utf8')]);
  for (let time = 0; time < 3; time++)
    expect(await friend.submit(SUBMISSION)).toMatchObject({ type: 'accepted' });
  expect([requests, ports.size]).toEqual([4, 2]);
  await Promise.all([stranger.stop(), friend.stop()]);
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
