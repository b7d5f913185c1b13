// Decodes the bytes of one message into a Signal, or returns the first reason for rejection
// (docs/federation.md#refused-messages). It never throws, keeps nothing of a rejected message, and reads only members
// that are stored or that decide about rejection.

import { hasForbiddenMember, holdsPersonalText } from './privacy.ts';
import { closedVocabulary, LabelReader, WRONG_TYPE } from './labels.ts';
import { CACHED_ABSENT, CACHED_FALSE, CACHED_TRUE, encodeOutcome, hasFailed } from './outcome.ts';
import type { Signal } from './signal.ts';
import {
  ACTIVE_TASKS,
  CONTINENTS,
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  LABEL_DIMENSIONS,
  MEMORY_SIZES,
  MESSAGE_TYPES,
  type RejectReason,
  STEP_COUNTS,
  TOTAL_TASKS,
} from './vocabulary.ts';
import { isObject } from '../../lib/is-object.ts';

/** A message of more bytes than this is `too_large`, before it is parsed. */
export const MESSAGE_BYTES_MAX = 16_384;

const VERSION = /^1(?:\.\d+)*$/;
/** The pattern of a valid node id. */
export const NODE_ID = /^[A-Za-z0-9_-]{4,64}$/;
// The code checks the length separately: a counted repetition takes several times as long.
const ID_HASH = /^[0-9a-f]+$/;

const TIME = closedVocabulary('executionTimeBucket', EXECUTION_TIMES);
const GAS = closedVocabulary('gasUsedBucket', GAS_AMOUNTS);
const STEPS = closedVocabulary('stepsComputedBucket', STEP_COUNTS);
const MEMORY = closedVocabulary('memoryUsedBucket', MEMORY_SIZES);
const ACTIVE = closedVocabulary('activeTasksBucket', ACTIVE_TASKS);
const TOTAL = closedVocabulary('totalTasksBucket', TOTAL_TASKS);
const CONTINENT = closedVocabulary('continentBucket', CONTINENTS);
const CHAIN = LABEL_DIMENSIONS.indexOf('chainId');
const TASK_TYPE = LABEL_DIMENSIONS.indexOf('taskType');
const OPERATION = LABEL_DIMENSIONS.indexOf('operation');
const LOCATION = LABEL_DIMENSIONS.indexOf('locationBucket');

type Members = Readonly<Record<string, unknown>>;
type Decoded = Signal | RejectReason;

/** The decoder of one thread. It also counts the labels that are outside their vocabulary. */
export class Decoder {
  /** Labels outside their vocabulary in accepted messages, in the order of `LABEL_DIMENSIONS`. */
  readonly unknownLabels: number[] = LABEL_DIMENSIONS.map(() => 0);
  readonly #labels = new LabelReader();
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /**
   * Decodes a message from the subject with index `subject` of `SUBJECTS`. Returns the signal, or the reason for
   * rejection as a string. `text` is the payload as text, if the caller has already decoded it. The caller checks
   * signatures (`unauthenticated`, `wrong_node`) afterwards.
   */
  decode(subject: number, payload: Uint8Array, text: string | null = null): Decoded {
    if (payload.length > MESSAGE_BYTES_MAX) return 'too_large';
    let message: unknown;
    try {
      message = JSON.parse(text ?? this.#utf8.decode(payload));
    } catch {
      return 'not_json';
    }
    if (!isObject(message)) return 'not_object';
    const decoded = this.#envelope(subject, message);
    const unknown = this.#labels.unknown;
    if (unknown.length > 0) {
      if (typeof decoded !== 'string') {
        for (const dimension of unknown)
          this.unknownLabels[dimension] = (this.unknownLabels[dimension] ?? 0) + 1;
      }
      unknown.length = 0;
    }
    return decoded;
  }

  #envelope(subject: number, message: Members): Decoded {
    const { version, type, nodeId } = message;
    if (typeof version !== 'string' || !VERSION.test(version)) return 'bad_version';
    if (type !== MESSAGE_TYPES[subject]) return 'type_mismatch';
    if (typeof nodeId !== 'string' || !NODE_ID.test(nodeId)) return 'bad_node_id';
    const data = message['data'] ?? NO_MEMBERS;
    if (!isObject(data)) return 'bad_value';
    if (hasForbiddenMember(message) || hasForbiddenMember(data)) return 'personal_data';
    const decoded = this.#members(subject, nodeId, data, message);
    return typeof decoded !== 'string' && holdsPersonalText(decoded) ? 'personal_data' : decoded;
  }

  #members(subject: number, nodeId: string, data: Members, message: Members): Decoded {
    switch (subject) {
      case 0:
        return this.#taskReceived(nodeId, data);
      case 1:
        return this.#taskCompleted(nodeId, data);
      case 2:
        return this.#invoiceCreated(nodeId, data);
      case 3:
        return this.#heartbeat(nodeId, data, message);
      case 4:
        return { type: 'node_joined', nodeId };
      default:
        return { type: 'node_left', nodeId };
    }
  }

  #taskReceived(nodeId: string, data: Members): Decoded {
    const idHash = readIdHash(data['taskIdHash']);
    if (idHash === null) return 'bad_id_hash';
    const chainId = this.#labels.open(CHAIN, data['chainId'], true);
    const taskType = this.#labels.open(TASK_TYPE, data['taskType'], false);
    if (chainId === WRONG_TYPE || taskType === WRONG_TYPE) return 'bad_value';
    return { type: 'task_received', nodeId, idHash, chainId, taskType };
  }

  #taskCompleted(nodeId: string, data: Members): Decoded {
    const idHash = readIdHash(data['taskIdHash']);
    if (idHash === null) return 'bad_id_hash';
    const chainId = this.#labels.open(CHAIN, data['chainId'], true);
    const time = this.#labels.closed(TIME, data['executionTimeBucket']);
    const gas = this.#labels.closed(GAS, data['gasUsedBucket']);
    const success = readFlag(data['success']);
    const cached = readFlag(data['cached']);
    const status = data['status'] ?? null;
    if (
      chainId === WRONG_TYPE ||
      time === WRONG_TYPE ||
      gas === WRONG_TYPE ||
      success === WRONG_TYPE ||
      cached === WRONG_TYPE ||
      (status !== null && typeof status !== 'string')
    ) {
      return 'bad_value';
    }
    const cachedCode = cached === null ? CACHED_ABSENT : cached ? CACHED_TRUE : CACHED_FALSE;
    const outcome = encodeOutcome(hasFailed(success, status), time, gas, cachedCode);
    return { type: 'task_completed', nodeId, idHash, chainId, outcome };
  }

  #invoiceCreated(nodeId: string, data: Members): Decoded {
    const idHash = readIdHash(data['invoiceIdHash']);
    if (idHash === null) return 'bad_id_hash';
    const ofTask = data['taskIdHash'] ?? null;
    const taskIdHash = ofTask === null ? null : readIdHash(ofTask);
    if (ofTask !== null && taskIdHash === null) return 'bad_id_hash';
    const chainId = this.#labels.open(CHAIN, data['chainId'], true);
    const operation = this.#labels.open(OPERATION, data['operation'], false);
    const steps = this.#labels.closed(STEPS, data['stepsComputedBucket']);
    const memory = this.#labels.closed(MEMORY, data['memoryUsedBucket']);
    if (chainId === WRONG_TYPE || operation === WRONG_TYPE || steps === WRONG_TYPE || memory === WRONG_TYPE) {
      return 'bad_value';
    }
    return { type: 'invoice_created', nodeId, idHash, taskIdHash, chainId, operation, steps, memory };
  }

  #heartbeat(nodeId: string, data: Members, message: Members): Decoded {
    // Some monitors send these three beside `data` instead of inside it. If both are present, `data` wins.
    const status = inDataOrAbove(data, message, 'status') ?? null;
    const totalTasks = this.#labels.closed(TOTAL, inDataOrAbove(data, message, 'totalTasksBucket'));
    const activeTasks = this.#labels.closed(ACTIVE, inDataOrAbove(data, message, 'activeTasksBucket'));
    const continent = this.#labels.closed(CONTINENT, data['continentBucket']);
    const location = this.#labels.location(LOCATION, data['locationBucket']);
    if (
      (status !== null && typeof status !== 'string') ||
      totalTasks === WRONG_TYPE ||
      activeTasks === WRONG_TYPE ||
      continent === WRONG_TYPE ||
      location === WRONG_TYPE
    ) {
      return 'bad_value';
    }
    const alive = status !== 'offline';
    return { type: 'heartbeat', nodeId, alive, totalTasks, activeTasks, continent, location };
  }
}

const NO_MEMBERS: Members = Object.freeze({});

function inDataOrAbove(data: Members, message: Members, name: string): unknown {
  const value = data[name];
  return value === undefined ? message[name] : value;
}

/** True if the text is a valid node id. */
export function isNodeId(text: string): boolean {
  return NODE_ID.test(text);
}

/** The id hash in lower case (16 to 64 hex digits, an even number); null if the value is not an id hash. */
export function readIdHash(value: unknown): string | null {
  if (typeof value !== 'string' || value.length < 16 || value.length > 64 || value.length % 2 !== 0)
    return null;
  if (ID_HASH.test(value)) return value;
  const lower = value.toLowerCase();
  return ID_HASH.test(lower) ? lower : null;
}

/** `true`, `false`, 1, 0; null and absent are null; anything else is a wrong type. */
function readFlag(value: unknown): boolean | null | typeof WRONG_TYPE {
  if (value === undefined || value === null) return null;
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  return WRONG_TYPE;
}
