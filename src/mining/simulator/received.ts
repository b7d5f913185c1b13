// What a simulated upstream received and answered: in memory for tests, and as lines of JSON in a file. A killed
// process leaves at most one incomplete line, which the reader leaves out.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { SimBlock } from './block.ts';
import { paramsOf, readSubmission, type SimSubmission } from './sim-submission.ts';
import { parseWire, printWire } from './wire-json.ts';

/** What became of a submission at the upstream; `unserved`: a fault met it before the upstream looked into it. */
export type ReceivedVerdict = 'accepted' | 'refused' | 'unserved';

/** One submission that reached the upstream. */
export interface Received {
  /** When it arrived, in ms since the epoch. */
  readonly atMs: number;
  /** Null if its parameters could not be read. */
  readonly submission: SimSubmission | null;
  /** Its `params` as JSON text, digit by digit as they came, if they could be parsed. */
  readonly paramsText: string;
  /** Hash and height of the block that was current at the upstream. */
  readonly blockHash: string;
  readonly height: bigint;
  readonly verdict: ReceivedVerdict;
  /** Code of the JSON-RPC error; null without one. */
  readonly code: number | null;
  /** Type of the fault that met the request; null without one. */
  readonly fault: string | null;
  /** True if an answer left that tells the verdict. */
  readonly isAnswered: boolean;
  /** Headers of the request in small letters. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The request's `id`. */
  readonly id: unknown;
}

/** A line of the record. */
export type RecordLine =
  | { readonly type: 'start'; readonly atMs: number; readonly seed: number }
  | { readonly type: 'block'; readonly atMs: number; readonly block: Pick<SimBlock, 'height' | 'blockHash'> }
  | ({ readonly type: 'submission' } & Omit<Received, 'headers' | 'id' | 'paramsText'>);

/** Appends lines to a file; each is in the file when the call returns. */
export class RecordFile {
  readonly #path: string;

  /** Ends an incomplete line that a killed process left. Throws the system's error. */
  constructor(path: string) {
    this.#path = path;
    const last = existsSync(path) ? readFileSync(path).at(-1) : undefined;
    if (last !== undefined && last !== 0x0a) appendFileSync(path, '\n');
  }

  /** Throws the system's error. */
  append(line: RecordLine): void {
    appendFileSync(this.#path, `${printLine(line)}\n`);
  }
}

/** One line as JSON text; 64-bit values stay number literals. */
export function printLine(line: RecordLine): string {
  if (line.type !== 'submission') return printWire({ ...line, atMs: Math.round(line.atMs) });
  const { submission, ...more } = line;
  const params = submission === null ? null : paramsOf(submission);
  return printWire({ ...more, atMs: Math.round(line.atMs), submission: params });
}

/** The lines of a record; incomplete ones are left out. Throws the system's error. */
export function readRecord(path: string): readonly RecordLine[] {
  return readFileSync(path, 'utf8').split('\n').flatMap(readLine);
}

function readLine(text: string): readonly RecordLine[] {
  try {
    const line = parseWire(text) as Readonly<Record<string, unknown>>;
    const atMs = Number(line['atMs']);
    switch (line['type']) {
      case 'start':
        return [{ type: 'start', atMs, seed: Number(line['seed']) }];
      case 'block':
        return [{ type: 'block', atMs, block: line['block'] as SimBlock }];
      case 'submission':
        return [
          {
            type: 'submission',
            atMs,
            submission: submissionOf(line['submission']),
            blockHash: line['blockHash'] as string,
            height: line['height'] as bigint,
            verdict: line['verdict'] as ReceivedVerdict,
            code: line['code'] === null ? null : Number(line['code']),
            fault: line['fault'] as string | null,
            isAnswered: line['isAnswered'] === true,
          },
        ];
      default:
        return [];
    }
  } catch {
    return [];
  }
}

function submissionOf(params: unknown): SimSubmission | null {
  const read = readSubmission(params);
  return 'text' in read ? null : read;
}
