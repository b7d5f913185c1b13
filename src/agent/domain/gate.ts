// The last gate (docs/agent.md#messages): looks at the bytes that are about to be sent, parses them again, and lets pass
// only what a message may hold. It is written apart from the builders, so that a mistake there is found here. It tells
// which member was wrong, and never repeats a value.

import { FACT_TYPES, type OutboundType, PRESENCE_TYPES } from './messages.ts';
import {
  ACTIVE_TASKS,
  CONTINENTS,
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  STEP_COUNTS,
  TOTAL_TASKS,
} from '../../federation/domain/vocabulary.ts';
import { hasForbiddenMember, holdsPersonalData } from '../../federation/domain/privacy.ts';
import { isObject } from '../../lib/is-object.ts';

/** A message of more bytes than this does not leave. */
export const OUTBOUND_BYTES_MAX = 1_024;

/** What the gate says. `member` is a name of the wire, or a word in brackets; never a value, and never a foreign name. */
export type GateResult =
  | { readonly passes: true; readonly type: OutboundType }
  | { readonly passes: false; readonly type: OutboundType | null; readonly member: string };

/** A rule for one member: whether it must be there, and which values it may have. */
interface Rule {
  readonly isRequired: boolean;
  readonly allows: (value: unknown) => boolean;
}

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d[05]:00\.000Z$/;
const LOCATION = /^(-?\d{1,2}\.[05]),(-?\d{1,3}\.[05])$/;
const CHAIN_ID = /^[0-9]{1,20}$/;
const TASK_TYPE = /^(?!unknown$)[a-z0-9][a-z0-9-]{0,15}$/;
const OPERATION = /^(?!unknown$)[a-z]{1,16}$/;
const NODE_ID = /^[A-Za-z0-9_-]{4,64}$/;

const must = (allows: Rule['allows']): Rule => ({ isRequired: true, allows });
const may = (allows: Rule['allows']): Rule => ({ isRequired: false, allows });
const text =
  (isRight: (value: string) => boolean): Rule['allows'] =>
  (value) =>
    typeof value === 'string' && isRight(value);
const like = (pattern: RegExp): Rule['allows'] => text((value) => pattern.test(value));
const oneOf = (words: readonly string[]): Rule['allows'] => text((value) => words.includes(value));
const flag: Rule['allows'] = (value) => typeof value === 'boolean';
const hash = like(HASH);
const chainId = may(like(CHAIN_ID));

const DATA_RULES: Readonly<Record<OutboundType, Readonly<Record<string, Rule>>>> = {
  task_received: { chainId, taskType: may(like(TASK_TYPE)), taskIdHash: must(hash) },
  task_completed: {
    chainId,
    taskIdHash: must(hash),
    status: must(oneOf(['completed', 'failed'])),
    success: may(flag),
    executionTimeBucket: may(oneOf(EXECUTION_TIMES)),
    gasUsedBucket: may(oneOf(GAS_AMOUNTS)),
    cached: may(flag),
  },
  invoice_created: {
    invoiceIdHash: must(hash),
    taskIdHash: may(hash),
    chainId,
    stepsComputedBucket: may(oneOf(STEP_COUNTS)),
    memoryUsedBucket: may(oneOf(MEMORY_SIZES)),
    operation: may(like(OPERATION)),
  },
  heartbeat: {
    status: must(oneOf(['online', 'offline'])),
    activeTasksBucket: may(oneOf(ACTIVE_TASKS)),
    totalTasksBucket: may(oneOf(TOTAL_TASKS)),
    continentBucket: may(oneOf(CONTINENTS)),
    locationBucket: may(text(isLocation)),
  },
  node_joined: { status: must(oneOf(['online'])) },
  node_left: { status: must(oneOf(['offline'])) },
};

const TOP_RULES: Readonly<Record<string, Rule>> = {
  version: must(oneOf(['1.0'])),
  type: must(oneOf([...FACT_TYPES, ...PRESENCE_TYPES])),
  nodeId: must(like(NODE_ID)),
  timestamp: must(text(isTime)),
  data: must(isObject),
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks the bytes of one message of the node `nodeId`. Never throws. */
export function checkOutbound(payload: Uint8Array, nodeId: string): GateResult {
  if (payload.length > OUTBOUND_BYTES_MAX) return refused(null, '(size)');
  const message = parse(payload);
  if (!isObject(message)) return refused(null, '(text)');
  const type = typeOf(message['type']);
  if (hasForbiddenMember(message)) return refused(type, '(other)');
  const wrongAbove = wrongMember(message, TOP_RULES);
  if (wrongAbove !== null) return refused(type, wrongAbove);
  if (message['nodeId'] !== nodeId) return refused(type, 'nodeId');
  const data = message['data'];
  if (type === null || !isObject(data)) return refused(type, 'data');
  if (hasForbiddenMember(data)) return refused(type, '(other)');
  const wrong = wrongMember(data, DATA_RULES[type]);
  return wrong === null ? { passes: true, type } : refused(type, wrong);
}

/**
 * The value of a text that is written as this program writes it; undefined otherwise. Two members of one name, blanks, or
 * another spelling of a value would read as the same value and print as another text.
 */
function parse(payload: Uint8Array): unknown {
  try {
    const written = UTF8.decode(payload);
    const value: unknown = JSON.parse(written);
    return JSON.stringify(value) === written ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The name of the first member that is not as the rules say; `(other)` for a member that no rule knows; null if none. */
function wrongMember(
  object: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
): string | null {
  for (const name of Object.keys(object)) if (!Object.hasOwn(rules, name)) return '(other)';
  for (const [name, { isRequired, allows }] of Object.entries(rules)) {
    if (!Object.hasOwn(object, name)) {
      if (isRequired) return name;
      continue;
    }
    const value = object[name];
    if (!allows(value) || (typeof value === 'string' && holdsPersonalData(value))) return name;
  }
  return null;
}

function typeOf(value: unknown): OutboundType | null {
  return [...FACT_TYPES, ...PRESENCE_TYPES].find((type) => type === value) ?? null;
}

function refused(type: OutboundType | null, member: string): GateResult {
  return { passes: false, type, member };
}

function isTime(value: string): boolean {
  if (!TIME.test(value)) return false;
  const atMs = Date.parse(value);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString() === value;
}

function isLocation(value: string): boolean {
  const match = LOCATION.exec(value);
  if (match === null) return false;
  const latitude = Number(match[1]);
  const longitude = Number(match[2]);
  const isCanonical = latitude.toFixed(1) === match[1] && longitude.toFixed(1) === match[2];
  return isCanonical && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}
