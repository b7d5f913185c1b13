// The real proof thread, which ends instead of answering as often as the file that PROOF_DEATHS names says.

import { readFileSync, writeFileSync } from 'node:fs';
import answer from '../../src/mining/workers/proof-thread.ts';
import type { ProofQuestions } from '../../src/mining/workers/proof-questions.ts';
import type { WorkerRequest } from '../../src/workers/questions.ts';

export default function dying(request: WorkerRequest<ProofQuestions>): unknown {
  const file = process.env['PROOF_DEATHS'] ?? '';
  const deaths = Number(readFileSync(file, 'utf8'));
  if (deaths > 0) {
    writeFileSync(file, String(deaths - 1));
    process.exit(7);
  }
  return answer(request);
}
