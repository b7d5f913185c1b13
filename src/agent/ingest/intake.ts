// Takes facts of the sources in: it looks up what the store knows, applies the rules of fold.ts, and tells the store what to
// remember and which messages to queue. The caller has a transaction open. It reads no source and sends nothing.

import { unreachable } from '../../lib/unreachable.ts';
import { completedMessage, invoiceMessage, receivedMessage, type SaltedSender } from '../domain/envelope.ts';
import type {
  AwaitedCompletion,
  FactKey,
  FactKind,
  FactOutcome,
  FactStore,
  OpenExecution,
} from '../domain/fact-store.ts';
import { idHash } from '../domain/id-hash.ts';
import type {
  CompletedFact,
  ExecutionMetrics,
  InvoiceFact,
  MetricsFact,
  ReceivedFact,
  SourceFact,
  SourceKind,
  StartedFact,
} from '../domain/source-facts.ts';
import {
  completed,
  EXECUTION_MS,
  type Fate,
  type FateTerms,
  fateOf,
  hasFailed,
  merged,
  received,
  UNKNOWN_EXECUTION,
} from './fold.ts';

/** The circumstances in which facts are taken in. */
export interface IntakeTerms extends FateTerms {
  readonly nodeId: string;
  /** 64 hex digits; null only if the node sends no facts. */
  readonly salt: string | null;
  /** True if a completion waits for metrics: there are logs that may tell them. */
  readonly waitsForMetrics: boolean;
}

/** Takes facts into a store. */
export class Intake {
  readonly #store: FactStore;

  constructor(store: FactStore) {
    this.#store = store;
  }

  /** Takes in one fact. False: it is metrics, and nobody can say to which execution they belong; they are dropped. */
  take(fact: SourceFact, source: SourceKind, terms: IntakeTerms): boolean {
    switch (fact.kind) {
      case 'received':
        this.#received(fact, source, terms);
        return true;
      case 'started':
        this.#started(fact, terms);
        return true;
      case 'metrics':
        return this.#metrics(fact, terms);
      case 'completed':
        this.#completed(fact, source, terms);
        return true;
      case 'invoice':
        this.#invoice(fact, source, terms);
        return true;
      default:
        return unreachable(fact);
    }
  }

  /** Queues a completion that has waited long enough. */
  release(completion: AwaitedCompletion, terms: IntakeTerms): void {
    this.#queueCompleted(completion, null, terms);
  }

  #received(fact: ReceivedFact, source: SourceKind, terms: IntakeTerms): void {
    const store = this.#store;
    const key = store.keyOf('received', fact.executionId);
    const known = store.shown('received', key, source, terms.nowMs);
    if (known !== null) {
      if (known.chainId === null && fact.chainId !== null) store.setChain(key, fact.chainId);
      store.countFact('received', source, 'known');
      return;
    }
    const fate = this.#remember('received', key, fact.chainId, fact.atMs, source, terms);
    if (fate === null) return;
    const isCompleted =
      store.mayCompletedComeFirst &&
      store.find('completed', store.keyOf('completed', fact.executionId)) !== null;
    store.count('received');
    if (!isCompleted) store.count('total');
    const { nowMs } = terms;
    const before = store.execution(key) ?? UNKNOWN_EXECUTION;
    const after = received(before, { atMs: fact.atMs ?? nowMs, isCompleted, nowMs });
    if (after !== before) store.keepExecution(key, after, nowMs);
    const sender = senderOf(terms);
    if (fate === 'remembered' || sender === null) return;
    const payload = receivedMessage(fact, sender);
    store.queue({ type: 'task_received', payload, isHistory: fate === 'history' });
  }

  #started({ executionId, atMs }: StartedFact, { nowMs }: IntakeTerms): void {
    const store = this.#store;
    const key = store.keyOf('received', executionId);
    const execution = store.execution(key) ?? UNKNOWN_EXECUTION;
    const startedMs = atMs ?? nowMs;
    store.keepExecution(key, { ...execution, startedMs }, nowMs);
  }

  #metrics({ executionId, metrics, atMs }: MetricsFact, terms: IntakeTerms): boolean {
    const store = this.#store;
    const toldMs = atMs ?? terms.nowMs;
    const key = executionId === null ? this.#onlyOneAt(toldMs) : store.keyOf('received', executionId);
    if (key === null) return false;
    const awaited = store.takeAwaited(key);
    if (awaited !== null) {
      this.#queueCompleted(awaited, metrics, terms);
      return true;
    }
    const execution = store.execution(key) ?? UNKNOWN_EXECUTION;
    store.keepExecution(key, { ...execution, metrics: merged(execution.metrics, metrics) }, terms.nowMs);
    return true;
  }

  /** The only execution that was between start and completion at this time; null if there are none or several. */
  #onlyOneAt(toldMs: number): FactKey | null {
    const [only, another] = this.#store.begun(toldMs - EXECUTION_MS, toldMs);
    return only !== undefined && another === undefined ? only : null;
  }

  #completed(fact: CompletedFact, source: SourceKind, terms: IntakeTerms): void {
    const store = this.#store;
    const key = store.keyOf('completed', fact.executionId);
    const executionKey = store.keyOf('received', fact.executionId);
    const execution = store.execution(executionKey);
    const known = store.shown('completed', key, source, terms.nowMs);
    if (known !== null) store.countFact('completed', source, 'known');
    else this.#newlyCompleted(fact, { key, executionKey, execution }, source, terms);
    if (execution === null) return;
    const after = completed(execution, source === 'logs');
    store.keepExecution(executionKey, after, terms.nowMs);
  }

  #newlyCompleted(
    { executionId, atMs }: CompletedFact,
    at: { readonly key: FactKey; readonly executionKey: FactKey; readonly execution: OpenExecution | null },
    source: SourceKind,
    terms: IntakeTerms,
  ): void {
    const store = this.#store;
    const fate = this.#remember('completed', at.key, null, atMs, source, terms);
    if (fate === null) return;
    const task = store.find('received', at.executionKey);
    store.count('completed');
    if (task === null) {
      store.count('total');
      store.count('completed_first');
    }
    const metrics = at.execution?.metrics ?? null;
    if (fate === 'remembered' || terms.salt === null) {
      if (hasFailed(metrics)) store.count('failed');
      return;
    }
    const completion: AwaitedCompletion = {
      taskIdHash: idHash(terms.salt, executionId),
      chainId: task?.chainId ?? null,
      atMs: atMs ?? terms.nowMs,
      isHistory: fate === 'history',
    };
    if (metrics === null && terms.waitsForMetrics) store.awaitMetrics(at.executionKey, completion);
    else this.#queueCompleted(completion, metrics, terms);
  }

  #queueCompleted(completion: AwaitedCompletion, metrics: ExecutionMetrics | null, terms: IntakeTerms): void {
    const sender = senderOf(terms);
    if (hasFailed(metrics)) this.#store.count('failed');
    if (sender === null) return;
    const { isHistory, ...rest } = completion;
    const payload = completedMessage({ ...rest, metrics }, sender);
    this.#store.queue({ type: 'task_completed', payload, isHistory });
  }

  #invoice(fact: InvoiceFact, source: SourceKind, terms: IntakeTerms): void {
    const store = this.#store;
    const key = store.keyOf('invoice', fact.invoiceId);
    if (store.shown('invoice', key, source, terms.nowMs) !== null) {
      store.countFact('invoice', source, 'known');
      return;
    }
    const fate = this.#remember('invoice', key, null, fact.atMs, source, terms);
    if (fate === null) return;
    store.count('invoices');
    const sender = senderOf(terms);
    if (fate === 'remembered' || sender === null) return;
    const task =
      fact.executionId === null ? null : store.find('received', store.keyOf('received', fact.executionId));
    const payload = invoiceMessage({ ...fact, chainId: task?.chainId ?? fact.chainId }, sender);
    store.queue({ type: 'invoice_created', payload, isHistory: fate === 'history' });
  }

  /** Remembers a fact that is not known, and counts it. Null: it may be one that had to make room, and counts as known. */
  #remember(
    kind: FactKind,
    key: FactKey,
    chainId: string | null,
    atMs: number | null,
    source: SourceKind,
    terms: IntakeTerms,
  ): Fate | null {
    const store = this.#store;
    if (store.mayBeEvicted(atMs, terms.nowMs)) {
      store.countFact(kind, source, 'known');
      return null;
    }
    const fate = fateOf(atMs, terms);
    store.remember({ kind, key, chainId, atMs }, terms.nowMs);
    const outcome: FactOutcome = fate === 'remembered' ? 'remembered' : 'queued';
    store.countFact(kind, source, outcome);
    return fate;
  }
}

/** Null without a salt; the sources are read without one only if the node sends no facts. */
function senderOf({ nodeId, salt, nowMs }: IntakeTerms): SaltedSender | null {
  return salt === null ? null : { nodeId, salt, nowMs };
}
