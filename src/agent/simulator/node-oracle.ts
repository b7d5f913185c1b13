// Says from the plan alone which messages the agent of a node must send (docs/agent.md#messages). It reads no file and
// imports nothing of what it judges.

import { createHash } from 'node:crypto';
import { amountLabel, type Label, memoryLabel, timeLabel } from './oracle-buckets.ts';
import type { NodePlan, PlannedExecution, PlannedInvoice, PlannedMetrics } from './planned-execution.ts';

/** The sources that the agent of a node reads. */
export interface ReadSources {
  readonly events: boolean;
  readonly logs: boolean;
}

/** Both sources. */
export const BOTH_SOURCES: ReadSources = { events: true, logs: true };

/** The `data` of a message: exactly these members. */
export type MessageData = Readonly<Record<string, string | boolean>>;

/** One message that an agent must send, once. */
export interface ExpectedMessage {
  readonly type: 'task_received' | 'task_completed' | 'invoice_created';
  readonly data: MessageData;
  /** `timestamp` in ms since the epoch. */
  readonly timestampMs: number;
}

const TIME_STEP_MS = 300_000;
const TASK_TYPE = /^[a-z0-9][a-z0-9-]{0,15}$/;
const PROGRAM = /^([a-z]{1,8})_[0-9a-f]{64}$/;

/** The hash of an id under a salt of 64 hex digits. */
export function saltedHash(salt: string, id: string): string {
  return createHash('sha256').update(salt).update(id, 'utf8').digest('hex');
}

/** The type that a task is counted under; null if it has none. */
export function taskTypeOf({ taskType, program }: PlannedExecution): Label {
  if (taskType !== null && TASK_TYPE.test(taskType)) return taskType;
  return PROGRAM.exec(program)?.[1] ?? null;
}

function dataOf(members: Readonly<Record<string, string | boolean | null>>): MessageData {
  const present = Object.entries(members).filter(([, value]) => value !== null);
  return Object.fromEntries(present) as MessageData;
}

function roundedDown(atMs: number): number {
  return atMs - (atMs % TIME_STEP_MS);
}

/**
 * True if the metrics of the execution on this node can be told to be its own: the entry names it, or no other execution
 * of the node's logs is between start and completion.
 */
function isAttributable(plan: NodePlan, execution: PlannedExecution, node: number): boolean {
  const work = execution.works[node] ?? null;
  if (work === null || work.completedMs === null || work.metrics === null) return false;
  if (work.metrics.isNamed) return true;
  const atMs = work.completedMs;
  return !plan.executions.some((other) => {
    const beside = other.works[node] ?? null;
    if (other === execution || beside === null || !beside.isInLogs || beside.completedMs === null)
      return false;
    return beside.startedMs < atMs && beside.completedMs > atMs;
  });
}

/** The messages of a node's agent, each once, in no order that matters. */
export function expectedMessages(
  plan: NodePlan,
  node: number,
  salt: string,
  sources: ReadSources = BOTH_SOURCES,
): readonly ExpectedMessage[] {
  return plan.executions.flatMap((execution) => messagesOf(plan, execution, { node, salt, sources }));
}

interface Reader {
  readonly node: number;
  readonly salt: string;
  readonly sources: ReadSources;
}

function messagesOf(plan: NodePlan, execution: PlannedExecution, reader: Reader): ExpectedMessage[] {
  const { node, salt, sources } = reader;
  const work = execution.works[node] ?? null;
  if (work === null) return [];
  const isInLogs = sources.logs && work.isInLogs;
  const isInEvents = sources.events && work.isInEvents;
  if (!isInLogs && !isInEvents) return [];
  const taskIdHash = saltedHash(salt, execution.id.text);
  const { chainId } = execution;
  const received: ExpectedMessage = {
    type: 'task_received',
    data: dataOf({ chainId, taskType: taskTypeOf(execution), taskIdHash }),
    timestampMs: roundedDown(work.receivedMs),
  };
  const metrics = isInLogs && isAttributable(plan, execution, node) ? work.metrics : null;
  const completed: ExpectedMessage[] =
    work.completedMs === null
      ? []
      : [
          {
            type: 'task_completed',
            data: dataOf({ chainId, taskIdHash, ...outcomeOf(metrics) }),
            timestampMs: roundedDown(work.completedMs),
          },
        ];
  const invoices = isInEvents ? execution.invoices.map((each) => invoiceOf(each, execution, salt)) : [];
  return [received, ...completed, ...invoices];
}

function outcomeOf(metrics: PlannedMetrics | null): Readonly<Record<string, string | boolean | null>> {
  if (metrics === null) return { status: 'completed' };
  const { exitCode, elapsedNs, steps, cached } = metrics;
  return {
    status: exitCode !== null && exitCode !== 0 ? 'failed' : 'completed',
    success: exitCode === null ? null : exitCode === 0,
    executionTimeBucket: timeLabel(elapsedNs),
    gasUsedBucket: amountLabel(steps),
    cached,
  };
}

function invoiceOf(invoice: PlannedInvoice, execution: PlannedExecution, salt: string): ExpectedMessage {
  const isOfTask = invoice.executionId !== null;
  return {
    type: 'invoice_created',
    data: dataOf({
      invoiceIdHash: saltedHash(salt, invoice.id.text),
      taskIdHash: isOfTask ? saltedHash(salt, execution.id.text) : null,
      chainId: isOfTask ? execution.chainId : invoice.chainId,
      stepsComputedBucket: amountLabel(invoice.steps),
      memoryUsedBucket: memoryLabel(invoice.peakMemory),
      operation: invoice.operation,
    }),
    timestampMs: roundedDown(invoice.createdMs),
  };
}

/** Number of executions that a node's agent knows after it has read everything, for heartbeats. */
export function knownExecutions(plan: NodePlan, node: number, sources: ReadSources = BOTH_SOURCES): number {
  return plan.executions.filter(({ works }) => {
    const work = works[node] ?? null;
    return work !== null && ((sources.logs && work.isInLogs) || (sources.events && work.isInEvents));
  }).length;
}

/**
 * Texts that must never leave a node of the plan, be kept or be logged: wallets, ids, programs, hashes and inputs. Look
 * for them in any case of letters.
 */
export function secretsOf(plan: NodePlan): readonly string[] {
  const texts = plan.executions.flatMap((execution) => [
    execution.id.text,
    execution.program,
    ...execution.invoices.map(({ id }) => id.text),
    ...(execution.input.match(/canary-[0-9a-f]+|0x[0-9a-f]{40}/g) ?? []).slice(0, 2),
  ]);
  const wallets = plan.nodes.flatMap(({ wallet }) => [wallet, wallet.slice(2)]);
  return [...new Set([...wallets, ...texts])];
}
