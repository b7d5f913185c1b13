// Makes the settings of the log from the file and from the environment variables LOG_LEVEL, RUST_LOG and LOG_FORMAT.

import type { Environment } from '../../config/environment.ts';
import { oneOf } from '../../config/kinds.ts';
import type { Source } from './arrange-upstreams.ts';
import type { LoggingConfig } from './config.ts';
import { KEYS, logLevel } from './keys.ts';
import { NONE } from './meaning.ts';

/** What the environment says about the log. */
export interface LogVariables {
  readonly env: Environment;
  /** True if standard output is a terminal. */
  readonly isTerminal: boolean;
}

const format = oneOf('json', 'text');

/** Makes the settings of the log. */
export function arrangeLogging(source: Source, { env, isTerminal }: LogVariables): LoggingConfig {
  const { values, findings, meaning, resolvePath } = source;
  const level = arrangeLevel(source, env);
  const written = textIn(env, 'LOG_FORMAT');
  const chosen = written === '' ? undefined : format.parse(written);
  if (written !== '' && chosen === undefined) {
    findings.wrong(null, `LOG_FORMAT ${JSON.stringify(written.slice(0, 40))}: allowed is ${format.allowed}`);
  }
  const file = values.get('logging.file');
  const path = values.isNull('logging.file') ? null : resolvePath(file?.value ?? KEYS['logging.file'].unset);
  if (path === null) meaning.tellFrom('logging.file', NONE, 'null in the file');
  else meaning.tell('logging.file', path, file);
  const [size, files] = [values.get('logging.max_size_mib'), values.get('logging.max_files')];
  const maxSizeMib = size?.value ?? KEYS['logging.max_size_mib'].unset;
  const maxFiles = files?.value ?? KEYS['logging.max_files'].unset;
  meaning.tell('logging.max_size_mib', maxSizeMib, size);
  meaning.tell('logging.max_files', maxFiles, files);
  return { level, format: chosen ?? (isTerminal ? 'text' : 'json'), file: path, maxSizeMib, maxFiles };
}

function arrangeLevel({ values, findings, meaning }: Source, env: Environment): LoggingConfig['level'] {
  const [own, rust] = [textIn(env, 'LOG_LEVEL'), textIn(env, 'RUST_LOG')];
  const ownLevel = own === '' ? undefined : logLevel.parse(own);
  if (own !== '' && ownLevel === undefined) {
    findings.wrong(null, `LOG_LEVEL ${JSON.stringify(own.slice(0, 40))}: allowed is ${logLevel.allowed}`);
  }
  const rustLevel = rust === '' ? undefined : logLevel.parse(rust);
  if (rust !== '' && rustLevel === undefined) {
    findings.warn(null, `RUST_LOG: ignored, because it is no plain level: allowed is ${logLevel.allowed}`);
  }
  const given = values.get('logging.level');
  const variable = ownLevel === undefined ? (rustLevel === undefined ? null : 'RUST_LOG') : 'LOG_LEVEL';
  const level = ownLevel ?? rustLevel ?? given?.value ?? KEYS['logging.level'].unset;
  if (variable === null) meaning.tell('logging.level', level, given);
  else meaning.tellFrom('logging.level', level, `the environment, ${variable}`);
  return level;
}

function textIn(env: Environment, name: string): string {
  return (env[name] ?? '').trim();
}
