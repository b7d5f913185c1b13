// Makes notices of alarms, for the receivers that the settings name. Pure.

import { oneLine } from '../../lib/plain-text.ts';
import type { Notice } from '../../notify/notice.ts';
import { type Alarm, ALARM_TEXT_CHARACTERS_MAX, alarmSentence } from '../domain/alarm.ts';

/** The alarm as a notice. Its details are the members of the alarm. */
export function noticeOf(alarm: Alarm): Notice {
  const { type, atMs, ...others } = alarm;
  const details = Object.fromEntries(
    Object.entries(others).map(([name, value]) => [
      name,
      value === null ? null : oneLine(value, ALARM_TEXT_CHARACTERS_MAX),
    ]),
  );
  return { kind: type, atMs, sentence: alarmSentence(alarm), details, onlyWith: null, ...meaningOf(alarm) };
}

type Meaning = Pick<Notice, 'topic' | 'subject' | 'node' | 'severity' | 'isResolved' | 'group'>;

function meaningOf(alarm: Alarm): Meaning {
  switch (alarm.type) {
    case 'upstream_state':
      return {
        topic: 'upstream',
        subject: alarm.upstream,
        node: alarm.upstream,
        severity: 'warning',
        isResolved: alarm.to === 'ready',
        group: { noun: 'upstreams', did: `are ${alarm.to}` },
      };
    case 'upstream_changed':
      return {
        topic: null,
        subject: null,
        node: null,
        severity: 'info',
        isResolved: false,
        group: { noun: 'changes', did: 'of the upstream' },
      };
    case 'operator':
      return {
        topic: null,
        subject: alarm.upstream,
        node: alarm.upstream,
        severity: 'critical',
        isResolved: false,
        group: { noun: 'upstreams', did: 'need their operator' },
      };
    case 'not_assigned':
      return {
        topic: null,
        subject: alarm.accountId,
        node: alarm.upstream,
        severity: 'warning',
        isResolved: false,
        group: { noun: 'accounts', did: 'are not assigned' },
      };
  }
}
