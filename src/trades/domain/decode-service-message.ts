// Reads what came from the service over the link. A value is a message as a whole or none; nothing is repaired.

import type { Checkpoint, LinkQuestion, ServiceMessage } from './enclave-link.ts';
import { ACCOUNT_TYPES, type PlainRegistration } from './registration.ts';
import {
  CREDENTIAL,
  EXCHANGE_ID,
  INTERVAL_MS,
  RETRIES,
  USER_ID,
  type WholeRange,
} from './registration-members.ts';
import {
  type Check,
  isCount,
  isFlag,
  isListOf,
  isName,
  isOneOf,
  isShaped,
  isText,
  isTyped,
  type Shape,
} from './shape.ts';

const isId = isName(256);
const isLike =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isWholeIn =
  ({ least, most }: WholeRange): Check =>
  (value) =>
    isCount(value) && (value as number) >= least && (value as number) <= most;

const CHECKPOINT: Shape<Checkpoint> = { accountId: isId, seq: isCount, turn: isCount, sealed: isText };

/** The bounds are those of every registration: the enclave does not rely on a service to keep them. */
const REGISTRATION: Shape<PlainRegistration> = {
  userId: isLike(USER_ID),
  exchange: isLike(EXCHANGE_ID),
  apiKey: isLike(CREDENTIAL),
  secret: isLike(CREDENTIAL),
  isSandbox: isFlag,
  accountType: isOneOf(ACCOUNT_TYPES),
  apiIntervalMs: isWholeIn(INTERVAL_MS),
  retriesMax: isWholeIn(RETRIES),
};

const QUESTIONS: Readonly<Record<LinkQuestion['type'], Check>> = {
  register: isShaped({ registration: isShaped(REGISTRATION) }),
  remove: isShaped({ userId: isText }),
  metrics: isShaped({ userId: isText }),
  summary: isShaped({ userId: isText }),
};

const MESSAGES: Readonly<Record<ServiceMessage['type'], Check>> = {
  welcome: isShaped({ linkVersion: isCount, processId: isCount }),
  stored: isShaped({ number: isCount }),
  refused: isShaped({ number: isCount }),
  checkpoints: isShaped({ number: isCount, checkpoints: isListOf(isShaped(CHECKPOINT)) }),
  ask: isShaped({ number: isCount, question: isTyped(QUESTIONS) }),
  stop: () => true,
};

/** The message; null if the value is none. */
export function decodeServiceMessage(value: unknown): ServiceMessage | null {
  return isTyped(MESSAGES)(value) ? (value as ServiceMessage) : null;
}
