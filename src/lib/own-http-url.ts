// Where the aggregator of this environment listens, for commands that ask it: the settings HTTP_HOST and HTTP_PORT, as far
// as they name an address. It judges no setting.

const PORT = /^[1-9]\d{0,4}$/;
const EVERY_ADDRESS = ['', '0.0.0.0', '::'];

/** `http://127.0.0.1:8080` unless the settings say otherwise; a port that the system chooses is nowhere to be read. */
export function ownHttpUrl(env: Readonly<Record<string, string | undefined>>): string {
  const [host, port] = [(env['HTTP_HOST'] ?? '').trim(), (env['HTTP_PORT'] ?? '').trim()];
  const name = EVERY_ADDRESS.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${PORT.test(port) ? port : '8080'}`;
}
