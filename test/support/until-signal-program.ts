// A program that acts as its first argument says and runs until a signal. It prints its actions for
// until-signal.test.ts.

import { setTimeout as wait } from 'node:timers/promises';
import { type Program, untilSignal } from '../../src/cli/until-signal.ts';
import { CodedError } from '../../src/lib/errors.ts';

const how = process.argv[2] ?? '';
const say = (line: string) => process.stdout.write(`${line}\n`);
const log = {
  info: (sentence: string, fields?: object) => say(`info ${sentence}${JSON.stringify(fields) ?? ''}`),
  error: (sentence: string, fields?: object) => say(`error ${sentence}${JSON.stringify(fields) ?? ''}`),
};

function make(fatal: (error: CodedError) => void): Program {
  return {
    async start() {
      // Resources that a program holds: a thread, a socket.
      setInterval(() => undefined, 1_000);
      if (how === 'fails') throw new CodedError('listen_failed', 'no');
      if (how === 'rereads after its start') {
        say('starting');
        await wait(300);
      }
      if (how === 'starts forever') {
        say('starting');
        await wait(60_000);
      }
      if (how === 'fatal') setTimeout(() => fatal(new CodedError('ingest_failed', 'it died')), 50);
    },
    async stop() {
      say('stop');
      if (how === 'stops slowly') await wait(1_500);
      if (how === 'stops never') await wait(60_000);
    },
    kill: () => say('kill'),
  };
}

try {
  const reread = how.startsWith('rereads') ? { reread: () => say('reread') } : {};
  process.exitCode = await untilSignal({ log, ready: 'ready', stopping: 'closing', make, ...reread });
} catch (error) {
  say(`thrown ${String(error)}`);
  process.exitCode = 1;
}
process.exit();
