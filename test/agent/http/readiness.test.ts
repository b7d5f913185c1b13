import { describe, expect, it } from 'vitest';
import type { AgentView, LinkView } from '../../../src/agent/domain/view.ts';
import { judgeReadiness } from '../../../src/agent/http/readiness.ts';
import { EVENTS, LINK, LOGS, NODE_ID, VIEW } from './view.ts';

const judge = (more: Partial<AgentView> = {}) => judgeReadiness({ ...VIEW, ...more });
const withLink = (more: Partial<LinkView>): Partial<AgentView> => ({ link: { ...LINK, ...more } });
const missing = { isReadable: false, files: [] };
const fileOf = (state: 'damaged' | 'unreadable') => ({
  source: 'events' as const,
  name: 'a.json',
  state,
  bytes: 10,
  bytesBehind: 3,
  offset: state === 'damaged' ? 7 : null,
});

describe('agent readiness', () => {
  it('is ready if all is well', () => {
    const { status, nodeId, components } = judge();
    expect([status, nodeId]).toEqual(['ready', NODE_ID]);
    expect(Object.values(components).map(({ ok, reason }) => [ok, reason])).toEqual(
      Object.keys(components).map(() => [true, undefined]),
    );
  });

  it.each<[string, Partial<AgentView>, RegExp]>([
    ['state', { stateProblem: 'the disk is full' }, /^the disk is full$/],
    ['broker', withLink({ isConnected: false }), /^not connected to the broker$/],
    ['broker', withLink({ isConnected: false, reason: 'refused' }), /^not connected to the broker: refused$/],
    [
      'salt',
      withLink({ saltFrom: null, joinProblem: 'no answer' }),
      /^no salt .*: no answer; FEDERATION_SALT/,
    ],
    [
      'sources',
      {
        sources: [
          { ...EVENTS, ...missing },
          { ...LOGS, ...missing },
        ],
      },
      /^no event file \*-eventDB\.json is there: check AGENT_EVENTS.*; no log file \*\.log or/,
    ],
    [
      'sources',
      { sources: [{ ...EVENTS, isReadable: false, files: [fileOf('unreadable')] }] },
      /^event file a\.json cannot be read$/,
    ],
    [
      'sources',
      { sources: [{ ...EVENTS, isWanted: false, isReadable: false }] },
      /^AGENT_EVENTS and AGENT_LOGS are both empty/,
    ],
  ])('is not ready because of %s', (component, more, reason) => {
    const { status, components } = judge(more);
    expect(status).toBe('not_ready');
    const failing = Object.entries(components).filter(([, { ok }]) => !ok);
    expect(failing).toEqual([[component, { ok: false, reason: expect.stringMatching(reason) }]]);
  });

  it.each<[string, Partial<AgentView>, RegExp]>([
    ['state', { waiting: VIEW.queueMax }, /^10,000 messages wait.*read no further$/],
    ['broker', { isEnabled: false, ...withLink({ isConnected: false, saltFrom: null }) }, /opted out/],
    ['broker', withLink({ breaker: 'open' }), /five times/],
    ['broker', withLink({ forbidden: ['heartbeat', 'node_left'] }), /forbids heartbeat, node_left/],
    ['salt', { sharesTasks: false, ...withLink({ saltFrom: null }) }, /shares no tasks/],
    ['salt', withLink({ saltFrom: 'kept', joinProblem: 'no answer' }), /earlier time is used: no answer/],
    ['sources', { sources: [{ ...EVENTS, ...missing }, LOGS] }, /^no event file/],
    ['sources', { sources: [{ ...EVENTS, files: [fileOf('damaged')] }, LOGS] }, /damaged at byte 7/],
    ['statistics', { isOtherKeyOffered: true }, /agent trust/],
    ['process', { logLinesDropped: 2 }, /2 lines could not be written/],
  ])('warns about %s, and is ready', (component, more, reason) => {
    const { status, components } = judge(more);
    expect(status).toBe('ready');
    const warned = Object.entries(components).filter(([, { reason: why }]) => why !== undefined);
    expect(warned).toEqual([[component, { ok: true, reason: expect.stringMatching(reason) }]]);
  });
});
