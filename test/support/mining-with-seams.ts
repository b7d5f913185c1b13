// The real mining program with the seams that an operator cannot turn: `SEAMS` is JSON, see MiningSeams. `CONFIG` is the
// path of its settings file.

import { CodedError } from '../../src/lib/errors.ts';
import { runMining } from '../../src/mining/cli/mining.ts';
import { makeMining } from '../../src/mining/cli/start.ts';
import type { MiningSeams } from '../../src/mining/threads/main.ts';

const { SEAMS = '{}', CONFIG, ...env } = process.env;
const seams = JSON.parse(SEAMS) as MiningSeams;

try {
  process.exitCode = await runMining(env, { config: CONFIG }, (config, start) =>
    makeMining(config, start, seams),
  );
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = 1;
}
process.exit();
