// Reference: the best that node:http can do. It answers every request with a constant. Argument: bytes of the body.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const text = 'x'.repeat(Number(process.argv[2]));
const server = createServer((_request, response) => response.end(text));
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
