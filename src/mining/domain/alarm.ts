// What an operator is told outside the program, as the receivers of `alarms` get it. Plain data; texts of pools are
// shortened.

import { plainText as plain } from '../../lib/plain-text.ts';
import type { UpstreamState } from './upstream-state.ts';

/** The types of alarms; a receiver chooses among them. */
export const ALARM_TYPES = ['upstream_state', 'upstream_changed', 'operator', 'not_assigned'] as const;

/** One event that an operator may want to know at once. Times are ms since the epoch. */
export type Alarm =
  /** An upstream changed its state. `reason` is null for a state without trouble. */
  | {
      readonly type: 'upstream_state';
      readonly atMs: number;
      readonly upstream: string;
      readonly from: UpstreamState;
      readonly to: UpstreamState;
      readonly reason: string | null;
    }
  /** Miners are served from another upstream. */
  | { readonly type: 'upstream_changed'; readonly atMs: number; readonly from: string; readonly to: string }
  /** The upstream answers something that only an operator can mend, for example that a password is wrong. */
  | { readonly type: 'operator'; readonly atMs: number; readonly upstream: string; readonly text: string }
  /** The pool does not know an account. */
  | {
      readonly type: 'not_assigned';
      readonly atMs: number;
      readonly upstream: string;
      readonly accountId: string;
      readonly text: string;
    };

/** Characters of a pool's text that an alarm repeats. */
export const ALARM_TEXT_CHARACTERS_MAX = 300;

/** The alarm in one plain sentence: on one line, without what a chat would take for a command or markup. */
export function alarmSentence(alarm: Alarm): string {
  switch (alarm.type) {
    case 'upstream_state': {
      const why = alarm.reason === null ? '' : `: ${plainText(alarm.reason)}`;
      return `Upstream ${plainText(alarm.upstream)} is ${alarm.to} (was ${alarm.from})${why}`;
    }
    case 'upstream_changed':
      return `Miners are served from upstream ${plainText(alarm.to)} instead of ${plainText(alarm.from)}`;
    case 'operator':
      return `Upstream ${plainText(alarm.upstream)} needs its operator: ${plainText(alarm.text)}`;
    case 'not_assigned':
      return `Account ${plainText(alarm.accountId)} is not assigned at upstream ${plainText(alarm.upstream)}: ${plainText(alarm.text)}`;
  }
}

/** The text on one line, shortened, and without the characters with which a chat begins a mention, a link or code. */
function plainText(text: string): string {
  return plain(text, ALARM_TEXT_CHARACTERS_MAX);
}
