// Every notice is accounted for: whatever a receiver does, and whenever the program stops, each was sent or dropped once.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { receiverParts, type TestParts } from '../support/receivers.ts';
import { Receivers } from '../../src/notify/receivers.ts';
import { nodeNotice } from '../support/notices.ts';
import { answeringServer, type Behaviour } from '../support/http-servers.ts';
import { receiverConfig, refuses, takes } from '../support/receivers.ts';

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  takes,
  fails: refuses(503),
  waits: refuses(429, { 'retry-after': '5' }),
  refuses: refuses(404),
  redirects: refuses(302, { location: '/' }),
  cuts: (_seen, response) => void response.destroy(),
  hangs: () => undefined,
};

const behaviour = fc.constantFrom(...Object.keys(BEHAVIOURS));
const step = fc.oneof(
  fc.record({ type: fc.constant('tell' as const), count: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 500, 1_000, 9_000, 61_000) }),
  fc.record({ type: fc.constant('breathe' as const) }),
  fc.record({ type: fc.constant('change' as const) }),
);

/** Lets requests that are under way go on. */
const breathe = () => new Promise((resolve) => setTimeout(resolve, 3));

it('receiver - whatever it does, and whenever the program stops, each notice was sent or dropped once', async () => {
  const server = await answeringServer(takes);
  await fc.assert(
    fc.asyncProperty(
      fc.array(behaviour, { minLength: 1, maxLength: 6 }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0, 60_000),
      async (behaviours, steps, minIntervalMs) => {
        let requests = 0;
        server.behave((seen, response, nth) => {
          const name = behaviours[requests++ % behaviours.length] ?? 'takes';
          BEHAVIOURS[name]?.(seen, response, nth);
        });
        const { parts, time }: TestParts = receiverParts();
        const config = receiverConfig(server.url, { minIntervalMs });
        const receivers = new Receivers([config], parts);
        await receivers.start();
        let told = 0;
        for (const [index, each] of steps.entries()) {
          if (each.type === 'pass') await time.advance(each.ms, breathe);
          else if (each.type === 'breathe') await breathe();
          else if (each.type === 'change') receivers.change([{ ...config, name: `r${index}` }]);
          else {
            for (let nth = 0; nth < each.count; nth++) receivers.tell(nodeNotice('node_offline', `n${nth}`));
            told += each.count;
          }
          const { waiting, sent, dropped } = receivers.totals;
          expect(waiting + sent + dropped).toBe(told);
        }
        const stopped = receivers.stop();
        await time.advance(10_000, breathe);
        await stopped;
        await expect.poll(() => receivers.totals.waiting).toBe(0);
        receivers.tell(nodeNotice('node_offline', 'late'));
        const { sent, dropped } = receivers.totals;
        expect(sent + dropped).toBe(told + 1);
      },
    ),
    { numRuns: 40 },
  );
  await server.close();
});
