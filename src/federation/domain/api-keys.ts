// API keys, the node ids bound to them, and the rule that decides who may send as which node
// (docs/federation.md#signed-messages). Pure: the caller checks whether a signature fits a key.

/** What a key may do; `admin` includes the others. */
export const PERMISSIONS = ['publish', 'subscribe', 'admin'] as const;
/** One right of a key, see {@link PERMISSIONS}. */
export type Permission = (typeof PERMISSIONS)[number];

/** A key as the database keeps it: its hash, never the key itself. Plain data: it crosses threads. */
export interface ApiKey {
  /** First 16 hex digits of the hash. */
  readonly keyId: string;
  /** SHA-256 of the key, 64 lower-case hex digits; its bytes are the secret of signatures. */
  readonly keyHash: string;
  readonly name: string;
  /** The node id to which this key is bound. With null the key may sign for every node id to which no other key is bound. */
  readonly nodeId: string | null;
  readonly permissions: readonly Permission[];
  /** Messages a minute, sustained; 0: no limit. */
  readonly ratePerMinute: number;
  /**
   * This machine's wall clock when the operator ran the command, ms since the epoch. It is shown to people; no message
   * is judged by it.
   */
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** The event clock (event-clock.ts) at the same commands. Messages are judged by it, because it never goes back. */
  readonly createdEventMs: number;
  readonly revokedEventMs: number | null;
}

/** All keys, with look-up by key id and by the node id to which a key is bound. */
export class KeyBook {
  readonly #byId = new Map<string, ApiKey>();
  readonly #byNode = new Map<string, readonly ApiKey[]>();

  constructor(keys: readonly ApiKey[]) {
    for (const key of keys) this.put(key);
  }

  /** Every key, in the order in which the keys were first added. */
  get all(): readonly ApiKey[] {
    return [...this.#byId.values()];
  }

  get size(): number {
    return this.#byId.size;
  }

  find(keyId: string): ApiKey | undefined {
    return this.#byId.get(keyId);
  }

  /** Adds a key, or replaces the one with its id. */
  put(key: ApiKey): void {
    this.#unbind(key.keyId);
    this.#byId.set(key.keyId, key);
    if (key.nodeId !== null) this.#byNode.set(key.nodeId, [...(this.#byNode.get(key.nodeId) ?? []), key]);
  }

  remove(keyId: string): void {
    this.#unbind(keyId);
    this.#byId.delete(keyId);
  }

  /**
   * True if a key is bound to the node id when the event clock shows `atMs`. Only such a key may then send as this
   * node.
   */
  isBound(nodeId: string, atMs: number): boolean {
    if (this.#byNode.size === 0) return false;
    return (this.#byNode.get(nodeId) ?? []).some((key) => isInForce(key, atMs));
  }

  #unbind(keyId: string): void {
    const nodeId = this.#byId.get(keyId)?.nodeId;
    if (nodeId == null) return;
    const others = (this.#byNode.get(nodeId) ?? []).filter((key) => key.keyId !== keyId);
    if (others.length === 0) this.#byNode.delete(nodeId);
    else this.#byNode.set(nodeId, others);
  }
}

/** True if the key has the permission, directly or through `admin`. */
export function may(key: ApiKey, permission: Permission): boolean {
  return key.permissions.includes(permission) || key.permissions.includes('admin');
}

/**
 * True if the key was not revoked when the event clock showed `atMs`. The time of creation is not checked: a signature
 * proves that the key existed. `now` counts as later than every revocation, even if the wall clock was set back after
 * the revocation.
 */
export function isUsable(key: ApiKey, atMs: number | 'now'): boolean {
  return key.revokedEventMs === null || (atMs !== 'now' && atMs < key.revokedEventMs);
}

/**
 * True between the creation and the revocation of the key, on the event clock. No one could sign a message older than
 * the key.
 */
function isInForce(key: ApiKey, atMs: number): boolean {
  return atMs >= key.createdEventMs && isUsable(key, atMs) && may(key, 'publish');
}

/** The signature of one message: the key id that it names, and a check against that key. */
export interface Signature {
  readonly keyId: string;
  /** Called only if a key with this id exists. */
  fits(key: ApiKey): boolean;
}

/**
 * The key that made the signature, if it may publish and was not revoked when the event clock showed `atMs` (or is not
 * revoked `now`). Null otherwise.
 */
export function signerOf(book: KeyBook, signature: Signature | null, atMs: number | 'now'): ApiKey | null {
  const key = signature === null ? undefined : book.find(signature.keyId);
  if (signature === null || key === undefined) return null;
  return isUsable(key, atMs) && may(key, 'publish') && signature.fits(key) ? key : null;
}

/** What the authenticator needs to know of a valid message to decide who sent it. */
export interface Claim {
  readonly nodeId: string;
  /** The message's time on the event clock. */
  readonly atMs: number;
  /** `unsigned` if the message has neither header; null if the headers are malformed. */
  readonly signature: Signature | null | 'unsigned';
}

/**
 * The key that signed the message, null if the message is unsigned and needs no signature, or the reason for rejection.
 * With `isRequired` (required mode) every message needs a signature.
 */
export function judgeClaim(
  book: KeyBook,
  isRequired: boolean,
  { nodeId, atMs, signature }: Claim,
): ApiKey | null | 'unauthenticated' | 'wrong_node' {
  if (signature === 'unsigned') return isRequired || book.isBound(nodeId, atMs) ? 'unauthenticated' : null;
  const key = signerOf(book, signature, atMs);
  if (key === null) return 'unauthenticated';
  if (key.nodeId === nodeId) return key;
  if (key.nodeId !== null) return 'wrong_node';
  // Any key may send as a node to which no key is bound.
  return book.isBound(nodeId, atMs) ? 'unauthenticated' : key;
}
