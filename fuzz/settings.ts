// Unusual environments: each is accepted or refused with one sentence per mistake, and no secret is shown.

import { DEFINITIONS } from '../src/federation/config/setting-table.ts';
import { readSettings } from '../src/federation/config/settings.ts';
import { CodedError } from '../src/lib/errors.ts';
import type { Random } from '../src/lib/random.ts';
import { anyText } from './mutation.ts';
import { FuzzFailure, type FuzzTarget } from './target.ts';

const NAMES = Object.keys(DEFINITIONS) as (keyof typeof DEFINITIONS)[];
const VALUES = [
  '',
  ' ',
  '0',
  '1',
  '8',
  '-1',
  '1e3',
  '0x10',
  '99999999999999999999',
  '1.5',
  'on',
  'off',
  'auto',
  'required',

  'open',
  'json',
  'text',
  'debug',
  'core',
  'jetstream',
  '127.0.0.1',
  '0.0.0.0',
  '::1',
  'localhost',
  '[::1]',

  'nats://a:4222',
  'tls://a',
  'ws://a:9086/x',
  'nats://u:p@a,wss://b',
  'nats://',
  '://',
  'http://a',
  ',',
  'a,,b',
  '/dev/null',
  '/',
  '.',
  '..',
  'data/a.db',
  'a'.repeat(300),
  'ab'.repeat(32),
  '\u0000',
  'true',
  'é',
];
const SECRET = 'correct horse battery staple';

export function settingsTarget(): FuzzTarget {
  const outcomes = { read: 0, refused: 0 };
  let fed = 0;
  return {
    name: 'settings',
    sliceInputs: 200,
    outcomes,
    feed(random: Random) {
      fed++;
      const env: Record<string, string> = {};
      for (let count = random.below(8); count >= 0; count--) {
        const name = random.pick(NAMES);
        const text = random.chance(0.8) ? random.pick(VALUES) : anyText(random);
        env[name] = DEFINITIONS[name].secret ? `${text}${SECRET}` : text;
      }
      try {
        readSettings(env, { isTerminal: random.chance(0.5), processors: 1 + random.below(64) });
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
        if (error.message.includes(SECRET)) throw new FuzzFailure('a secret is shown');
        const [heading = '', ...lines] = error.message.split('\n  ');
        if (Number.parseInt(heading, 10) !== lines.length) throw new FuzzFailure('mistakes are miscounted');
        outcomes.refused++;
      }
    },
    settle() {
      if (outcomes.read + outcomes.refused !== fed)
        throw new FuzzFailure('an environment is unaccounted for');
    },
    close() {},
  };
}
