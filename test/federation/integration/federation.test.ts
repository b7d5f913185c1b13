import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { ownFolder } from '../../support/embedded.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const run = promisify(execFile);

let running: Aggregator | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

async function simulate(natsUrl: string, httpUrl: string, ...options: readonly string[]) {
  const args = [MAIN, 'simulate', '--nats', natsUrl, '--http', httpUrl, ...options];
  try {
    const { stdout } = await run(process.execPath, args);
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describe('federation', () => {
  it('federation - with 120 nodes, repeats and disagreement every published number equals the oracle, twice', async () => {
    const { folder, env, natsUrl, databasePath } = await ownFolder('federation');
    const program = startAggregator(env);
    running = program;
    await program.ready();
    const options = [
      '--nodes',
      '120',
      '--rate',
      '60',
      '--duration',
      '8',
      '--duplicates',
      '0.3',
      '--disagree',
      '0.1',
    ];
    const first = await simulate(natsUrl, await program.url(), ...options, '--seed', '1');
    expect(first.output).toMatch(/statistics: all \d+ fields equal/);
    expect(first.code).toBe(0);
    // On top of existing data the difference must be exact as well.
    const second = await simulate(natsUrl, await program.url(), ...options, '--seed', '1');
    expect(second.output).toMatch(/statistics: all \d+ fields equal/);
    expect(second.code).toBe(0);
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('federation - the simulator refuses a run that the limits would cut, before it sends a message', async () => {
    const { folder, env, natsUrl } = await ownFolder('limits');
    const program = startAggregator({ ...env, RATE_LIMIT_PER_MINUTE: '60' });
    running = program;
    await program.ready();
    const refused = await simulate(
      natsUrl,
      await program.url(),
      '--nodes',
      '3',
      '--rate',
      '600',
      '--duration',
      '60',
    );
    expect(refused.code).toBe(2);
    expect(refused.output).toContain('60');
    expect(await program.metric('aggregator_messages_received_total')).toBe(0);
    expect(await program.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
