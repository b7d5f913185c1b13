// Asks a person at a terminal for a secret: what is typed is not shown, and stands in no argument and no history.

import { CodedError } from '../lib/errors.ts';

/** The terminal: Node's `process.stdin`, and where the question is shown. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { setRawMode(isRaw: boolean): unknown };
  show(text: string): void;
}

/** Characters of one answer; what is typed beyond them is refused at its end. */
const TYPED_CHARACTERS_MAX = 8_000;

const INTERRUPT = '\u0003';
const END = '\u0004';
const ERASE_LINE = '\u0015';
const ESCAPE = '\u001b';
const ERASE: ReadonlySet<string> = new Set(['\b', '\u007f']);
const ENTER: ReadonlySet<string> = new Set(['\r', '\n']);
/** Cursor keys, and the marks around text that is pasted. */
const SEQUENCES = new RegExp(`${ESCAPE}(?:\\[[0-9;]*[A-Za-z~]|O[A-Za-z])`, 'g');

/**
 * Shows the question and resolves with the line that is typed or pasted, without showing it. Only the first line of a
 * text that is pasted counts. Errors: `usage` if the person interrupts, or if the line is too long.
 */
export async function askHidden({ input, show }: Terminal, question: string): Promise<string> {
  show(`${question}: `);
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    return await lineOf(input);
  } finally {
    input.setRawMode(false);
    input.pause();
    show('\n');
  }
}

function lineOf(input: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const stop = () => {
      input.removeListener('data', onData);
      input.removeListener('end', onEnd);
    };
    const refuse = (sentence: string) => {
      stop();
      reject(new CodedError('usage', sentence));
    };
    const onEnd = () => refuse('The input was interrupted, and nothing was sent.');
    const onData = (chunk: string | Buffer) => {
      for (const key of chunk.toString('utf8').replaceAll(SEQUENCES, '')) {
        if (key === INTERRUPT || key === END) return onEnd();
        if (ENTER.has(key)) {
          if (typed.length > TYPED_CHARACTERS_MAX) return refuse('The line is too long: use a file.');
          stop();
          return resolve(typed.join(''));
        }
        if (key === ERASE_LINE) typed = [];
        else if (ERASE.has(key)) typed.pop();
        else if (key >= ' ' && typed.length <= TYPED_CHARACTERS_MAX) typed.push(key);
      }
    };
    input.on('data', onData);
    input.once('end', onEnd);
    input.resume();
  });
}
