// A reverse proxy that shows a server below a path and strips that path, as nginx does with
// `location /aggregator/ { proxy_pass http://…/; }`: what lies elsewhere is not found, and the path without its slash is
// redirected.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Starts the proxy in front of `target`; resolves with its address. It shows the server below each of these paths. */
export async function proxyBelow(target: string, ...prefixes: readonly `/${string}/`[]): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    const prefix = prefixes.find((one) => `${path}/`.startsWith(one));
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
