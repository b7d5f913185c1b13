// The truth about one simulated life: what was delivered and stored, what every message must count as, and for how long
// each node was really silent. It stands outside the program, keeps true time, and throws at the first contradiction.

import type { Outcome } from '../../../src/federation/domain/accounting.ts';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { createOracle, type Oracle } from '../../../src/federation/simulator/oracle.ts';
import type { Pruning, ReadMessage, Witness } from './witness.ts';
import { HistoryTruth } from './history-truth.ts';
import { Incarnations, type Kind, KINDS } from './incarnations.ts';
import type { SimulatedBroker } from './simulated-broker.ts';
import type { SimulatedTime } from './simulated-time.ts';
import { Mark, WatchedTime, type WatchedTimeOptions } from './watched-time.ts';

export type State = 'online' | 'stale' | 'offline';
export const STATES: readonly State[] = ['online', 'stale', 'offline'];

export interface Thresholds {
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
}

/** A stored message, in the order of the commits. */
export interface Delivered {
  readonly message: ReadMessage;
  readonly outcome: Outcome;
  /** Its time with all steps back taken out: no later message has an earlier one. */
  readonly steadyMs: number;
  /** The process's observed clock when it was read. */
  readonly observedMs: number;
}

/** The known times of a node after one of its messages. */
interface Sighting {
  /** Messages entered until then. */
  readonly order: number;
  readonly heard: Mark;
  readonly lifeMs: number;
  readonly leftMs: number;
}

/** What the writer had committed at its report to main: main judges later, when the writer may know more. */
class Told {
  readonly taken: Mark;
  readonly order: number;

  constructor(taken: Mark, order: number) {
    this.taken = taken;
    this.order = order;
  }
}

interface Times {
  firstMs: number;
  lastMs: number;
  /** Of the message that was read last; before {@link lastMs} if a clock was ahead. */
  newestMs: number;
  /** True time when the latest of its messages was stored. */
  storedMs: number;
  /** True time when the latest of its messages was sent. */
  sentMs: number;
}

export interface TruthOptions extends WatchedTimeOptions {
  readonly thresholds: Thresholds;
  /** With limits on, which messages are stored is compared with a second run instead. */
  readonly hasLimits: boolean;
  /** With MAX_NODES, nodes go and come back as others: then only the second run knows which messages must be stored. */
  readonly evicts: boolean;
  readonly retentionMs: number;
  /** The ids that have rows now; asked after a step of retention that pruned some. */
  idsNow(): Readonly<Record<Kind, ReadonlySet<string>>>;
}

/** The lasting error that each of two clocks may have: a row may be deleted earlier by this. */
const WRONG_FOR_EVER_MS = 2 * 2 * 3_600_000;
/** Clocks are whole milliseconds, and the threads of a process are a few apart. */
const GRAIN_MS = 50;
const SIGHTINGS_MAX = 1000;

export class GroundTruth implements Witness {
  readonly oracle: Oracle = createOracle();
  readonly delivered: Delivered[] = [];
  readonly tallies: Partial<Record<Outcome, number>> = {};
  readonly tasks = new Map<string, Times>();
  readonly invoices = new Map<string, Times>();
  readonly nodeTimes = new Map<string, Times>();
  /** Those of nodes that have a row. */
  transitions: NodeTransition[] = [];
  transitionsEver = 0;
  prunedEver = 0;
  readonly incarnations = new Incarnations();
  readonly history = new HistoryTruth();
  /** At each commit, the latest time by which rows were deleted. */
  readonly deletions: { readonly trueMs: number; readonly deletionMs: number }[] = [];
  /** Every step of retention, and how many messages were delivered before it. */
  readonly prunings: { readonly delivered: number; readonly cutoffMs: number }[] = [];
  readonly #time: SimulatedTime;
  readonly #options: TruthOptions;
  readonly #watched: WatchedTime;
  /** The latest sightings of each node, oldest first; and the last one that is on disk. */
  readonly #sightings = new Map<string, Sighting[]>();
  readonly #storedSightings = new Map<string, Sighting>();
  /** The state by the actors, and the state on disk. */
  readonly #states = new Map<string, State>();
  readonly #storedStates = new Map<string, State>();
  /** Nodes heard since the last commit. */
  readonly #changed = new Set<string>();
  #order = 0;
  /** The order of the last message on disk. */
  #orderStored = 0;
  #steadyNow = { lastMs: 0, steadyMs: 0, observedMs: 0 };
  #steadyStored = this.#steadyNow;
  #entered: Delivered[] = [];
  readonly #lastSeqs = new Map<number, number>();
  #deletionMs = -Infinity;
  #taken: Mark;
  #takenStored: Mark;

  constructor(time: SimulatedTime, broker: SimulatedBroker, options: TruthOptions) {
    this.#time = time;
    this.#options = options;
    this.#watched = new WatchedTime(time, broker, options);
    this.#taken = this.mark();
    this.#takenStored = this.#taken;
  }

  // Reports of the process

  mark(): Mark {
    return this.#watched.mark();
  }

  heard(catchingUp: boolean): void {
    this.#watched.heard(catchingUp);
  }

  attached(nextSeq: number, targetSeq: number): void {
    this.#watched.attached(nextSeq, targetSeq);
  }

  lost(): void {
    this.#watched.lost();
  }

  heldBack(): void {
    this.#watched.heldBack();
  }

  readTo(nextSeq: number): void {
    this.#watched.readTo(nextSeq);
  }

  took(mark: object): void {
    if (!(mark instanceof Mark)) throw new Error('a mark of somebody else');
    this.#taken = mark;
  }

  entered(message: ReadMessage, outcome: Outcome, observedMs: number): void {
    if (outcome === 'replayed') return;
    const { meaning, mark } = message;
    const hasPassed = meaning.type === 'said' || (meaning.type === 'unstorable' && outcome !== 'quarantined');
    const steadyMs = hasPassed ? this.#steady(message, observedMs) : this.#steadyNow.steadyMs;
    this.#entered.push({ message, outcome, steadyMs, observedMs });
    if (meaning.type !== 'said' || (outcome !== 'applied' && outcome !== 'duplicate')) return;
    const { content } = meaning;
    const sightings = this.#sightings.get(content.nodeId) ?? [];
    const before = sightings.at(-1) ?? NEVER;
    const leaves = content.type === 'node_left' || (content.type === 'heartbeat' && content.offline);
    const lives = !leaves && (content.type === 'heartbeat' || content.type === 'node_joined');
    sightings.push({
      order: ++this.#order,
      heard: mark instanceof Mark ? mark : before.heard,
      lifeMs: lives ? steadyMs : before.lifeMs,
      leftMs: leaves ? steadyMs : before.leftMs,
    });
    if (sightings.length > SIGHTINGS_MAX) sightings.splice(0, SIGHTINGS_MAX / 2);
    this.#sightings.set(content.nodeId, sightings);
    this.#changed.add(content.nodeId);
  }

  forgot(): void {
    this.#entered = [];
    this.#steadyNow = this.#steadyStored;
    for (const nodeId of this.#changed) {
      const storedOrder = this.#storedSightings.get(nodeId)?.order ?? 0;
      const kept = this.#sightings.get(nodeId)?.filter(({ order }) => order <= storedOrder) ?? [];
      if (kept.length > 0) this.#sightings.set(nodeId, kept);
      else this.#sightings.delete(nodeId);
    }
    this.#changed.clear();
  }

  /** What comes after a step back is later than what came before: by what was observed, or by a second of the step. */
  #steady({ atMs, seq }: ReadMessage, observedMs: number): number {
    const before = this.#steadyNow;
    const stepMs = before.lastMs - atMs;
    const passedMs = seq === null ? observedMs - before.observedMs : Math.min(stepMs, 1000);
    const isStep = stepMs > 0 || (seq === null && passedMs + stepMs >= 100);
    const steadyMs = before.steadyMs + (isStep ? Math.max(1, passedMs) : -stepMs);
    this.#steadyNow = { lastMs: atMs, steadyMs, observedMs };
    return steadyMs;
  }

  tell(): Told {
    return new Told(this.#taken, this.#orderStored);
  }

  decided({ nodeId, from, to, cause }: NodeTransition, told: object): void {
    if (!(told instanceof Told)) throw new Error('told by somebody else');
    if (this.#options.evicts) return;
    const node = this.#sightingAt(nodeId, told.order);
    // Its row has just been deleted, and its actor will be told.
    if (node === undefined && this.incarnations.nameOf('node', nodeId) !== nodeId) return;
    if (node === undefined) throw new Error(`a transition of ${nodeId}, which was never heard`);
    const allowed = this.#allowed(node, told.taken);
    const state = this.#states.get(nodeId) ?? null;
    if (!allowed.has(to)) {
      throw new Error(
        `${nodeId} went ${from} → ${to} (${cause}), allowed: ${[...allowed].join(' or ')}; ${this.describe(nodeId, told)}`,
      );
    }
    if (from !== state) throw new Error(`${nodeId} went from ${from}, but was ${state}`);
    const expectedCause = to === 'online' ? 'sign_of_life' : isLeft(node) ? 'left' : 'silence';
    if (cause !== expectedCause) throw new Error(`${nodeId} went because of ${cause}, not ${expectedCause}`);
    this.#states.set(nodeId, to);
  }

  knows(nodeId: string): boolean {
    return this.#options.evicts || this.#sightings.has(nodeId);
  }

  /** Checks that every node is in a state that its silence allows, at every check. */
  swept(told: object): void {
    if (!(told instanceof Told)) throw new Error('told by somebody else');
    if (this.#options.evicts) return;
    for (const [nodeId, state] of this.#states) {
      const node = this.#sightingAt(nodeId, told.order);
      if (node === undefined || this.#isAllowed(state, node, told.taken)) continue;
      const allowed = [...this.#allowed(node, told.taken)].join(' or ');
      throw new Error(`${nodeId} stays ${state}, allowed: ${allowed}; ${this.describe(nodeId, told)}`);
    }
  }

  ticked(tick: TickStatistics): void {
    this.history.ticked(tick);
  }

  committed(facts: readonly NodeTransition[], pruning: Pruning | null, deletionMs: number | null): void {
    this.#deletionMs = deletionMs ?? this.#deletionMs;
    this.history.committed(this.#deletionMs, this.#time.nowMs);
    this.deletions.push({ trueMs: this.#time.nowMs, deletionMs: this.#deletionMs });
    for (const delivered of this.#entered) this.#record(delivered);
    this.#entered = [];
    this.#steadyStored = this.#steadyNow;
    this.#orderStored = this.#order;
    for (const nodeId of this.#changed) {
      const latest = this.#sightings.get(nodeId)?.at(-1);
      if (latest !== undefined) this.#storedSightings.set(nodeId, latest);
    }
    this.#changed.clear();
    for (const fact of facts) {
      if (!this.#options.evicts && !this.nodeTimes.has(fact.nodeId)) continue;
      this.transitionsEver++;
      this.transitions.push(fact);
      this.#storedStates.set(fact.nodeId, fact.to);
    }
    this.#takenStored = this.#taken;
    if (pruning !== null) this.#prune(pruning);
  }

  /** Finds the deleted rows, and checks that each was due. */
  #prune({ cutoffMs, rows }: Pruning): void {
    this.prunings.push({ delivered: this.delivered.length, cutoffMs });
    this.prunedEver += rows;
    if (rows === 0 || this.#options.evicts) return;
    const now = this.#options.idsNow();
    let gone = 0;
    for (const kind of KINDS) {
      const times = { task: this.tasks, invoice: this.invoices, node: this.nodeTimes }[kind];
      for (const [id, { lastMs: latestMs, newestMs, sentMs }] of times) {
        if (now[kind].has(id)) continue;
        const lastMs = kind === 'node' ? newestMs : latestMs;
        if (lastMs >= cutoffMs) throw new Error(`${kind} ${id} was pruned ${lastMs - cutoffMs} ms too early`);
        const ageMs = this.#time.nowMs - sentMs;
        if (ageMs < this.#options.retentionMs - WRONG_FOR_EVER_MS)
          throw new Error(`${kind} ${id} was pruned when it was ${ageMs} ms old`);
        gone++;
        times.delete(id);
        this.incarnations.ended(kind, id);
        if (kind === 'node') this.#forgetNode(id);
      }
    }
    if (gone !== rows) throw new Error(`${rows} rows were pruned, and ${gone} are gone`);
  }

  #forgetNode(nodeId: string): void {
    for (const map of [this.#sightings, this.#storedSightings, this.#states, this.#storedStates])
      map.delete(nodeId);
    this.transitions = this.transitions.filter((fact) => fact.nodeId !== nodeId);
  }

  accounted(received: number, sumOfOutcomes: number): void {
    if (received !== sumOfOutcomes)
      throw new Error(`received ${received} messages, but accounted for ${sumOfOutcomes}`);
  }

  // Actions of the simulation

  /** The process is gone; everything that is not on disk is undone. */
  killed(): void {
    this.history.killed();
    this.#watched.ended(this.#takenStored);
    this.#entered = [];
    this.#steadyNow = this.#steadyStored;
    this.#changed.clear();
    this.#sightings.clear();
    for (const [nodeId, sighting] of this.#storedSightings) this.#sightings.set(nodeId, [sighting]);
    this.#states.clear();
    for (const [nodeId, state] of this.#storedStates) this.#states.set(nodeId, state);
    this.#taken = this.mark();
    this.#takenStored = this.#taken;
  }

  /** The process is stopped, or goes on. One step of the stop may count. */
  stopped(isStopped: boolean): void {
    this.#watched.stopped(isStopped);
  }

  /** Something at the broker is about to change, or has changed. */
  account(): void {
    this.#watched.account();
  }

  // Answers

  /** The states that the node may have, as far as the writer has heard. */
  allowedStates(nodeId: string): ReadonlySet<State> {
    const node = this.#sightingAt(nodeId, this.#order);
    return node === undefined ? new Set() : this.#allowed(node, this.#taken);
  }

  stateOf(nodeId: string): State | null {
    return this.#states.get(nodeId) ?? null;
  }

  /** Its silence, and the times of its life and leave, for an error message. */
  describe(nodeId: string, told = this.tell()): string {
    const node = this.#sightingAt(nodeId, told.order) ?? NEVER;
    return JSON.stringify({ ...this.#silence(node, told.taken), lifeMs: node.lifeMs, leftMs: node.leftMs });
  }

  #sightingAt(nodeId: string, order: number): Sighting | undefined {
    const sightings = this.#sightings.get(nodeId);
    const latest = sightings?.at(-1);
    if (latest !== undefined && latest.order <= order) return latest;
    return sightings?.findLast((sighting) => sighting.order <= order);
  }

  #allowed(node: Sighting, now: Mark): ReadonlySet<State> {
    return new Set(STATES.filter((state) => this.#isAllowed(state, node, now)));
  }

  #isAllowed(state: State, node: Sighting, now: Mark): boolean {
    if (isLeft(node)) return state === 'offline';
    const { leastMs, mostMs } = this.#silence(node, now);
    const { staleAfterMs, offlineAfterMs } = this.#options.thresholds;
    switch (state) {
      case 'online':
        return leastMs < staleAfterMs;
      case 'stale':
        return mostMs >= staleAfterMs && leastMs < offlineAfterMs;
      case 'offline':
        return mostMs >= offlineAfterMs;
    }
  }

  #silence({ heard }: Sighting, now: Mark): { leastMs: number; mostMs: number } {
    const { leastMs, mostMs } = this.#watched.between(heard, now);
    return { leastMs: leastMs - GRAIN_MS, mostMs: mostMs + GRAIN_MS };
  }

  #record(delivered: Delivered): void {
    const { message, outcome, steadyMs } = delivered;
    this.delivered.push(delivered);
    this.tallies[outcome] = (this.tallies[outcome] ?? 0) + 1;
    this.#expectInOrder(message);
    const { meaning, atMs } = message;
    if (meaning.type === 'unstorable') {
      const isLimited = outcome === 'rate_limited' && this.#options.hasLimits;
      if (outcome !== 'quarantined' && !isLimited) throw new Error(`what cannot be stored was ${outcome}`);
      return;
    }
    if (meaning.type !== 'said') {
      if (outcome !== meaning.type) throw new Error(`what is ${meaning.type} was ${outcome}`);
      return;
    }
    if (this.#options.evicts || (outcome === 'rate_limited' && this.#options.hasLimits)) return;
    const { content } = meaning;
    const expected = this.oracle.record({ content: this.incarnations.in(content) }, steadyMs);
    if (outcome !== expected)
      throw new Error(`a message was ${outcome}, not ${expected}: ${JSON.stringify(content)} at ${atMs}`);
    const times = { atMs, storedMs: this.#time.nowMs, sentMs: message.trueMs };
    see(this.nodeTimes, content.nodeId, times);
    if (content.type === 'task_received' || content.type === 'task_completed')
      see(this.tasks, content.taskId, times);
    if (content.type === 'invoice_created') see(this.invoices, content.invoiceId, times);
  }

  /** Checks that no message of the stream is skipped or delivered twice. */
  #expectInOrder({ seq, generation, streamFirstSeq }: ReadMessage): void {
    if (seq === null) return;
    const last = this.#lastSeqs.get(generation);
    if (last !== undefined && seq !== Math.max(last + 1, streamFirstSeq))
      throw new Error(`sequence ${seq} came after ${last}, the stream beginning at ${streamFirstSeq}`);
    this.#lastSeqs.set(generation, seq);
    this.#watched.committedTo(seq);
  }
}

const NEVER: Sighting = { order: 0, heard: new Mark(0, 0, 0), lifeMs: 0, leftMs: 0 };

function isLeft({ lifeMs, leftMs }: Sighting): boolean {
  return leftMs > 0 && leftMs >= lifeMs;
}

function see(
  times: Map<string, Times>,
  id: string,
  { atMs, storedMs, sentMs }: { readonly atMs: number; readonly storedMs: number; readonly sentMs: number },
): void {
  const known = times.get(id);
  if (known === undefined) times.set(id, { firstMs: atMs, lastMs: atMs, newestMs: atMs, storedMs, sentMs });
  else {
    known.storedMs = storedMs;
    known.sentMs = Math.max(known.sentMs, sentMs);
    known.firstMs = Math.min(known.firstMs, atMs);
    known.lastMs = Math.max(known.lastMs, atMs);
    known.newestMs = atMs;
  }
}
