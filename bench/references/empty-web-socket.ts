// Reference: an empty `ws` server. It answers every message with a constant. Argument: the answer.

import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const answer = process.argv[2] ?? '';
const server: WebSocketServer = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () =>
  console.log(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
server.on('connection', (client) => client.on('message', () => client.send(answer)));
