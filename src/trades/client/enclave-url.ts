// Where the enclave is, from what a person gave: its own address, or that of the service beside it. It connects to
// nothing.

import { isIPv4 } from 'node:net';
import { CodedError } from '../../lib/errors.ts';

/** The enclave of this machine. */
export const DEFAULT_ENCLAVE_URL = 'http://127.0.0.1:3000';

const SERVICE_PORT = '5000';
const ENCLAVE_PORT = '3000';

/** What a person gave. */
export interface GivenAddress {
  readonly enclaveUrl: string | undefined;
  /** Of the service: its port 5000 becomes 3000; with any other, a proxy is taken to lead to both. */
  readonly serviceUrl: string | undefined;
  /** True if the address of another machine may begin with `http:`. */
  readonly allowsHttp: boolean;
}

/**
 * The enclave's address without a slash at its end. The session token travels over this connection, so that plain HTTP is
 * for this machine only. Errors: `usage`.
 */
export function enclaveUrlOf({ enclaveUrl, serviceUrl, allowsHttp }: GivenAddress): string {
  const url = parse(enclaveUrl ?? serviceUrl ?? DEFAULT_ENCLAVE_URL);
  if (enclaveUrl === undefined && url.port === SERVICE_PORT) url.port = ENCLAVE_PORT;
  if (url.protocol === 'http:' && !allowsHttp && !isLoopback(url.hostname)) {
    throw wrong(
      'The address of another machine must begin with https: whoever carries the traffic could read the session token.',
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw wrong('The address of the enclave must begin with https:// or http://.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw wrong('The address of the enclave must have no user, no password, no ? and no #.');
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

function wrong(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}
