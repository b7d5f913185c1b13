// Who may speak as whom (specification, section 8): API keys, the node ids bound to them, and the judgement of a message's
// signature. Pure: whether a signature fits a key is asked of the caller.

/** What a key may do; `admin` includes the others. */
export const PERMISSIONS = ['publish', 'subscribe', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** A key as it is kept. Plain data: it crosses threads. */
export interface ApiKey {
  /** First 16 hex digits of the hash. */
  readonly keyId: string;
  /** SHA-256 of the key, 64 lower-case hex digits; its bytes are the secret of signatures. */
  readonly keyHash: string;
  readonly name: string;
  /** The one node id it may speak for; null: any that no other key is bound to. */
  readonly nodeId: string | null;
  readonly permissions: readonly Permission[];
  /** Messages a minute, sustained; 0: no limit. */
  readonly ratePerMinute: number;
  /** Our wall clock at the commands, ms since the epoch: shown to people, and no message is judged by it. */
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** The event clock (event-clock.ts) at the same commands: messages are judged by it, for it never goes back. */
  readonly createdEventMs: number;
  readonly revokedEventMs: number | null;
}

/** All keys, found by id and by the node they are bound to. */
export class KeyBook {
  readonly #byId = new Map<string, ApiKey>();
  readonly #byNode = new Map<string, readonly ApiKey[]>();

  constructor(keys: readonly ApiKey[]) {
    for (const key of keys) this.put(key);
  }

  /** Every key, in the order in which they were first put. */
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

  /** True if the node id belongs to a key when the event clock shows `atMs`: then only such a key may speak for it. */
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

/** True if the key may do this. */
export function may(key: ApiKey, permission: Permission): boolean {
  return key.permissions.includes(permission) || key.permissions.includes('admin');
}

/**
 * True if the key was not revoked when the event clock showed `atMs`. What it signed it signed after it was made. `now` is
 * later than every revocation, whatever the wall clock shows: it may have been set back since.
 */
export function isUsable(key: ApiKey, atMs: number | 'now'): boolean {
  return key.revokedEventMs === null || (atMs !== 'now' && atMs < key.revokedEventMs);
}

/** True from the making of the key to its revocation, on the event clock: an older message could not be signed yet. */
function isInForce(key: ApiKey, atMs: number): boolean {
  return atMs >= key.createdEventMs && isUsable(key, atMs) && may(key, 'publish');
}

/** A signature as it came: whose, and whether it fits what was signed. */
export interface Signature {
  readonly keyId: string;
  /** Asked only if there is such a key. */
  fits(key: ApiKey): boolean;
}

/** The key that signed, when the event clock showed `atMs` or now, with the right to publish; null if none did. */
export function signerOf(book: KeyBook, signature: Signature | null, atMs: number | 'now'): ApiKey | null {
  const key = signature === null ? undefined : book.find(signature.keyId);
  if (signature === null || key === undefined) return null;
  return isUsable(key, atMs) && may(key, 'publish') && signature.fits(key) ? key : null;
}

/** What the door must know of a valid message to say who sent it. */
export interface Claim {
  readonly nodeId: string;
  /** What the event clock shows for the message. */
  readonly atMs: number;
  /** `unsigned` without either header, null if they made no sense. */
  readonly signature: Signature | null | 'unsigned';
}

/**
 * The key that speaks for a message; null if it is unsigned and needs none; or why it is refused. `isRequired`: in required
 * mode every message must be signed.
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
  // Any key may speak for a node that nobody owns.
  return book.isBound(nodeId, atMs) ? 'unauthenticated' : key;
}
