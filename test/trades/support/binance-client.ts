// A client of Binance that signs by itself, so that tests see what an address answers and not what a library makes of it.

import { createHmac } from 'node:crypto';

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Sends signed requests as one key. */
export class BinanceClient {
  readonly #url: string;
  readonly #key: string;
  readonly #secret: string;
  readonly #nowMs: () => number;

  constructor(url: string, [key, secret]: readonly [string, string], nowMs: () => number) {
    this.#url = url;
    this.#key = key;
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  /** A signed request; `timestamp` is added unless it is given. */
  async get(path: string, parameters: Readonly<Record<string, string | number>> = {}): Promise<RawAnswer> {
    const all = { timestamp: this.#nowMs(), ...parameters };
    const query = new URLSearchParams(
      Object.entries(all).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    const signature = createHmac('sha256', this.#secret).update(query).digest('hex');
    return this.send(`${path}?${query}&signature=${signature}`, { 'X-MBX-APIKEY': this.#key });
  }

  /** A request as it is written. */
  async send(target: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    const answer = await fetch(`${this.#url}${target}`, { headers });
    const text = await answer.text();
    const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
    return { status: answer.status, headers: answer.headers, body };
  }

  /** The rows of a signed request that must succeed. */
  async rows(
    path: string,
    parameters: Readonly<Record<string, string | number>> = {},
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { status, body } = await this.get(path, parameters);
    if (status !== 200 || !Array.isArray(body)) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body as readonly Readonly<Record<string, unknown>>[];
  }
}
