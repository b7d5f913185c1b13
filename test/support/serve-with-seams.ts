// The real program with the seams that only tests may turn: `SEAMS` is JSON, see AppSeams and IngestSeams.

import { serve } from '../../src/federation/cli/serve.ts';
import { CodedError } from '../../src/lib/errors.ts';
import type { IngestSeams } from '../../src/federation/threads/messages.ts';

const { poolWorkerUrl, auditIntervalMs, pagesMax, ...ingest } = JSON.parse(
  process.env['SEAMS'] ?? '{}',
) as Omit<IngestSeams, 'pagesMax'> & { poolWorkerUrl?: string; auditIntervalMs?: number; pagesMax?: number };

// SIGWINCH frees space: the program itself ignores this signal.
const pages = new Int32Array(new SharedArrayBuffer(4));
pages[0] = pagesMax ?? 0;
process.on('SIGWINCH', () => void (pages[0] = 0));

try {
  process.exitCode = await serve(process.env, {
    ingest: pagesMax === undefined ? ingest : { ...ingest, pagesMax: pages },
    ...(auditIntervalMs === undefined ? {} : { auditIntervalMs }),
    ...(poolWorkerUrl === undefined ? {} : { poolWorkerUrl: new URL(poolWorkerUrl) }),
  });
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = 1;
}
process.exit();
