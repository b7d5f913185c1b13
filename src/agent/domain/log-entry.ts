// Reads one entry of a node's log: which facts it tells. It knows no file, and takes a text of any content.

import type { LosslessObject } from '../../lib/lossless-json.ts';
import { type FoundJson, findJson, objectAt, textAt, valueAt } from './log-json.ts';
import { bareText, completedExecution, headOf, namedExecution, startedExecution } from './log-text.ts';
import type { LogTime } from './log-time.ts';
import type { ExecutionMetrics, MetricsFact, ReceivedFact, SourceFact } from './source-facts.ts';
import { chainIdOf, idOf, numberOf, taskTypeOf } from './task-labels.ts';

/** What an entry tells. */
export interface EntryReading {
  /** None for most entries; two if the output of a command follows in a line of its own. */
  readonly facts: readonly SourceFact[];
  /** True if the entry should tell a fact and does not: its JSON is none, or has no id. */
  readonly isInvalid: boolean;
  /** True if the JSON of the entry has not ended yet: lines may follow. */
  readonly isOpen: boolean;
}

const NOTHING: EntryReading = { facts: [], isInvalid: false, isOpen: false };
const INVALID: EntryReading = { facts: [], isInvalid: true, isOpen: false };

const RECEIVED = 'Message received from task_created:';
const STARTED = 'Starting task execution';
const OUTPUT = 'Command execution stdout:';
const OUTPUT_LINE = /^[^\S\n]{0,64}Command execution stdout:/m;
const NANOSECONDS_PER_MS = 1_000_000;

/** What the marks of an entry are looked for in. */
interface Entry {
  /** Without colour codes and prefixes. */
  readonly text: string;
  /** From the head to the first brace of the line: a task may put any text into its JSON. */
  readonly prose: string;
  readonly proseAt: number;
  readonly lineEnd: number;
  readonly atMs: number | null;
  /** True if no line end follows: the entry may have been cut in the middle of a word. */
  readonly isCut: boolean;
}

/**
 * Reads an entry with all its lines. `isCut` says that the entry does not end with a line end. An entry of another
 * program tells nothing, and neither does a text that is no entry.
 */
export function readLogEntry(text: string, time: LogTime, isCut = false): EntryReading {
  // Most entries hold no mark: they cost no more than this.
  if (!text.includes('xecution') && !text.includes('task_created')) return NOTHING;
  const bare = bareText(text);
  const head = headOf(bare);
  if (head === null) return NOTHING;
  const newline = bare.indexOf('\n', head.textAt);
  const lineEnd = newline < 0 ? bare.length : newline;
  const brace = bare.indexOf('{', head.textAt);
  const proseEnd = brace < 0 || brace > lineEnd ? lineEnd : brace;
  const entry: Entry = {
    text: bare,
    prose: bare.slice(head.textAt, proseEnd),
    proseAt: head.textAt,
    lineEnd,
    atMs: time.msOf(head.time),
    isCut: isCut && newline < 0,
  };
  const { reading, end } = readFirstLine(entry);
  const output = bare.includes(OUTPUT, end) ? OUTPUT_LINE.exec(bare.slice(end)) : null;
  if (output === null || reading.isOpen) return reading;
  const [before] = reading.facts;
  const known = before !== undefined && before.kind !== 'invoice' ? before.executionId : null;
  const further = readOutput(entry, end + output.index + output[0].length, known);
  return {
    ...further,
    facts: [...reading.facts, ...further.facts],
    isInvalid: further.isInvalid || reading.isInvalid,
  };
}

/** The reading of the first line, and the index behind what belongs to it. */
function readFirstLine(entry: Entry): { readonly reading: EntryReading; readonly end: number } {
  const { text, prose, proseAt, lineEnd } = entry;
  const marks = [prose.indexOf(RECEIVED), prose.indexOf(STARTED), prose.indexOf(OUTPUT)] as const;
  const completed = completedExecution(prose);
  // The mark that comes first counts: the others are then part of what the entry quotes.
  const first = Math.min(
    ...[...marks, completed?.at ?? -1].map((at) => (at < 0 ? Number.POSITIVE_INFINITY : at)),
  );
  switch (first) {
    case Number.POSITIVE_INFINITY:
      return { reading: NOTHING, end: lineEnd };
    case marks[0]: {
      const found = findJson(text, proseAt + first + RECEIVED.length);
      return { reading: readReceived(entry, found), end: found.kind === 'object' ? found.end : text.length };
    }
    case marks[1]:
      return { reading: readStarted(entry, proseAt + first + STARTED.length), end: lineEnd };
    case marks[2]:
      return { reading: readOutput(entry, proseAt + first + OUTPUT.length, null), end: text.length };
    default:
      return { reading: readCompleted(entry, completed?.id ?? null), end: lineEnd };
  }
}

function readReceived(entry: Entry, found: FoundJson): EntryReading {
  if (found.kind !== 'object') return { ...INVALID, isOpen: found.kind !== 'invalid' };
  const payload = objectAt(found.object, 'payload') ?? found.object;
  const message = objectAt(payload, 'message') ?? payload;
  const objects = [payload, message, found.object];
  const executionId = idOf(firstText(objects, 'executionId'));
  if (executionId === null) return INVALID;
  const fact: ReceivedFact = {
    kind: 'received',
    executionId,
    chainId: chainIdOf(firstText(objects, 'chainId')),
    taskType: taskTypeOf(firstText(objects, 'taskType'), firstText(objects, 'taskId')),
    atMs: entry.atMs,
  };
  return { ...NOTHING, facts: [fact] };
}

function firstText(objects: readonly LosslessObject[], name: string): string | null {
  for (const object of objects) {
    const text = textAt(object, name);
    if (text !== null && text !== '') return text;
  }
  return null;
}

function readStarted(entry: Entry, from: number): EntryReading {
  const rest = entry.text.slice(from, entry.proseAt + entry.prose.length);
  const found = entry.proseAt + entry.prose.length < entry.lineEnd ? findJson(entry.text, from) : null;
  const inJson = found?.kind === 'object' ? firstText([found.object], 'executionId') : null;
  const named = inJson ?? startedExecution(rest);
  const executionId = idOf(named);
  if (executionId === null) return { ...NOTHING, isOpen: found?.kind === 'open' };
  // The rest of a cut id may follow.
  if (entry.isCut && inJson === null && rest.endsWith(executionId)) return NOTHING;
  return { ...NOTHING, facts: [{ kind: 'started', executionId, atMs: entry.atMs }] };
}

function readCompleted(entry: Entry, id: string | null): EntryReading {
  const executionId = idOf(id);
  if (executionId === null) return INVALID;
  // The rest of a cut id may follow.
  if (entry.isCut && entry.prose.endsWith(executionId)) return NOTHING;
  return { ...NOTHING, facts: [{ kind: 'completed', executionId, atMs: entry.atMs }] };
}

/** `known` is the execution that the entry tells another fact about. */
function readOutput(entry: Entry, from: number, known: string | null): EntryReading {
  const found = findJson(entry.text, from);
  // A command may print anything: without an object there is nothing to read.
  if (found.kind !== 'object')
    return { ...NOTHING, isInvalid: found.kind !== 'absent', isOpen: found.kind === 'open' };
  const { object } = found;
  const metrics: ExecutionMetrics = {
    elapsedMs: elapsedMsOf(numberOf(textAt(object, 'elapsed'))),
    exitCode: exitCodeOf(numberOf(textAt(object, 'wasi', 'exitCode'))),
    steps: numberOf(textAt(object, 'metering', 'last', 'steps')),
    isCached: booleanOf(valueAt(object, 'execution', 'prepare', 'cached')),
  };
  if (Object.values(metrics).every((value) => value === null)) return NOTHING;
  const inJson = firstText([object], 'executionId') ?? textAt(object, 'execution', 'executionId');
  const fact: MetricsFact = {
    kind: 'metrics',
    executionId: idOf(inJson) ?? known ?? idOf(namedExecution(entry.prose)),
    metrics,
    atMs: entry.atMs,
  };
  return { ...NOTHING, facts: [fact] };
}

function elapsedMsOf(nanoseconds: number | null): number | null {
  return nanoseconds === null || nanoseconds < 0 ? null : nanoseconds / NANOSECONDS_PER_MS;
}

function exitCodeOf(value: number | null): number | null {
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

function booleanOf(value: unknown): boolean | null {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : null;
}
