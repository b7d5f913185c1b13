// The real program with the seams that only tests may turn: `SEAMS` is JSON, see AppSeams and IngestSeams.

import { serve } from '../../src/cli/serve.ts';
import { CodedError } from '../../src/lib/errors.ts';
import type { IngestSeams } from '../../src/thread-messages.ts';

const { poolWorkerUrl, auditIntervalMs, ...ingest } = JSON.parse(
  process.env['SEAMS'] ?? '{}',
) as IngestSeams & { poolWorkerUrl?: string; auditIntervalMs?: number };

try {
  process.exitCode = await serve(process.env, {
    ingest,
    ...(auditIntervalMs === undefined ? {} : { auditIntervalMs }),
    ...(poolWorkerUrl === undefined ? {} : { poolWorkerUrl: new URL(poolWorkerUrl) }),
  });
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = 1;
}
process.exit();
