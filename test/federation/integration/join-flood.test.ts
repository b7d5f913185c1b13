// A flood of requests to join at a process that is busy meanwhile: the broker has sent the whole share of a second, and
// forgotten the subscription, while the process has read a part of it. The process must go on answering afterwards.

import { expect, it, onTestFinished } from 'vitest';
import { KeyBook } from '../../../src/federation/domain/api-keys.ts';
import { JOIN_SUBJECT } from '../../../src/federation/sinks/join-answer.ts';
import { JOIN_REQUESTS_PER_SECOND_MAX, JoinResponder } from '../../../src/federation/sinks/join-responder.ts';
import { connectTo, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { anonymousAt } from '../../support/anonymous.ts';

/** Keeps this process from reading, and from every timer, for so long. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('join - a flood that the broker delivers while the process is busy leaves the process listening', async () => {
  const { folder } = await testFolder('join-flood');
  const { url } = await launchBroker({ storeFolder: folder });
  let counted = 0;
  let isToBlock = false;
  const responder = new JoinResponder({
    nats: () => anonymousAt(url),
    queue: null,
    context: () => ({
      isRequired: false,
      aggregatorId: 'test',
      salt: 'a'.repeat(64),
      statsKey: { kty: 'OKP', crv: 'Ed25519', x: '', kid: '', use: 'sig', alg: 'EdDSA' },
      keys: new KeyBook([]),
      ratePerMinute: 60,
    }),
    counted() {
      counted += 1;
      if (!isToBlock) return;
      isToBlock = false;
      block(1_300);
    },
    log: () => undefined,
    monotonicMs: () => performance.now(),
  });
  await responder.start();
  onTestFinished(() => responder.stop());
  const requester = await connectTo(url);
  const ask = () => requester.request(JOIN_SUBJECT, '', { timeout: 1000 }).catch(() => null);
  await until('the first answer', ask);
  // So long that they arrive in several parts: between two parts the timer of the next second fires.
  const long = 'x'.repeat(4_000);
  for (let round = 0; round < 3; round++) {
    isToBlock = true;
    for (let request = 0; request < 2 * JOIN_REQUESTS_PER_SECOND_MAX; request++)
      requester.publish(JOIN_SUBJECT, long, { reply: '_INBOX.flood' });
    await until('the part that was read', () => !isToBlock);
    await until(`an answer after flood ${round}`, ask);
  }
  expect(counted).toBeLessThan(12 * JOIN_REQUESTS_PER_SECOND_MAX);
});
