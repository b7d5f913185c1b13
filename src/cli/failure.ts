// How a command that failed says so: one sentence and its code, and where DB_PATH leads if that is what the sentence is about.

import { dirname } from 'node:path';
import type { CodedError } from '../lib/errors.ts';
import { ownPath } from '../lib/real-path.ts';

/** The line for standard error; `written` is DB_PATH as it is set. */
export function failureLine({ message, code }: CodedError, written: string): string {
  const path = ownPath(written);
  const isAboutLink = path !== written && message.includes(dirname(path)) && !message.includes(written);
  return `${message}${isAboutLink ? ` (DB_PATH ${written} leads to ${path})` : ''} [${code}]\n`;
}
