// A client of jobs as deployed ones are, and the check of what a backend received. It needs no runner of tests.

import { createHash, type KeyObject, verify } from 'node:crypto';
import { WebSocket } from 'ws';

/**
 * Sends trades over one connection of a job; resolves with the answers. They are fewer than the trades if the connection
 * ended, and after an answer of the kind `error` nothing is waited for.
 */
export function sendTrades(url: string, trades: readonly object[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const answers: string[] = [];
    const end = () => {
      resolve(answers);
      socket.terminate();
    };
    socket.on('error', end);
    socket.on('close', end);
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.includes('"welcome"')) {
        for (const trade of trades) socket.send(JSON.stringify({ type: 'trade', data: trade }));
        return;
      }
      answers.push(text);
      if (answers.length === trades.length || text.includes('"error"')) end();
    });
  });
}

/** A body as a backend received it, with its idempotency key. */
export interface SignedBody {
  readonly body: string;
  readonly key: string | undefined;
}

/**
 * True if the body is what its signature says: the signature's member is cut out of the text, which is the canonical
 * one, so that nothing of the program takes part.
 */
export function isSigned({ body, key }: SignedBody, publicKey: KeyObject): boolean {
  const signature = /,"signature":"([A-Za-z0-9+/=]{88})"/.exec(body)?.[1] ?? '';
  const signed = body.replace(`,"signature":"${signature}"`, '');
  const digest = createHash('sha256').update(signed).digest('hex');
  return digest === key && verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, 'base64'));
}
