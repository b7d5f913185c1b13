// Alarms as receivers get them, over a real socket: the JSON of the short form, and texts of pools.

import { describe, expect, it } from 'vitest';
import { receiversOf } from '../../../src/mining/config/arrange-alarms.ts';
import type { Alarm } from '../../../src/mining/domain/alarm.ts';
import { noticeOf } from '../../../src/mining/sinks/notices.ts';
import { Fold } from '../../../src/notify/fold.ts';
import { receivingServer, startReceivers } from '../../support/receivers.ts';

const at = Date.UTC(2026, 0, 15, 10, 30);
const state = (to: 'down' | 'ready', upstream = 'pool_1'): Alarm => ({
  type: 'upstream_state',
  atMs: at,
  upstream,
  from: to === 'down' ? 'ready' : 'down',
  to,
  reason: to === 'down' ? 'no connection (ECONNREFUSED)' : null,
});

async function posted(alarm: Alarm): Promise<Readonly<Record<string, unknown>>> {
  const server = await receivingServer();
  const { receivers, counted } = await startReceivers(receiversOf({ webhook: server.url, receivers: [] }));
  receivers.tell(noticeOf(alarm));
  await counted({ sent: 1 });
  return server.bodies()[0] ?? {};
}

describe('webhook', () => {
  it('webhook - an alarm is posted as JSON with a plain sentence', async () => {
    expect(await posted(state('down'))).toEqual({
      type: 'upstream_state',
      at: '2026-01-15T10:30:00.000Z',
      text: 'Upstream pool_1 is down (was ready): no connection (ECONNREFUSED)',
      content: 'Upstream pool_1 is down (was ready): no connection (ECONNREFUSED)',
      allowed_mentions: { parse: [] },
      details: { upstream: 'pool_1', from: 'ready', to: 'down', reason: 'no connection (ECONNREFUSED)' },
    });
  });

  it("webhook - a pool's text is one short line without markup, mentions and control characters", async () => {
    const text = `<!channel> @everyone \u001b[31m\n[x](http://evil) ${'y'.repeat(1000)}`;
    const body = await posted({ type: 'not_assigned', atMs: at, upstream: 'a', accountId: '<b>', text });
    expect(body['text']).toMatch(
      /^Account b is not assigned at upstream a: !channel everyone 31m x \(http:\/\/evil\) y{200,}…$/,
    );
    expect((body['details'] as { text: string }).text).toHaveLength(301);
    expect(JSON.stringify(body)).not.toMatch(/\\u00|\\n/);
  });

  it('alarms - several of one moment are one message, and an upstream that is back is told with its end', () => {
    const fold = new Fold();
    const alarms: readonly Alarm[] = [
      state('down', 'a'),
      state('down', 'b'),
      state('down', 'c'),
      state('ready', 'c'),
      { type: 'upstream_changed', atMs: at, from: 'a', to: 'c' },
      { type: 'operator', atMs: at, upstream: 'a', text: 'the password is wrong' },
    ];
    for (const alarm of alarms) fold.add(noticeOf(alarm));
    expect(fold.take(0)?.lines).toEqual([
      'Upstream a needs its operator: the password is wrong',
      '2 upstreams are down: a and b',
      'Miners are served from upstream c instead of a',
      'Upstream c is down (was ready): no connection (ECONNREFUSED); then: Upstream c is ready (was down)',
    ]);
  });
});
