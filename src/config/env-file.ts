// Reads a file of environment variables for `--env-file`: one `KEY=value` a line, as a shell would read it, without
// expanding anything. It lists all mistakes at once, each with its line. No message quotes a value, because any may be a
// secret.

import { CodedError } from '../lib/errors.ts';
import type { Environment } from './environment.ts';
import { settingsTextOf } from './file-text.ts';

/**
 * The environment with the variables of the file; a variable that the environment has, also an empty one, wins. Errors:
 * `settings_invalid` with all mistakes, or because the file cannot be read.
 */
export function withEnvFile(env: Environment, path: string): Environment {
  return { ...readEnvText(settingsTextOf(path), path), ...env };
}

/** The variables of the text of a file; `path` names it in errors. Errors: `settings_invalid`. */
export function readEnvText(text: string, path: string): Readonly<Record<string, string>> {
  const variables = new Map<string, { readonly value: string; readonly line: number }>();
  const mistakes: string[] = [];
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const read = readLine(line.trim());
    if (read === null) continue;
    const earlier = 'name' in read ? variables.get(read.name) : undefined;
    if ('fault' in read) mistakes.push(`  line ${index + 1}: ${read.fault}`);
    else if (earlier !== undefined) {
      mistakes.push(
        `  line ${index + 1}: ${read.name} stands in line ${earlier.line} already: write it once`,
      );
    } else variables.set(read.name, { value: read.value, line: index + 1 });
  }
  if (mistakes.length > 0) {
    const heading = `${path} has ${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`}:`;
    throw new CodedError('settings_invalid', [heading, ...mistakes].join('\n'));
  }
  return Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
}

type Line = { readonly name: string; readonly value: string } | { readonly fault: string };

/** Null for an empty line and for a comment. */
function readLine(line: string): Line | null {
  if (line === '' || line.startsWith('#')) return null;
  const [, name, rest = ''] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/su.exec(line) ?? [];
  if (name === undefined) return { fault: nameFault(line) };
  if (/\p{Cc}/u.test(rest.replaceAll('\t', ' '))) {
    return { fault: `${name}: a control character is in the value: remove it` };
  }
  // A shell takes it as the value, and other readers of such files as a comment.
  if (rest.startsWith('#')) return { fault: `${name}: the value begins with #: put it in quotes` };
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") return { name, value: withoutComment(rest) };
  const read = quote === '"' ? doubleQuoted(rest) : singleQuoted(rest);
  return typeof read === 'string' ? { fault: `${name}: ${read}` } : { name, value: read.value };
}

function nameFault(line: string): string {
  if (!line.includes('=')) return 'there is no = in it: write KEY=value, or # before a comment';
  if (/^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s+=/.test(line)) return 'a space stands before the =: remove it';
  return 'what stands before the = is no name: letters, digits and _, and no digit first';
}

/** As in a shell, a # behind white space begins a comment. */
function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/su, '').trim();
}

/** The value, or the fault. */
function singleQuoted(text: string): { readonly value: string } | string {
  const end = text.indexOf("'", 1);
  return end === -1 ? OPEN : (restFault(text.slice(end + 1)) ?? { value: text.slice(1, end) });
}

/** As {@link singleQuoted}, with the four escapes of a shell; every other backslash stays. */
function doubleQuoted(text: string): { readonly value: string } | string {
  let value = '';
  for (let at = 1; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') return restFault(text.slice(at + 1)) ?? { value };
    const next = text[at + 1] ?? '';
    const isEscape = character === '\\' && ['"', '\\', '$', '`'].includes(next);
    value += isEscape ? next : character;
    if (isEscape) at++;
  }
  return OPEN;
}

const OPEN = 'the quote is not closed in this line: a value has one line';

function restFault(rest: string): string | undefined {
  return /^\s*$|^\s+#/.test(rest) ? undefined : 'text stands behind the closing quote: remove it';
}
