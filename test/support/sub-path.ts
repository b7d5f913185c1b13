// A reverse proxy that shows a server below a path and strips that path, as nginx does with
// `location /aggregator/ { proxy_pass http://…/; }`: what lies elsewhere is not found, and the path without its slash is
// redirected.

import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Starts the proxy in front of `target`; resolves with its address. It shows the server below each of these paths. */
export async function proxyBelow(target: string, ...prefixes: readonly `/${string}/`[]): Promise<string> {
  const prefixOf = (path: string) => prefixes.find((one) => `${path}/`.startsWith(one));
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    const prefix = prefixOf(path);
    if (prefix === undefined || path.length < prefix.length) {
      outgoing
        .writeHead(prefix === undefined ? 404 : 301, prefix === undefined ? {} : { location: prefix })
        .end();
      return;
    }
    const { method = 'GET', headers } = incoming;
    const onward = request(new URL(path.slice(prefix.length - 1), target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  // A WebSocket, as nginx hands it on with the headers Upgrade and Connection.
  server.on('upgrade', (incoming, socket: Socket, head) => {
    const path = incoming.url ?? '/';
    const onward = connect(Number(new URL(target).port), '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
    const lines = incoming.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    onward.write(`GET ${path.slice((prefixOf(path) ?? '/').length - 1)} HTTP/1.1\r\n${lines.join('')}\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
