// Decides by a seed what simulated nodes do: executions with their ids, programs, times, outcomes and invoices. Pure: the
// same options give the same plan. Nothing here writes a file or knows a message.

import { createHash } from 'node:crypto';
import { createRandom, type Random } from '../../lib/random.ts';
import type {
  NodePlan,
  PlannedExecution,
  PlannedId,
  PlannedInvoice,
  PlannedMetrics,
  PlannedNode,
  PlannedWork,
  RecordForm,
} from './planned-execution.ts';

/** What a plan is made of. */
export interface NodePlanOptions {
  readonly seed: number;
  /** Nodes, at least 1. */
  readonly nodes: number;
  /** Executions in all. */
  readonly executions: number;
  /** The first execution's number; ids depend on it, so a later plan of the same seed can go on behind an earlier one. */
  readonly firstIndex: number;
  /** Share of the executions that all nodes have, 0 to 1; each other one belongs to one node. */
  readonly sharedShare: number;
  /** When the first execution is received, in ms since the epoch. */
  readonly startMs: number;
  /** Time from one receipt to the next, in ms. */
  readonly intervalMs: number;
  /** Log files of each node. With more than one, every metrics entry names its execution. */
  readonly workers: number;
  /** Executions that a log tells of at the same time; with 1 they follow one another. */
  readonly slots: number;
  /** Records of other kinds for each execution. */
  readonly othersPerExecution: number;
  /** Length of an input in characters, about. */
  readonly inputCharacters: number;
  /** True: a part of the executions is written in the simpler forms. */
  readonly hasSimpleForms: boolean;
}

/** Options of a small plan, to be changed. */
export const STANDARD_PLAN: NodePlanOptions = {
  seed: 1,
  nodes: 1,
  executions: 50,
  firstIndex: 0,
  sharedShare: 0.5,
  startMs: Date.parse('2026-01-15T10:00:00Z'),
  intervalMs: 6_000,
  workers: 2,
  slots: 1,
  othersPerExecution: 4,
  inputCharacters: 300,
  hasSimpleForms: true,
};

const CHAINS = ['43113', '43113', '43113', '43114', '1', '137', '8453'] as const;
const TASK_TYPES = ['wasm', 'docker', 'js-function', null, null, null, null] as const;
const PROGRAMS = 12;
const EXIT_CODES = [0, 0, 0, 0, 0, 0, 1, 137, -1, null] as const;
/** Both sides of every edge of the buckets, and values far inside. */
const ELAPSED_MS = [
  0.4, 99.999999, 100, 499.9, 500, 999.999, 1_000, 1_734.25, 4_999, 5_000, 9_999, 10_000, 29_999, 30_000,
  59_999.999999, 60_000, 95_000,
] as const;
const STEPS = [
  1, 99_999, 100_000, 999_999, 1_000_000, 6_839_448, 9_999_999, 10_000_000, 99_999_999, 100_000_000,
  60_000_000_000,
] as const;
/** Pages of WebAssembly up to 65,535, from there bytes. */
const PEAK_MEMORY = [
  1, 17, 1_023, 1_024, 4_095, 4_096, 16_383, 16_384, 65_535, 65_536, 67_108_863, 67_108_864, 268_435_455,
  268_435_456, 1_073_741_823, 1_073_741_824,
] as const;
/** Text that is hard to read in pieces: quotes, braces, escapes, several bytes a letter. */
const HARD_TEXT =
  '"}],{"records":[ \\ \\" é 漢字 🦀 \u2028 \t\n {"type":"task_created","executionId":"fake"} ';

/** Lower-case hex of this length that depends on its parts only. */
export function plannedHex(length: number, ...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('/')).digest('hex').repeat(4).slice(0, length);
}

/** Makes the plan. */
export function makeNodePlan(options: NodePlanOptions): NodePlan {
  const nodes = Array.from({ length: options.nodes }, (_, node) => plannedNode(options.seed, node));
  const executions = Array.from({ length: options.executions }, (_, at) => plannedExecution(options, at));
  return { seed: options.seed, nodes, executions, othersPerExecution: options.othersPerExecution };
}

function plannedNode(seed: number, node: number): PlannedNode {
  // Letters of both cases, as wallets write addresses.
  const hex = plannedHex(40, 'wallet', seed, node);
  const wallet = `0x${hex.replaceAll(/[a-f](?=[0-7])/g, (letter) => letter.toUpperCase())}`;
  return { wallet, eventFile: `${wallet}-eventDB.json` };
}

function uuid(hex: string): string {
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
  return [...groups, hex.slice(20, 32)].join('-');
}

/** Digits without a leading zero, most of them more than a double can hold. */
function digits(length: number, hex: string): string {
  return (BigInt(`0x${hex}`) % 10n ** BigInt(length - 1)).toString().padStart(length, '7').slice(0, length);
}

function executionId(seed: number, index: number, random: Random): PlannedId {
  const hex = plannedHex(64, 'execution', seed, index);
  const kind = random.below(10);
  if (kind < 6) return { text: uuid(hex), form: 'text' };
  if (kind < 7) return { text: digits(19, hex), form: 'number' };
  if (kind < 8) return { text: digits(20, hex), form: 'number' };
  if (kind < 9) return { text: digits(19, hex), form: 'text' };
  return { text: `0x${hex}`, form: 'text' };
}

function invoiceId(seed: number, index: number, random: Random): PlannedId {
  const hex = plannedHex(64, 'invoice', seed, index);
  return { text: digits(random.pick([19, 20, 22]), hex), form: random.chance(0.5) ? 'number' : 'text' };
}

/** The requester's text; every one holds a word of the seed and an address, neither of which may leave the node. */
function input(seed: number, index: number, characters: number): string {
  const word = `canary-${plannedHex(24, 'input', seed, index)}`;
  const address = `0x${plannedHex(40, 'requester', seed, index)}`;
  const text = `${word} ${address} ${HARD_TEXT}`;
  return text.repeat(Math.max(1, Math.ceil(characters / text.length)));
}

function form(random: Random, hasSimpleForms: boolean): RecordForm {
  if (!hasSimpleForms) return 'real';
  return random.pick(['real', 'real', 'real', 'payload', 'flat']);
}

function plannedExecution(options: NodePlanOptions, at: number): PlannedExecution {
  const { seed, nodes } = options;
  const index = options.firstIndex + at;
  const random = createRandom(seed, `execution/${index}`);
  const isApi = random.chance(0.2);
  const program = `${isApi ? 'api' : 'rs'}_${plannedHex(64, 'program', seed, random.below(PROGRAMS))}`;
  const id = executionId(seed, index, random);
  const recordForm = form(random, options.hasSimpleForms);
  const chainId = random.pick(CHAINS);
  const isShared = random.chance(options.sharedShare);
  const owner = random.below(nodes);
  const receivedMs = options.startMs + at * options.intervalMs;
  const works = Array.from({ length: nodes }, (_, node) =>
    isShared || node === owner ? plannedWork(options, { at, node, receivedMs, isApi }) : null,
  );
  const hasInvoice = random.chance(0.8) && works.some((work) => work?.isInEvents === true);
  return {
    index,
    id,
    form: recordForm,
    program,
    taskType: random.pick(TASK_TYPES),
    chainId,
    blockNumber: 40_000_000 + random.below(9_000_000),
    input: input(seed, index, options.inputCharacters),
    works,
    invoices: hasInvoice ? [plannedInvoice(seed, random, { index, id, chainId, isApi, receivedMs })] : [],
  };
}

interface WorkFacts {
  readonly at: number;
  readonly node: number;
  readonly receivedMs: number;
  readonly isApi: boolean;
}

/** With one slot the works of a log follow one another, so metrics without a name have one execution to belong to. */
function plannedWork(options: NodePlanOptions, { at, node, receivedMs, isApi }: WorkFacts): PlannedWork {
  const random = createRandom(options.seed, `work/${options.firstIndex + at}/${node}`);
  const { intervalMs } = options;
  const startedMs = receivedMs + Math.floor(intervalMs / 10);
  const isCompleted = random.chance(0.95);
  const worker = at % options.workers;
  const lengthMs = Math.floor(intervalMs * (0.2 + 0.6 * random.next() + random.below(options.slots)));
  // A log tells metrics, so what is in the events alone has none.
  const source = random.below(10);
  const isInLogs = source !== 0;
  return {
    receivedMs,
    startedMs,
    completedMs: isCompleted ? startedMs + lengthMs : null,
    metrics: isApi || !isInLogs || random.chance(0.1) ? null : plannedMetrics(random, options.workers > 1),
    worker,
    isInLogs,
    isInEvents: source !== 1,
  };
}

function plannedMetrics(random: Random, isNamed: boolean): PlannedMetrics {
  return {
    elapsedNs: Math.round(random.pick(ELAPSED_MS) * 1_000_000),
    exitCode: random.pick(EXIT_CODES),
    steps: random.chance(0.9) ? random.pick(STEPS) : null,
    peakMemory: random.pick(PEAK_MEMORY),
    cached: random.pick([true, false, false, null]),
    isNamed: isNamed || random.chance(0.3),
  };
}

interface InvoiceFacts {
  readonly index: number;
  readonly id: PlannedId;
  readonly chainId: string;
  readonly isApi: boolean;
  readonly receivedMs: number;
}

function plannedInvoice(seed: number, random: Random, facts: InvoiceFacts): PlannedInvoice {
  const hasExecution = random.chance(0.95);
  return {
    id: invoiceId(seed, facts.index, random),
    createdMs: facts.receivedMs,
    executionId: hasExecution ? facts.id : null,
    chainId: !hasExecution || random.chance(0.2) ? facts.chainId : null,
    operation: 'charge',
    steps: facts.isApi ? null : random.pick(STEPS),
    peakMemory: facts.isApi ? null : random.pick(PEAK_MEMORY),
    shares: 1 + random.below(3),
  };
}
