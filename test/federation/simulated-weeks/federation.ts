// The nodes of a simulated federation: they join in storms, beat, work, leave or fall silent, and their messages are
// lost, late, out of order or repeated on the way to the broker. Only what a deployed monitor may send, and rubbish
// besides.

import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { spell } from '../../../src/federation/simulator/spelling.ts';
import type { Statement } from '../../../src/federation/simulator/statement.ts';
import {
  ACTIVE_TASK_BUCKETS,
  CONTINENT_BUCKETS,
  PLACES,
  SUBJECT_OF,
  TOTAL_TASK_BUCKETS,
} from '../../../src/federation/simulator/vocabulary.ts';
import { planWork } from '../../../src/federation/simulator/work-plan.ts';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { rubbishFor } from '../../support/rubbish.ts';
import type { Publication, SimulatedBroker } from './simulated-broker.ts';
import { UNSTORABLE } from './simulated-disk.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface FederationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Fractions of messages that are sent again, held up, or followed by rubbish. */
  readonly repeats: number;
  readonly delays: number;
  readonly rubbish: number;
  /** Fraction of messages that are followed by one which cannot be stored. */
  readonly unstorable: number;
  /** Fraction of reports that contradict others. */
  readonly disagree: number;
}

export interface SimulatedNode {
  readonly nodeId: string;
  readonly beatMs: number;
  /** True if its client keeps messages while the broker is away. */
  readonly buffers: boolean;
  /** The node's own clock, which the program must not trust. */
  readonly clockErrorMs: number;
  isPresent: boolean;
  isCutOff: boolean;
  /** Rises with each stay, so that events scheduled by an earlier stay do not happen. */
  stay: number;
  readonly kept: Publication[];
}

const RUBBISH: readonly Publication[] = SUBJECTS.flatMap((subject, index) =>
  rubbishFor(index)
    .filter(({ payload }) => payload.length < 20_000)
    .map(({ payload }) => ({ subject, payload, meaning: { type: 'rejected' as const } })),
);
const FOREIGN: Publication = {
  subject: 'truebit.other',
  payload: Buffer.from('{}'),
  meaning: { type: 'ignored' },
};

export class Federation {
  readonly nodes: readonly SimulatedNode[];
  published = 0;
  readonly #options: FederationOptions;
  readonly #time: SimulatedTime;
  readonly #broker: SimulatedBroker;
  readonly #random: Random;
  readonly #spelling: Random;
  readonly #unstorable: Random;
  readonly #old: Publication[] = [];
  #episode = 0;

  constructor(options: FederationOptions, time: SimulatedTime, broker: SimulatedBroker) {
    this.#options = options;
    this.#time = time;
    this.#broker = broker;
    this.#random = createRandom(options.seed, 'federation');
    this.#spelling = createRandom(options.seed, 'spelling');
    this.#unstorable = createRandom(options.seed, 'unstorable');
    this.nodes = Array.from({ length: options.nodes }, (_, number) => ({
      nodeId: `node-${(number + 1).toString(16).padStart(4, '0')}-${options.seed}`,
      beatMs: this.#random.chance(0.7) ? 30_000 : 60_000,
      buffers: this.#random.chance(0.3),
      clockErrorMs: this.#random.chance(0.1) ? this.#random.pick([-86_400_000, 86_400_000]) : 0,
      isPresent: false,
      isCutOff: false,
      stay: 0,
      kept: [],
    }));
  }

  /** All given nodes join within `withinMs`. */
  join(nodes: readonly SimulatedNode[], withinMs: number): void {
    for (const node of nodes) {
      if (node.isPresent) continue;
      node.isPresent = true;
      const stay = ++node.stay;
      this.#time.after(this.#random.below(withinMs + 1), () => {
        if (node.stay !== stay) return;
        // The first message of some nodes is a heartbeat.
        if (this.#random.chance(0.9)) this.#say(node, { type: 'node_joined', nodeId: node.nodeId });
        this.#time.after(this.#random.below(node.beatMs), () => this.#beat(node, stay));
      });
    }
  }

  /** Leaves with a message, or falls silent. */
  leave(node: SimulatedNode, says: boolean): void {
    if (!node.isPresent) return;
    node.isPresent = false;
    node.stay++;
    if (!says) return;
    if (this.#random.chance(0.6)) this.#say(node, { type: 'node_left', nodeId: node.nodeId });
    else this.#say(node, { ...this.#heartbeat(node), offline: true });
  }

  /** Tasks and invoices of the next `lengthMs`, by the nodes given, about `count` reports. */
  work(nodes: readonly SimulatedNode[], lengthMs: number, count: number): void {
    const { seed, disagree } = this.#options;
    const episode = ++this.#episode;
    const random = createRandom(seed, `work/${episode}`);
    const slots = Array.from({ length: count }, () => ({
      atMs: random.below(lengthMs),
      node: random.below(nodes.length),
    })).toSorted((a, b) => a.atMs - b.atMs);
    const nodeIds = nodes.map(({ nodeId }) => nodeId);
    const idHash = (kind: 'task' | 'invoice', number: number) => {
      const name = `${(episode * 100_000 + number).toString(16)}${kind === 'task' ? 'a' : 'b'}${seed.toString(16)}`;
      return name.padStart(number % 20 === 7 ? 16 : 64, '0');
    };
    const options = {
      nodes: nodes.length,
      ratePerMinute: 0,
      durationMs: lengthMs,
      seed,
      nonce: '',
      duplicates: 0,
      disagree,
      startAtMs: 0,
    };
    const statements = planWork(slots, { options, nodeIds, idHash, random });
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    slots.forEach(({ atMs }, index) => {
      const said = statements[index];
      const node = byId.get(said?.nodeId ?? '');
      if (said === undefined || node === undefined) return;
      this.#time.after(atMs, () => {
        // Some nodes report their work after they have said that they leave.
        if (node.isPresent || this.#random.chance(0.2)) this.#say(node, said);
      });
    });
  }

  cutOff(nodes: readonly SimulatedNode[], isCutOff: boolean): void {
    for (const node of nodes) {
      node.isCutOff = isCutOff;
      if (!isCutOff) this.#sendKept(node);
    }
  }

  brokerReturned(): void {
    for (const node of this.nodes) this.#sendKept(node);
  }

  #beat(node: SimulatedNode, stay: number): void {
    if (node.stay !== stay) return;
    this.#say(node, this.#heartbeat(node));
    const jitterMs = this.#random.below(400) - 200;
    this.#time.after(node.beatMs + jitterMs, () => this.#beat(node, stay));
  }

  #heartbeat({ nodeId }: SimulatedNode) {
    const random = this.#random;
    const known = <T>(list: readonly T[]) => (random.chance(0.1) ? null : random.pick(list));
    const place = known(PLACES);
    return {
      type: 'heartbeat' as const,
      nodeId,
      offline: false,
      activeTasks: known(ACTIVE_TASK_BUCKETS),
      totalTasks: known(TOTAL_TASK_BUCKETS),
      continent: known(CONTINENT_BUCKETS),
      location: place === null ? null : `${place.latitude.toFixed(1)},${place.longitude.toFixed(1)}`,
    };
  }

  #say(node: SimulatedNode, content: Statement): void {
    const payload = spell(content, this.#time.nowMs + node.clockErrorMs, this.#spelling);
    const publication = {
      subject: SUBJECT_OF[content.type],
      payload,
      meaning: { type: 'said', content },
    } as const;
    const { repeats, delays, rubbish, unstorable } = this.#options;
    const random = this.#random;
    // Messages may be late, but never so late that a leave and a return arrive in the wrong order.
    this.#send(node, publication, random.chance(delays) ? random.below(20_000) : random.below(50));
    if (random.chance(repeats)) this.#send(node, publication, random.below(10_000));
    const isPresence = !('taskId' in content);
    if (!isPresence && random.chance(0.02)) this.#old.push(publication);
    if (this.#old.length > 0 && random.chance(0.01))
      this.#send(node, random.pick(this.#old), random.below(1000));
    if (this.#unstorable.chance(unstorable))
      this.#send(node, this.#makeUnstorable(), this.#unstorable.below(1000));
    if (random.chance(rubbish))
      this.#send(node, random.chance(0.1) ? FOREIGN : random.pick(RUBBISH), random.below(1000));
  }

  #makeUnstorable(): Publication {
    const nodeId = `${UNSTORABLE}${this.#unstorable.below(10)}`;
    const content = { type: 'node_joined', nodeId } as const;
    const payload = spell(content, this.#time.nowMs, this.#unstorable);
    return { subject: SUBJECT_OF[content.type], payload, meaning: { type: 'unstorable' } };
  }

  #send(node: SimulatedNode, publication: Publication, delayMs: number): void {
    this.#time.after(delayMs, () => {
      if (!node.isCutOff && this.#broker.isUp) this.#publish(publication);
      else if (node.buffers) node.kept.push(publication);
    });
  }

  #sendKept(node: SimulatedNode): void {
    if (node.isCutOff || !this.#broker.isUp) return;
    for (const publication of node.kept.splice(0)) this.#publish(publication);
  }

  #publish(publication: Publication): void {
    this.published++;
    this.#broker.publish(publication);
  }
}
