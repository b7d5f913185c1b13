// The address at which something that listens by settings is reached from this machine. It judges no setting.

const PORT = /^[1-9]\d{0,4}$/;
const EVERY_ADDRESS = ['', '0.0.0.0', '::'];

/** `host:port`; 127.0.0.1 for every address, and `standard` for a port that is absent, 0, or none. */
export function ownAddress(host = '', port = '', standard: string): string {
  const [name, number] = [host.trim(), port.trim()];
  const reached = EVERY_ADDRESS.includes(name) ? '127.0.0.1' : name.includes(':') ? `[${name}]` : name;
  return `${reached}:${PORT.test(number) ? number : standard}`;
}
