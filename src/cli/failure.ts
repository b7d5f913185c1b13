// The error message of a failed command: one sentence and its code. If the sentence is about the database, it also says
// where DB_PATH leads.

import { dirname } from 'node:path';
import type { CodedError } from '../lib/errors.ts';
import { ownPath } from '../lib/real-path.ts';

/** Makes the line for standard error; `written` is the setting DB_PATH before links are followed. */
export function failureLine({ message, code }: CodedError, written: string): string {
  const path = ownPath(written);
  const isAboutLink = path !== written && message.includes(dirname(path)) && !message.includes(written);
  return `${message}${isAboutLink ? ` (DB_PATH ${written} leads to ${path})` : ''} [${code}]\n`;
}
