// Alerts posted to a real Alertmanager, which sends what it makes of them to a server of the test.

import { describe, expect, it } from 'vitest';
import { HAS_ALERTMANAGER, startAlertmanager } from '../support/alertmanager.ts';
import { lossNotice, nodeNotice } from '../support/notices.ts';
import { receiverConfig, receivingServer, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';

interface Alert {
  readonly status: 'firing' | 'resolved' | { readonly state: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Passes every group on at once, as JSON, to `hook`. */
function passingOn(hook: string): string {
  return `route:
  receiver: test
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: test
    webhook_configs:
      - url: ${hook}
`;
}

describe.runIf(HAS_ALERTMANAGER)('a real Alertmanager', () => {
  it('alertmanager - it takes the alerts, keeps a trouble firing, and resolves it by its end', async () => {
    const hook = await receivingServer();
    const url = await startAlertmanager(passingOn(hook.url));
    const { receivers, pass, counted } = await startReceivers([
      receiverConfig(url, { name: 'alertmanager', form: 'alertmanager' }),
    ]);
    const nowMs = Date.now();
    const evil = '<b>"x"\\ {a="b"}\n☃';
    receivers.tell(nodeNotice('node_offline', 'berlin-1', nowMs - 10_000));
    receivers.tell(nodeNotice('node_offline', evil, nowMs - 9_000));
    receivers.tell(lossNotice(3, nowMs - 8_000));
    // This trouble is over before Alertmanager hears of it.
    receivers.tell(nodeNotice('node_offline', 'short', nowMs - 7_000));
    receivers.tell(nodeNotice('node_online', 'short', nowMs - 6_000));
    await pass(1_000);
    await counted({ sent: 5 });
    const alerts = async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly Alert[];
    const kept = await until('the alerts', async () => {
      const all = await alerts();
      return all.length === 3 && all;
    });
    const bySubject = new Map(kept.map((alert) => [alert.labels['subject'], alert]));
    expect(bySubject.get('berlin-1')).toMatchObject({
      labels: { alertname: 'NodeAway', severity: 'warning', aggregator: 'test' },
      annotations: { summary: 'Node berlin-1 went offline', nodeId: 'berlin-1' },
      startsAt: new Date(nowMs - 10_000).toISOString(),
    });
    expect(bySubject.has('<b>"x"\\ {a="b"} ☃')).toBe(true);
    expect(bySubject.get(undefined)).toMatchObject({ labels: { alertname: 'Lost', severity: 'critical' } });
    const lasts = (alert: Alert | undefined) => Date.parse(alert?.endsAt ?? '') - nowMs;
    expect(lasts(bySubject.get('berlin-1'))).toBeGreaterThan(6 * 86_400_000);
    expect(lasts(bySubject.get(undefined))).toBeLessThan(3_600_000);

    receivers.tell(nodeNotice('node_online', 'berlin-1', nowMs));
    await pass(60_000);
    await counted({ sent: 6 });
    const told = () => hook.bodies().flatMap(({ alerts: of }) => of as readonly Alert[]);
    const ofNode = () => told().filter(({ labels }) => labels['subject'] === 'berlin-1');
    await until('the end to be told', () => ofNode().some(({ status }) => status === 'resolved'));
    expect(ofNode().map(({ status }) => status)).toEqual(['firing', 'resolved']);
    const end = ofNode()[1];
    expect(end?.annotations['summary']).toBe('Node berlin-1 came online');
    // Its JSON leaves out zeros at the end of a second's part.
    expect(Date.parse(end?.startsAt ?? '')).toBe(nowMs - 10_000);
    expect(told().some(({ labels }) => labels['subject'] === 'short')).toBe(false);
    expect((await alerts()).map(({ labels }) => labels['subject'])).not.toContain('berlin-1');
  });

  it('alertmanager - a storm is one request that it takes', async () => {
    const hook = await receivingServer();
    const url = await startAlertmanager(passingOn(hook.url));
    const { receivers, pass, counted } = await startReceivers([
      receiverConfig(url, { form: 'alertmanager' }),
    ]);
    for (let index = 0; index < 10_000; index++)
      receivers.tell(nodeNotice('node_offline', `n${index}`, Date.now()));
    await pass(1_000);
    await counted({ sent: 10_000 });
    expect(receivers.totals).toEqual({ sent: 10_000, failed: 0, dropped: 0, waiting: 0 });
  });
});
