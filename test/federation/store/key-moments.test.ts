// Keys that are made and revoked while a clock is wrong, judged in a stream: the writer, the authenticator and a file.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keyHashOf,
  keyIdOf,
  newApiKey,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import { createAuthenticator } from '../../../src/federation/ingest/authenticator.ts';
import { applyOperatorRequest } from '../../../src/federation/store/apply-operator-request.ts';
import { heartbeatOf } from '../../support/signals.ts';
import { NO_LIMITS, NOW_MS } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];
const NODE = 'node-mine';
const PAYLOAD = Buffer.from('any');
const STREAM = { name: 'TRUEBIT_INGEST', created: '2026-01-01T00:00:00Z', firstSeq: 1, lastSeq: 0 };

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('key-moments');
});
afterEach(() => folder.remove());

/** The program around one stream. Times are of the broker; `guessMs` is the broker's clock as a command knows it. */
class Life {
  readonly opened = new Opened(folder.path('a.db'), { limits: NO_LIMITS });
  readonly keyHash = keyHashOf(newApiKey());
  #seq = 0;

  constructor() {
    this.opened.writer.position.attach(STREAM, null);
    this.say(NOW_MS, false);
    this.opened.commit();
  }

  /** Reads a heartbeat of the node, signed or not; true if it is accepted. */
  say(atMs: number, isSigned: boolean): boolean {
    const { writer } = this.opened;
    const authenticate = createAuthenticator(
      () => writer.keys.book,
      false,
      (eventMs) => writer.eventMs(eventMs),
    );
    const keyId = keyIdOf(this.keyHash);
    const credential = isSigned
      ? keyId + signMessage(secretOf(this.keyHash), 'truebit.heartbeat', PAYLOAD)
      : null;
    const seq = ++this.#seq;
    writer.position.take(seq, atMs);
    const signer = authenticate({ subject: 3, payload: PAYLOAD, atMs, seq, credential }, NODE);
    if (typeof signer === 'string') return false;
    return writer.applyNext(heartbeatOf(NODE), { atMs, nowMs: NOW_MS, observedMs: 0 }, signer) === 'applied';
  }

  /** Makes the key of the node. As in the program, all messages read before are committed first. */
  bind(nowMs: number, guessMs = nowMs): void {
    this.opened.commit();
    const { keyHash } = this;
    const key = {
      keyHash,
      name: 'a key',
      nodeId: NODE,
      permissions: ['publish' as const],
      ratePerMinute: 0,
    };
    applyOperatorRequest(this.opened.writer, { type: 'createKey', key }, { nowMs, brokerMs: guessMs });
  }

  revoke(nowMs: number, guessMs = nowMs): void {
    this.opened.commit();
    const keyId = keyIdOf(this.keyHash);
    applyOperatorRequest(this.opened.writer, { type: 'revokeKey', keyId }, { nowMs, brokerMs: guessMs });
  }

  /** Reads the stream to its end. */
  settle(): void {
    this.opened.writer.settleKeys();
    this.opened.commit();
  }

  /** Ends as a crash would, and begins again from the last commit. */
  restart(): void {
    this.opened.reopen();
    const { position } = this.opened.writer;
    position.attach({ ...STREAM, lastSeq: this.#seq }, position.lastKnown(STREAM)?.atMs ?? null);
    this.#seq = (position.nextSeq ?? 1) - 1;
  }
}

describe.each([
  ['', () => undefined],
  [', with a restart behind each command', (life: Life) => life.restart()],
])('keys and clocks%s', (_what, then) => {
  it('keys and clocks - with the wall clock 40 days ahead, binding and revocation are in force at once', () => {
    const life = new Life();
    life.bind(NOW_MS + 40 * DAY_MS, NOW_MS + 1000);
    then(life);
    expect([life.say(NOW_MS + 2000, false), life.say(NOW_MS + 2000, true)]).toEqual([false, true]);
    life.revoke(NOW_MS + 40 * DAY_MS, NOW_MS + 3000);
    then(life);
    expect([life.say(NOW_MS + 2999, true), life.say(NOW_MS + 3000, true)]).toEqual([true, false]);
    expect(life.opened.writer.keys.list()).toMatchObject([{ revokedAt: '2026-02-24T10:30:00.000Z' }]);
  });

  it("keys and clocks - with the broker's clock set back, no revoked key works and no bound node accepts unsigned messages", () => {
    const life = new Life();
    life.bind(NOW_MS + 1000);
    then(life);
    // By the broker's clock this is long before the key was made.
    for (const byMs of [2000, -HOUR_MS, -2 * HOUR_MS])
      expect([life.say(NOW_MS + byMs, true), life.say(NOW_MS + byMs, false)]).toEqual([true, false]);
    life.revoke(NOW_MS + 3000, -Infinity);
    then(life);
    for (const byMs of [0, -HOUR_MS, -3 * HOUR_MS])
      expect([life.say(NOW_MS + byMs, true), life.say(NOW_MS + byMs, false)]).toEqual([false, true]);
  });

  it('keys and clocks - while catching up, waiting messages from before the revocation are accepted', () => {
    const life = new Life();
    life.bind(NOW_MS);
    life.revoke(NOW_MS + HOUR_MS);
    then(life);
    expect([life.say(NOW_MS + HOUR_MS - 1, true), life.say(NOW_MS + HOUR_MS, true)]).toEqual([true, false]);
  });

  it('keys and clocks - a guessed moment that was 40 days ahead is settled at the end of the stream', () => {
    const life = new Life();
    life.bind(NOW_MS + 40 * DAY_MS);
    then(life);
    expect(life.say(NOW_MS + 1000, false)).toBe(true);
    life.settle();
    then(life);
    expect([life.say(NOW_MS + 1000, false), life.say(NOW_MS + 1000, true)]).toEqual([false, true]);
    life.revoke(NOW_MS + 40 * DAY_MS);
    then(life);
    expect(life.say(NOW_MS + 2000, true)).toBe(true);
    life.opened.commit();
    life.settle();
    then(life);
    expect([life.say(NOW_MS + 2000, true), life.say(NOW_MS, true)]).toEqual([false, false]);
  });

  it('keys and clocks - a key made while the wall clock is a day behind binds from that moment, and no earlier guess moves', () => {
    const life = new Life();
    life.bind(NOW_MS - DAY_MS);
    then(life);
    expect([life.say(NOW_MS, false), life.say(NOW_MS - DAY_MS, false)]).toEqual([false, false]);
    life.settle();
    expect(life.opened.all('SELECT created_event_ms FROM api_key_moments')).toEqual([
      { created_event_ms: NOW_MS },
    ]);
  });
});

describe('keys and clocks', () => {
  it('keys and clocks - a settled moment is lost if its commit is lost', () => {
    const life = new Life();
    life.bind(NOW_MS + DAY_MS);
    life.opened.writer.settleKeys();
    expect([life.opened.writer.keys.isSettled, life.say(NOW_MS + 1, false)]).toEqual([true, false]);
    life.restart();
    expect([life.opened.writer.keys.isSettled, life.say(NOW_MS + 1, false)]).toEqual([false, true]);
  });

  it('keys and clocks - keys of an earlier version are judged by their wall times until the stream is read to its end', () => {
    const life = new Life();
    life.bind(NOW_MS);
    life.revoke(NOW_MS + 40 * DAY_MS);
    life.opened.database.exec('DELETE FROM api_key_moments');
    life.restart();
    expect(life.say(NOW_MS + 1000, true)).toBe(true);
    life.opened.commit();
    life.settle();
    life.restart();
    expect(life.say(NOW_MS + 1000, true)).toBe(false);
  });
});
