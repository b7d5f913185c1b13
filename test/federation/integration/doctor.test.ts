// `aggregator doctor` against the real program with its embedded broker: before the start, while it runs, with wrong settings
// and with a broker that refuses the login.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { at, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';

interface Report {
  readonly ok: number;
  readonly warn: number;
  readonly fail: number;
  readonly findings: readonly { readonly grade: string; readonly what: string; readonly finding: string }[];
}

async function doctor(
  env: Readonly<Record<string, string>>,
): Promise<Report & { readonly code: number | null }> {
  const { code, stdout, stderr } = await runToEnd(env, ['doctor', '--json']);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Report) };
}

const about = ({ findings }: Report, what: string) => findings.filter((finding) => finding.what === what);

describe('doctor of the federation', () => {
  it('doctor of the federation - before the start, while the program runs, and after it', async () => {
    const own = await testFolder('doctor');
    const env = { ...own.env, EMBEDDED_NATS: 'on', HTTP_PORT: String(await freePort()) };
    const made = () => readdirSync(own.folder).toSorted();
    const empty = made();
    const before = await doctor(env);
    expect([before.code, before.fail]).toEqual([0, 0]);
    expect(about(before, 'embedded')[0]?.finding).toMatch(/^a start starts a broker/);
    expect(about(before, 'nats-server')[0]?.finding).toMatch(/^\d+\.\d+\.\d+ at \//);
    expect(made()).toEqual(empty);

    const program = launch(env);
    await program.ready();
    const running = await doctor(env);
    expect([running.code, running.fail]).toEqual([0, 0]);
    expect(about(running, 'lock')[0]?.finding).toContain(`pid ${program.process.pid} on`);
    expect(about(running, `port ${env.HTTP_PORT}`)[0]?.finding).toContain('while the program runs');
    expect(about(running, 'embedded')[0]?.finding).toContain('the program runs it');
    expect(about(running, 'broker')[0]?.finding).toMatch(/^nats-server .* answers at/);
    expect(about(running, 'stream')[0]?.finding).toMatch(/^TRUEBIT_INGEST has 0 messages/);
    const text = await runToEnd(env, ['doctor']);
    expect(text.stdout).toMatch(/^ok {4}settings: right\n/);
    expect(text.stdout).toMatch(/\n\d+ ok, \d+ to look at, 0 wrong\n$/);
    program.process.kill('SIGTERM');
    await program.exit;
    expect((await doctor(env)).fail).toBe(0);
  });

  it('doctor of the federation - wrong settings, a refused login, another database', async () => {
    const own = await testFolder('doctor-wrong');
    const wrong = await doctor({ ...own.env, NATS_PASSWORD: '"hunter2"', STALE_AFTER: 'soon' });
    expect([wrong.code, about(wrong, 'settings').length]).toEqual([1, 2]);
    expect(JSON.stringify(wrong)).not.toContain('hunter2');

    const configurationFile = join(own.folder, 'broker.conf');
    writeFileSync(configurationFile, 'authorization { user: me, password: right }\n');
    const broker = await launchBroker({ configurationFile });
    const refused = await doctor(at(broker.url, own, { NATS_USER: 'me', NATS_PASSWORD: 'hunter2' }));
    expect(refused.code).toBe(1);
    expect(about(refused, 'broker')[0]).toMatchObject({
      grade: 'fail',
      finding: expect.stringMatching(/does not answer \(.*authorization/i) as unknown,
    });
    expect(JSON.stringify(refused)).not.toContain('hunter2');
    const taken = await doctor(
      at(broker.url, own, { NATS_USER: 'me', NATS_PASSWORD: 'right', INGEST_MODE: 'core' }),
    );
    expect([taken.code, about(taken, 'broker')[0]?.grade]).toEqual([0, 'ok']);
  });
});
