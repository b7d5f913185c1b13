// The screen of `trades status`, and where the command asks.

import { describe, expect, it } from 'vitest';
import { parsePrometheusText } from '../../../src/lib/prometheus-text.ts';
import { screenOf, STATUS_VIEW, statusOf } from '../../../src/trades/cli/status.ts';
import type { TradesView } from '../../../src/trades/domain/view.ts';
import { judgeReadiness } from '../../../src/trades/http/readiness.ts';
import { createMetrics } from '../../../src/trades/metrics/metrics.ts';
import { NO_BACKUP } from '../../support/no-backup.ts';
import { STARTED_MS, VIEW } from '../http/view.ts';

/** The screen over the program's own answers. */
async function screen(view: TradesView): Promise<string> {
  const metrics = createMetrics({
    view: () => view,
    feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
    lastBackup: NO_BACKUP,
    wallMs: (monotonicMs) => STARTED_MS + monotonicMs,
  });
  const text = await metrics.text();
  metrics.stop();
  const status = statusOf({ ...judgeReadiness(view) }, parsePrometheusText(text), STARTED_MS / 1000 + 3_720);
  return screenOf({ ...status, memoryBytes: 120e6 }, 'http://127.0.0.1:5000');
}

describe('trades status', () => {
  it('trades status - the screen shows jobs, outbox and deliveries', async () => {
    expect(await screen(VIEW)).toBe(
      [
        'program    0.2.0 at http://127.0.0.1:5000, up 1 h 2 min',
        'ready      yes',
        'jobs       collecting 4, processing 3, completed 2, failed 1; at most 1,000',
        'trades     500 taken, over 11 connections now',
        'accounts   none',
        'outbox     3 summaries wait, the oldest for 5 s',
        'delivered  20, the last 1 h 1 min ago',
        'database   0.0 MB',
        'memory     120.0 MB',
        '',
      ].join('\n'),
    );
  });

  it('trades status - the screen says what is wrong', async () => {
    const text = await screen({
      ...VIEW,
      accounts: { ...VIEW.accounts, stale: 2, known: 2, isLinked: false },
      outbox: { ...VIEW.outbox, waiting: 0, deadLetters: 2, delivered: 0, lastDeliveredAtMs: null },
      logLoss: { lines: 7, problem: 'EAGAIN' },
    });
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'ready      NO',
        '           accounts: the enclave that polls the accounts is not linked',
        '           backend: the backend refused 2 summaries for good: ./aggregator outbox list',
        'accounts   stale 2',
        'outbox     empty',
        'delivered  none yet',
        '           2 DEAD LETTERS: ./aggregator outbox list --state dead',
        'log        7 lines could not be written',
      ]),
    );
  });

  it.each([
    [{}, 'http://127.0.0.1:5000'],
    [{ AGGREGATOR_HOST: '0.0.0.0', AGGREGATOR_PORT: '81' }, 'http://127.0.0.1:81'],
    [{ HTTP_HOST: '::1' }, 'http://[::1]:5000'],
  ])('trades status - with %j it asks %s', (env, url) => {
    expect(STATUS_VIEW.ownUrl(env, {})).toBe(url);
  });
});
