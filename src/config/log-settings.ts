// The two settings of the log, which programs with settings in the environment share.

import { optional, setting } from './definition.ts';
import { oneOf } from './kinds.ts';

/** The lowest level that is logged. */
export const LOG_LEVEL = setting(
  oneOf('debug', 'info', 'warn', 'error'),
  'info',
  'The lowest level that the program logs.',
);

/** The format of the log lines. */
export const LOG_FORMAT = optional(
  oneOf('json', 'text'),
  '`text` when standard output is a terminal, else `json`',
  'Format of the log lines.',
);
