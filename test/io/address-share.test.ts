import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { limitPerAddress } from '../../src/io/address-share.ts';
import { until } from '../support/until.ts';

const MOST = 3;

/** The first line of the answer to a request on a connection from `localAddress`; `closed` if the server closes it. */
function ask(
  port: number,
  localAddress: string,
): Promise<{ readonly socket: Socket; readonly said: string }> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => resolve({ socket, said: chunk.toString().split('\r\n', 1)[0] ?? '' }));
    socket.once('close', () => resolve({ socket, said: 'closed' }));
    onTestFinished(() => void socket.destroy());
  });
}

describe('connections of one address', () => {
  it('address share - attack: hold every connection from one address: others are served, and the attacker again after closing one', async () => {
    const server = createServer((_request, response) => response.end('here'));
    limitPerAddress(server, MOST);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const count = () => new Promise<number>((resolve) => server.getConnections((_, open) => resolve(open)));

    const held: Socket[] = [];
    for (let each = 0; each < MOST; each++) {
      const { socket, said } = await ask(port, '127.0.0.2');
      expect(said).toBe('HTTP/1.1 200 OK');
      held.push(socket);
    }
    for (let each = 0; each < 5; each++) expect((await ask(port, '127.0.0.2')).said).toBe('closed');
    expect((await ask(port, '127.0.0.1')).said).toBe('HTTP/1.1 200 OK');
    // Refused connections do not count against the attacker, and closed ones are free again.
    held.pop()?.destroy();
    await until('the connection to be gone', async () => (await count()) === MOST);
    expect((await ask(port, '127.0.0.2')).said).toBe('HTTP/1.1 200 OK');
    expect((await ask(port, '127.0.0.2')).said).toBe('closed');
  });
  it('address share - what the owner names as one address shares one limit', async () => {
    const server = createServer((_request, response) => response.end('here'));
    const isRefused: boolean[] = [];
    limitPerAddress(
      server,
      1,
      () => isRefused.push(true),
      (address) => address.slice(0, '127.0.0.'.length),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect((await ask(port, '127.0.0.2')).said).toBe('HTTP/1.1 200 OK');
    expect((await ask(port, '127.0.0.3')).said).toBe('closed');
    expect((await ask(port, '127.0.1.2')).said).toBe('HTTP/1.1 200 OK');
    expect(isRefused).toEqual([true]);
  });
});
