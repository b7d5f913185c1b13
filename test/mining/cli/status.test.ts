// The screen of `mining status`, and where the command asks.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parsePrometheusText } from '../../../src/lib/prometheus-text.ts';
import { screenOf, STATUS_VIEW, statusOf } from '../../../src/mining/cli/status.ts';

const METRICS = `
aggregator_mining_build_info{version="1.2.3"} 1
process_start_time_seconds 1000
process_resident_memory_bytes 120000000
aggregator_mining_active_machines 3
aggregator_mining_connections 1500
aggregator_mining_capacity_bytes ${2.5 * 2 ** 40}
aggregator_mining_submissions_total 12
aggregator_mining_verdicts_total{verdict="accepted"} 4
aggregator_mining_verdicts_total{verdict="false"} 0
aggregator_mining_upstream_state{upstream="pool",state="ready"} 0
aggregator_mining_upstream_state{upstream="pool",state="down"} 1
aggregator_mining_upstream_state{upstream="node",state="ready"} 1
aggregator_mining_upstream_active{upstream="pool"} 0
aggregator_mining_upstream_active{upstream="node"} 1
aggregator_mining_upstream_alarms{upstream="pool"} 1
aggregator_mining_delivery_waiting_submissions{upstream="pool"} 2
aggregator_mining_db_size_bytes 5000000
aggregator_mining_log_lines_dropped_total 7
`;

describe('mining status', () => {
  it('mining status - the screen shows miners, verdicts and upstreams, and what is wrong', () => {
    const readiness = {
      status: 'not_ready',
      components: { database: { ok: true }, upstream: { ok: false, reason: 'it is away' } },
    };
    const status = statusOf(readiness, parsePrometheusText(METRICS), 4_600);
    expect(status).toMatchObject({ ready: false, submissions: 12, verdicts: { accepted: 4, false: 0 } });
    expect(screenOf(status, 'http://127.0.0.1:8081')).toBe(
      [
        'program    1.2.3 at http://127.0.0.1:8081, up 1 h 0 min',
        'ready      NO',
        '           upstream: it is away',
        'miners     3 machines, 1,500 connections',
        'capacity   2.5 TiB',
        'submitted  12',
        'verdicts   accepted 4',
        'upstream   pool: down, 2 submissions wait for it, it needs its OPERATOR: the dashboard says why',
        'upstream   node: ready, miners are served from it',
        'database   5.0 MB',
        'memory     120.0 MB',
        'log        7 lines could not be written',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['', 'http://127.0.0.1:8080'],
    ['listen_address: "[::]:9"\n', 'http://127.0.0.1:9'],
    ['dashboard:\n', 'http://127.0.0.1:8081'],
    ['dashboard: {listen_address: "[::1]:7"}\n', 'http://[::1]:7'],
    ['dashboard: {listen_address: "localhost:7"}\n', 'http://127.0.0.1:7'],
  ])('mining status - with %j it asks %s', (text, url) => {
    const folder = mkdtempSync(join(tmpdir(), 'mining-status-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'aggregator_config.yaml'), `upstream: {name: a, url: "http://x/"}\n${text}`);
    expect(STATUS_VIEW.ownUrl({ AGGREGATOR_CALLED_FROM: folder }, {})).toBe(url);
  });
});
