// One session of an account: whose credentials are in use, until when, and who may ask. It holds the credentials in a
// private member, which nothing prints, until it ends.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccountOptions, Credentials, KeyWarning } from '../../domain/account.ts';

const TOKEN = /^[0-9a-f]{64}$/;

/** What is known of a session besides its credentials. */
export interface SessionFacts {
  /** Public: 32 lower-case hex digits. */
  readonly id: string;
  /** SHA-256 of the token, in hex. */
  readonly tokenHash: string;
  readonly label: string;
  readonly options: AccountOptions;
  /** The user who registered in plain text, and has no token; null for everybody else. */
  readonly plainUserId: string | null;
  /** The exchange's id of the user; null if it tells none. */
  readonly userId: string | null;
  readonly warnings: readonly KeyWarning[];
  readonly keyExpiresAtMs: number | null;
  /** By the wall clock. */
  readonly expiresAtMs: number;
}

/** A session as plain data, for a sealed checkpoint only. */
export interface SessionState {
  readonly facts: SessionFacts;
  readonly credentials: Credentials;
}

/** A new token: 256 random bits as 64 lower-case hex digits. */
export function newToken(): string {
  return randomBytes(32).toString('hex');
}

/** A new public id: 128 random bits as 32 lower-case hex digits. */
export function newSessionId(): string {
  return randomBytes(16).toString('hex');
}

/** The hash under which a session is found; null if the text cannot be a token. */
export function tokenHashOf(token: string): string | null {
  return TOKEN.test(token) ? hash('sha256', token, 'hex') : null;
}

/** One session. */
export class Session {
  readonly facts: SessionFacts;
  #credentials: Credentials | null;
  /** Called once, when the credentials are dropped. */
  #whenDropped: (() => void) | null = null;

  constructor(facts: SessionFacts, credentials: Credentials) {
    this.facts = facts;
    this.#credentials = credentials;
  }

  /** Null once they were dropped: the session ended, or its account is suspended. */
  get credentials(): Credentials | null {
    return this.#credentials;
  }

  /** True if no request may be made with it any more. */
  isOverAt(nowMs: number): boolean {
    return this.#credentials === null || nowMs >= this.facts.expiresAtMs;
  }

  /** True for the session's own token. The time that it takes says nothing about the token. */
  hasTokenHash(tokenHash: string): boolean {
    return timingSafeEqual(Buffer.from(tokenHash), Buffer.from(this.facts.tokenHash));
  }

  /** Makes it useless for any further request. */
  dropCredentials(): void {
    this.#credentials = null;
    this.#whenDropped?.();
    this.#whenDropped = null;
  }

  /** Calls back when the credentials are dropped, in place of an earlier call; null for none. */
  whenDropped(called: (() => void) | null): void {
    this.#whenDropped = called;
  }

  /** Null once the credentials were dropped. */
  toState(): SessionState | null {
    return this.#credentials && { facts: this.facts, credentials: this.#credentials };
  }
}
