// Whether a port can be listened at, for `doctor`. It listens for a moment and closes; a port that the running program
// itself uses is right.

import { createServer } from 'node:net';
import { errorCode } from '../lib/error-code.ts';
import { getText } from '../lib/http-get.ts';
import { type Listener, listenFault } from '../lib/listen-fault.ts';
import { reachedAt } from '../lib/own-address.ts';
import { type Check, fail, type Finding, ok, warn } from './finding.ts';

/** A port that a program would listen at. */
export interface ExaminedPort extends Listener {
  /** What is served there, in one or two words. */
  readonly what: string;
  /** True if it answers `/livez`, which the programs of this package do. */
  readonly isHttp: boolean;
  /** True while the program runs, whose port may be this one. */
  readonly isRunning: boolean;
}

const ANSWER_TIME_MAX_MS = 3_000;

/** The check of one port. */
export function portCheck(port: ExaminedPort): Check {
  const what = `port ${port.port}`;
  return { what, look: async () => [await portFinding(what, port)] };
}

async function portFinding(what: string, port: ExaminedPort): Promise<Finding> {
  if (port.port === 0) return ok(what, `${port.what}: any free port is taken`);
  const error = await tryToListen(port.host, port.port);
  const place = `${port.host}:${port.port}`;
  if (error === null) {
    return port.isRunning
      ? warn(
          what,
          `${port.what}: ${place} is free although the program runs`,
          'it runs with other settings, or still starts',
        )
      : ok(what, `${port.what}: ${place} is free`);
  }
  const { sentence } = listenFault(error, port);
  if (errorCode(error) !== 'EADDRINUSE') return fail(what, `${port.what}: ${sentence}`, 'then look again');
  if (port.isRunning && (!port.isHttp || (await answersAsOurs(port)))) {
    return ok(what, `${port.what}: in use at ${place}, while the program runs`);
  }
  const [fault = '', remedy = ''] = sentence.split(/: (?=stop)/);
  return fail(what, `${port.what}: ${fault}`, remedy);
}

function tryToListen(host: string, port: number): Promise<Error | null> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', settle);
    server.listen({ host, port, exclusive: true }, () => server.close(() => settle(null)));
  });
}

async function answersAsOurs({ host, port }: ExaminedPort): Promise<boolean> {
  try {
    const { text } = await getText(`http://${reachedAt(host)}:${port}/livez`, ANSWER_TIME_MAX_MS, true);
    return (JSON.parse(text) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
}
