// The options of `aggregator verify`, apart from the command, so that the command line can tell an option's value from an
// operand without loading what talks to brokers.

import { flag, option, optionWithDefault } from '../../cli/command-line.ts';

/** The options of the command `verify`. */
export const VERIFY_OPTIONS = {
  keys: option(
    'WHERE',
    'JWK set: an http(s) address or a file; default /.well-known/aggregator/keys at HTTP_HOST and HTTP_PORT, else http://127.0.0.1:8080',
  ),
  file: option('FILE', 'a message as --save writes it, instead of the broker'),
  subject: optionWithDefault('S', 'the subject to listen on', 'truebit.stats.aggregated'),
  timeout: optionWithDefault('TIME', 'how long to wait for a message; a bare number is seconds', '60'),
  save: option('FILE', 'write the message there: {"subject","headers","payload"}, the payload as text'),
  json: flag('print JSON'),
} as const;
