import { connectBroker } from '../src/io/nats.ts';
const F = (n: string | null) => (n === null ? null : `/tmp/exp/${n}.pem`);
for (const [server, ca, cert, user] of [
  ['tls://127.0.0.1:15001', 'ca', null],
  ['tls://localhost:15001', 'ca', null],
  ['tls://127.0.0.1:15002', 'ca', null],
  ['tls://localhost:15002', 'ca', null],
  ['tls://127.0.0.1:15001', 'other', null],
  ['tls://127.0.0.1:15001', null, null],
  ['tls://127.0.0.1:15003', 'ca', 'ip'],
  ['tls://127.0.0.1:15003', 'ca', null],
  ['wss://127.0.0.1:15004', 'ca', 'ip'],
  ['wss://127.0.0.1:15004', 'other', 'ip'],
  ['wss://127.0.0.1:15004', null, 'ip'],
  ['wss://127.0.0.1:15004', 'ca', null],
  ['wss://localhost:15009', 'ca', null],
  ['ws://127.0.0.1:15004', 'ca', null],
  ['ws://localhost:15003', 'ca', null],
] as [string, string | null, string | null][]) {
  const t = performance.now();
  const abort = new AbortController();
  const c = await connectBroker('x', { servers: [server], user: null, password: null, token: null, credsFile: null, caFile: F(ca), certFile: F(cert), keyFile: cert === null ? null : `/tmp/exp/${cert}-key.pem`, inboxPrefix: null }, {
    onConnected: (s) => console.log(server, ca, cert, 'OK', s), onDisconnected() {}, onUnreachable: (r) => { console.log(server, ca, cert, 'NO', JSON.stringify(r), Math.round(performance.now() - t)); abort.abort(); } }, abort.signal);
  await c?.close();
}
console.log('handles', process.getActiveResourcesInfo());
