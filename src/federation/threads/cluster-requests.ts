// Operators' requests that every replica of a cluster must carry out: they become commands in the cluster's stream. What a
// request would change is judged here by what this replica knows, and answered as if it were done; the replicas do it at
// the same place of their logs.

import type { CommandOutcome } from '../cluster/commands.ts';
import type { ControlCommand } from '../domain/cluster.ts';
import type {
  BlockedNode,
  KeyListing,
  OperatorAnswer,
  OperatorAnswers,
  OperatorRequest,
} from '../domain/operator-request.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { API_KEYS_MAX } from '../store/api-keys.ts';
import { BLOCKED_NODES_MAX } from '../store/blocked-nodes.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { FederationQuestions } from '../workers/questions.ts';

/** What {@link ClusterRequests} needs of main. */
export interface ClusterRequestsParts {
  /** Appends a command, and waits until the replicas that are there know it. */
  command(command: ControlCommand): Promise<CommandOutcome>;
  /** Asks this replica's own writer. */
  ask(request: OperatorRequest): Promise<OperatorRequestReply>;
  /** True if the database of this replica has the node, or events of it. */
  hasNode(nodeId: string): Promise<boolean>;
}

/** True if the database has the node, or events of it, as of the last commit. */
export async function isStored(
  pool: Pick<WorkerPool<FederationQuestions>, 'ask'>,
  nodeId: string,
): Promise<boolean> {
  const node = { nodeId, windowMs: DAY_MS, stripCells: 0 };
  if ((await pool.ask('node', { query: node })) !== null) return true;
  const query = { kinds: [], nodeId, fromMs: null, toMs: null, page: 1 };
  return (await pool.ask('events', { query })).total > 0;
}

/** Keys and blocked nodes of the last commands that are kept until this replica has them. */
const RECENT_MAX = 256;
/** Digits of a key's hash that are its id. */
const KEY_ID_DIGITS = 16;

/** True if all replicas of a cluster must carry the request out. */
export function isCommand(request: OperatorRequest): request is ControlCommand {
  switch (request.type) {
    case 'createKey':
    case 'revokeKey':
    case 'forgetNode':
    case 'blockNode':
    case 'unblockNode':
      return true;
    case 'listKeys':
    case 'listBlocked':
    case 'listMissing':
    case 'acknowledge':
      return false;
    default:
      return unreachable(request);
  }
}

/** Replies to requests by commands. */
export class ClusterRequests {
  readonly #parts: ClusterRequestsParts;
  /** What commands of this process made, which this replica may not have applied yet. */
  readonly #keys = new Map<string, KeyListing>();
  readonly #blocked = new Map<string, BlockedNode>();

  constructor(parts: ClusterRequestsParts) {
    this.#parts = parts;
  }

  /** Never rejects. The reply names the replicas that were not heard. */
  async reply(command: ControlCommand): Promise<OperatorRequestReply> {
    try {
      const judged = await this.#judge(command);
      const { atMs, unheard } = await this.#parts.command(command);
      const answer = judged(new Date(atMs).toISOString());
      return { type: 'made', answer, ...(unheard.length === 0 ? {} : { note: noteOf(unheard) }) };
    } catch (error) {
      if (error instanceof CodedError) return { type: 'refused', code: error.code, sentence: error.message };
      const reason = error instanceof Error ? error.message : 'unknown error';
      return { type: 'refused', code: 'internal', sentence: `The command could not be given (${reason}).` };
    }
  }

  /** Refuses a command that could have no effect; else gives the answer for the time at which it was given. */
  async #judge(command: ControlCommand): Promise<(at: string) => OperatorAnswer> {
    switch (command.type) {
      case 'createKey':
        return this.#createKey(command.key);
      case 'revokeKey':
        return this.#revokeKey(command.keyId);
      case 'forgetNode': {
        const { nodeId } = command;
        if (!(await this.#parts.hasNode(nodeId)))
          throw new CodedError('not_found', `There is no node ${nodeId} in the database.`);
        return () => ({ nodeId });
      }
      case 'blockNode':
        return this.#blockNode(command.nodeId);
      case 'unblockNode':
        return this.#unblockNode(command.nodeId);
      default:
        return unreachable(command);
    }
  }

  async #createKey(key: Extract<ControlCommand, { type: 'createKey' }>['key']) {
    const keyId = key.keyHash.slice(0, KEY_ID_DIGITS);
    const keys = await this.#ask({ type: 'listKeys' });
    const known = keys.find((listing) => listing.keyId === keyId);
    if (known === undefined && keys.length >= API_KEYS_MAX && keys.every(({ isActive }) => isActive)) {
      throw new CodedError(
        'too_many',
        `There are ${API_KEYS_MAX} API keys, and none is revoked: revoke one that is not used.`,
      );
    }
    return (at: string): KeyListing => {
      const made: KeyListing = known ?? {
        keyId,
        name: key.name,
        nodeId: key.nodeId,
        permissions: key.permissions,
        rateLimit: key.ratePerMinute,
        createdAt: at,
        lastUsedAt: null,
        revokedAt: null,
        isActive: true,
      };
      keep(this.#keys, keyId, made);
      return made;
    };
  }

  async #revokeKey(keyId: string) {
    const keys = await this.#ask({ type: 'listKeys' });
    const key = keys.find((listing) => listing.keyId === keyId) ?? this.#keys.get(keyId);
    if (key === undefined) throw new CodedError('not_found', `There is no API key ${keyId}.`);
    return (at: string): KeyListing => ({ ...key, revokedAt: key.revokedAt ?? at, isActive: false });
  }

  async #blockNode(nodeId: string) {
    const blocked = await this.#ask({ type: 'listBlocked' });
    const known = blocked.find((node) => node.nodeId === nodeId);
    if (known === undefined && blocked.length >= BLOCKED_NODES_MAX) {
      throw new CodedError(
        'too_many',
        `There are ${BLOCKED_NODES_MAX} blocked nodes: unblock one; against many ids use NEW_NODES_PER_MINUTE or AUTH_MODE=required.`,
      );
    }
    return (at: string): BlockedNode => {
      const made = known ?? { nodeId, blockedAt: at };
      keep(this.#blocked, nodeId, made);
      return made;
    };
  }

  async #unblockNode(nodeId: string) {
    const blocked = await this.#ask({ type: 'listBlocked' });
    if (!blocked.some((node) => node.nodeId === nodeId) && !this.#blocked.has(nodeId))
      throw new CodedError('not_found', `The node ${nodeId} is not blocked.`);
    return () => {
      this.#blocked.delete(nodeId);
      return { nodeId };
    };
  }

  /** The answer of this replica's writer. Throws its refusal. */
  async #ask<R extends OperatorRequest>(request: R): Promise<OperatorAnswers[R['type']]> {
    const reply = await this.#parts.ask(request);
    if (reply.type === 'refused') throw new CodedError(reply.code, reply.sentence);
    // A reply answers its request.
    return reply.answer as OperatorAnswers[R['type']];
  }
}

/** Keeps a value, and of those kept the newest. */
function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.delete(key);
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > RECENT_MAX && oldest !== undefined) kept.delete(oldest);
}

function noteOf(unheard: readonly string[]): string {
  const names = unheard.join(', ');
  return `Not heard: ${names}. They carry the command out before any later message, once they run.`;
}
