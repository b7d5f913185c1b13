// The address of a job's WebSocket, as the client that opened the job reaches it. Pure. It repeats the host of the request
// only if that is a plain host name or address.

/** What the address is made of. */
export interface JobAddressParts {
  /** The header `Host`; undefined if the request has none. */
  readonly host: string | undefined;
  /** The header `X-Forwarded-Proto`, which a proxy sets that takes HTTPS. */
  readonly forwardedProto: string | readonly string[] | undefined;
  /** The address of this machine at which the request came. */
  readonly localAddress: string | undefined;
  /** Port of the WebSocket. */
  readonly port: number;
  readonly jobId: string;
  /** Null if the job has none. */
  readonly token: string | null;
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/i;

/** Returns `ws://host:port/ws/id`; `wss://` if a proxy took the request over HTTPS. */
export function jobAddress(parts: JobAddressParts): string {
  const { forwardedProto, port, jobId, token } = parts;
  const [proto = ''] = [forwardedProto ?? ''].flat();
  const scheme = /^https(?:,|$)/i.test(proto.trim()) ? 'wss' : 'ws';
  const query = token === null ? '' : `?token=${token}`;
  return `${scheme}://${hostOf(parts)}:${port}/ws/${jobId}${query}`;
}

function hostOf({ host, localAddress }: JobAddressParts): string {
  const named = HOST.exec(host ?? '')?.[1];
  if (named !== undefined) return named;
  // A server that listens at :: sees IPv4 addresses in this form.
  const address = (localAddress ?? '127.0.0.1').replace(/^::ffff:(?=\d+\.)/i, '');
  return address.includes(':') ? `[${address}]` : address;
}
