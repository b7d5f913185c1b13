// Makes the receivers of alarms from the file's values: `alarms.webhook`, the short form, and the list `alarms.receivers`.

import { arrangeReceivers } from '../../notify/receiver-keys.ts';
import type { ReceiverConfig } from '../../notify/receivers.ts';
import { readUrlFile } from '../../notify/url-file.ts';
import { ALARM_TYPES } from '../domain/alarm.ts';
import type { Source } from './arrange-upstreams.ts';
import type { MiningConfig } from './config.ts';
import { NONE } from './meaning.ts';

/** The name of the receiver that `alarms.webhook` describes. */
const SHORT_NAME = 'webhook';

/** Makes the receivers of alarms. */
export function arrangeAlarms(source: Source): Pick<MiningConfig, 'webhook' | 'receivers'> {
  const { values, findings, meaning, resolvePath } = source;
  const given = values.get('alarms.webhook');
  meaning.tell('alarms.webhook', given === undefined ? NONE : null, given);
  const receivers = arrangeReceivers({
    values,
    findings,
    list: 'alarms.receivers',
    readUrl: (path) => readUrlFile(resolvePath(path)),
    nodesUnset: 'all',
    eventsUnset: () => ALARM_TYPES,
    isOfNode: () => false,
  });
  const names = receivers.map(({ name, form }) => `${name} (${form})`).join(', ') || NONE;
  const place = values.placeOf('alarms.receivers');
  if (place === undefined) meaning.tell('alarms.receivers', names);
  else meaning.tellFrom('alarms.receivers', names, `line ${place.line}`);
  if (given !== undefined && receivers.some(({ name }) => name === SHORT_NAME)) {
    findings.wrong(
      given.place,
      `alarms.webhook: a receiver of alarms.receivers has the name ${SHORT_NAME}: rename it`,
    );
  }
  return { webhook: given?.value ?? null, receivers };
}

/** All receivers of the settings. The short form is told each alarm on its own, as soon as it happens. */
export function receiversOf({
  webhook,
  receivers,
}: Pick<MiningConfig, 'webhook' | 'receivers'>): readonly ReceiverConfig[] {
  if (webhook === null) return receivers;
  const short = {
    name: SHORT_NAME,
    url: webhook,
    form: 'json',
    minIntervalMs: 0,
    nodes: ['*'],
    events: ALARM_TYPES,
  } as const;
  return [short, ...receivers];
}
