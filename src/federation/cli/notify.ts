// `aggregator notify test`: posts a test message to the receivers of NOTIFY_FILE and says what became of each. It sends
// by itself: no aggregator has to run.

import { command, group } from '../../cli/command.ts';
import { flag, option } from '../../cli/command-line.ts';
import { complain, print } from '../../cli/output.ts';
import { CodedError } from '../../lib/errors.ts';
import { Receivers } from '../../notify/receivers.ts';
import { readNotifyFile } from '../config/notify-file.ts';
import { readSome } from '../config/settings.ts';
import type { TestAnswer } from '../http/notifications.ts';
import { receiverParts, testReceivers } from '../threads/notifications.ts';

const EXIT = '0 every receiver took it; 1 one did not, or the file is wrong; 2 usage.';

const test = command({
  about:
    'Posts a test message to each receiver of NOTIFY_FILE, and prints what became of it: the status, or why it was not taken, and the time. It makes one attempt.',
  options: {
    receiver: option('NAME', 'only this receiver; default all'),
    json: flag('print JSON'),
  },
  exit: EXIT,
  async run({ values }, env) {
    const { NOTIFY_FILE: path, AGGREGATOR_ID: id } = readSome(env, ['NOTIFY_FILE', 'AGGREGATOR_ID']);
    if (path === null) {
      throw new CodedError('settings_invalid', 'NOTIFY_FILE unset: name the file of the receivers in it.');
    }
    const { receivers: configs, warnings } = readNotifyFile(path);
    for (const warning of warnings) complain(`warning: ${warning}\n`);
    const { receiver: name = null } = values;
    if (name !== null && !configs.some((config) => config.name === name)) {
      const known = configs.map((config) => config.name).join(', ');
      throw new CodedError('usage', `The file has no receiver of this name; it has: ${known}.`);
    }
    const silent = { info: () => undefined, warn: () => undefined };
    const receivers = new Receivers(configs, receiverParts({ log: silent, aggregatorId: () => id ?? '' }));
    const answers = await testReceivers(receivers, name);
    await receivers.stop();
    print(values.json ? `${JSON.stringify({ receivers: answers })}\n` : answers.map(lineOf).join(''));
    return answers.every(({ isTaken }) => isTaken) ? 0 : 1;
  },
});

function lineOf({ name, form, status, reason, tookMs }: TestAnswer): string {
  return `${name} (${form}): ${reason === null ? `taken, status ${status}` : `not taken: ${reason}`} (${tookMs} ms)\n`;
}

/** The command `notify`. */
export const notifyCommand = group({
  about: 'Tries the receivers of notifications, which NOTIFY_FILE names; see docs/notifications.md.',
  commands: { test: { summary: 'post a test message to each receiver', load: () => Promise.resolve(test) } },
  exit: EXIT,
});
