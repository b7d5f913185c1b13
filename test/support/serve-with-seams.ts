// The real program with the seams that only tests may turn: `SEAMS` is JSON, see AppSeams.

import { serve } from '../../src/cli/serve.ts';
import { CodedError } from '../../src/lib/errors.ts';

const { commitDelayMs, poolWorkerUrl } = JSON.parse(process.env['SEAMS'] ?? '{}') as {
  commitDelayMs?: number;
  poolWorkerUrl?: string;
};

try {
  process.exitCode = await serve(process.env, {
    ...(commitDelayMs === undefined ? {} : { commitDelayMs }),
    ...(poolWorkerUrl === undefined ? {} : { poolWorkerUrl: new URL(poolWorkerUrl) }),
  });
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = 1;
}
process.exit();
