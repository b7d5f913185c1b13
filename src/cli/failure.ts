// The error message of a failed command: one sentence and its code. If the sentence is about a database, it also says
// where the program's DB_PATH leads.

import { dirname } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { CodedError } from '../lib/errors.ts';
import { ownPath } from '../lib/real-path.ts';
import type { Entry } from './command.ts';

/** Makes the line for standard error. */
export function failureLine({ message, code }: CodedError): string {
  return `${message} [${code}]\n`;
}

/** Adds to an error about a database where DB_PATH leads; `written` is the setting before links are followed. */
export function withLink(error: CodedError, written: string): CodedError {
  const { message, code } = error;
  const path = ownPath(written);
  const isAboutLink = path !== written && message.includes(dirname(path)) && !message.includes(written);
  if (!isAboutLink) return error;
  return new CodedError(code, `${message} (DB_PATH ${written} leads to ${path})`, { cause: error });
}

/** The commands of one program: `load` loads the function that finds the program's DB_PATH as the operator wrote it. */
export function explained<Name extends string>(
  entries: Readonly<Record<Name, Entry>>,
  load: () => Promise<(env: Environment) => string>,
): Readonly<Record<Name, Entry>> {
  return withErrors(entries, async (error, env) => withLink(error, (await load())(env)));
}

/** The commands of a program whose setting for the database has another name than DB_PATH, which errors then say. */
export function sayingSetting<Name extends string>(
  entries: Readonly<Record<Name, Entry>>,
  setting: string,
): Readonly<Record<Name, Entry>> {
  return withErrors(entries, async (error) => {
    const { code, message } = error;
    return message.includes('DB_PATH')
      ? new CodedError(code, message.replaceAll('DB_PATH', setting), { cause: error })
      : error;
  });
}

/** The entries, whose commands fail with what `change` makes of an error. */
function withErrors<Name extends string>(
  entries: Readonly<Record<Name, Entry>>,
  change: (error: CodedError, env: Environment) => Promise<CodedError>,
): Readonly<Record<Name, Entry>> {
  const all = Object.entries<Entry>(entries).map(([name, entry]) => [name, changedEntry(entry, change)]);
  return Object.fromEntries(all) as Record<Name, Entry>;
}

function changedEntry(
  entry: Entry,
  change: (error: CodedError, env: Environment) => Promise<CodedError>,
): Entry {
  return {
    summary: entry.summary,
    async load() {
      const command = await entry.load();
      return {
        shape: () => command.shape(),
        async run(call) {
          try {
            return await command.run(call);
          } catch (error) {
            if (!(error instanceof CodedError)) throw error;
            throw await change(error, call.env);
          }
        },
      };
    },
  };
}
