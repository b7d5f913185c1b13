import { describe, expect, it } from 'vitest';
import { miningSimCommand } from '../../../src/mining/cli/mining-sim.ts';
import { upstreamSimCommand } from '../../../src/mining/cli/upstream-sim.ts';

const run = (command: typeof miningSimCommand, line: string) =>
  command.run({ name: 'x', args: line === '' ? [] : line.split(' '), env: {} });

describe('options of the simulators of mining', () => {
  it.each([
    ['--port 70000', '--port 70000: must be a whole number from 0 to 65535.'],
    ['--seed x', '--seed x: must be a whole number from 0 to 4294967295.'],
    [
      '--block-seconds 0',
      '--block-seconds 0: must be a duration such as 30s or 5m, or a number of seconds, from 0.5 (500ms) to 86400 (1d).',
    ],
    ['--faults die,dye', '--faults: none, all, or some of die, hang,'],
    ['--faults cookie', '--faults cookie needs --auth cookie:FILE.'],
    ['--auth basic:u', '--auth: must be none, basic:USER:PASSWORD, cookie:FILE or bearer:TOKEN.'],
  ])('upstream-sim %s', async (line, sentence) => {
    await expect(run(upstreamSimCommand, line)).rejects.toThrow(sentence);
  });

  it.each([
    ['--miners 0', '--miners 0: must be a whole number from 1 to 60000.'],
    ['--liars 1.5', '--liars 1.5: must be a number from 0 to 1.'],
    ['--mode solo', '--mode: must be pool or wallet.'],
    ['--url https://pool', '--url: must be an address that begins with http://.'],
  ])('mining-sim %s', async (line, sentence) => {
    await expect(run(miningSimCommand, line)).rejects.toThrow(sentence);
  });
});
