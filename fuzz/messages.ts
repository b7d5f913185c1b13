// Messages through the real door and writer into a real database, batch by batch: no message throws, every outcome is
// counted, in memory and on disk, and the statistics can be read.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Msg, MsgImpl } from 'nats';
import type { NewKey } from '../src/federation/domain/operator-request.ts';
import { REJECT_REASONS, SUBJECTS } from '../src/federation/domain/vocabulary.ts';
import { CREDENTIAL_HEADERS } from '../src/federation/domain/message-signature.ts';
import { credentialOf } from '../src/io/message-credential.ts';
import { keyHashOf, keyIdOf, secretOf, signMessage } from '../src/federation/domain/message-signature.ts';
import type { Random } from '../src/lib/random.ts';
import { type Authenticate, createAuthenticator } from '../src/federation/ingest/authenticator.ts';
import { BatchFiller, createBatch, readBatch } from '../src/federation/sources/batch.ts';
import { Door } from '../src/federation/ingest/door.ts';
import { Ledger } from '../src/federation/ingest/ledger.ts';
import { openFederationWriter } from '../src/federation/store/federation-database.ts';
import { FederationWriter } from '../src/federation/store/writer.ts';
import { StatisticsQuery } from '../src/federation/workers/statistics.ts';
import { GOLDEN } from '../test/federation/domain/messages.ts';
import { VALID } from '../test/support/rubbish.ts';
import { anyBytes, anyValue, withBytesChanged, withMembersChanged } from './mutation.ts';
import { FuzzFailure, type FuzzTarget } from './target.ts';

const SLICE_INPUTS = 2000;
const START_MS = Date.UTC(2026, 0, 15);
const REVOKED_MS = START_MS + 60_000;
/** Rows older than this are pruned: the file stays small, and retention runs as well. */
const KEPT_MS = 3_600_000;
const STREAM = { name: 'FUZZ', created: '2026-01-15T00:00:00Z', firstSeq: 1, lastSeq: 0 };
/** Small, so that every limit and every rotation is met within seconds. */
const OPTIONS = {
  limits: {
    ratePerMinute: 600,
    rateBurst: 120,
    globalPerSecond: 5000,
    newNodesPerMinute: 600,
    maxNodes: 2000,
  },
  generationSize: 5000,
  transitionsPerNodeMax: 10,
};

const REAL = [
  ...GOLDEN.map(({ subject, message }) => ({
    subject: SUBJECTS.findIndex((name) => name === subject),
    message,
  })),
  ...VALID.map(({ message }, subject) => ({ subject, message: message(1) })),
].map(({ subject, message }) => ({ subject, message, bytes: Buffer.from(JSON.stringify(message)) }));

/** One input: the subject's index, and the payload. */
export function anyMessage(random: Random): { readonly subject: number; readonly payload: Uint8Array } {
  const real = random.pick(REAL);
  const subject = random.chance(0.05) ? random.below(SUBJECTS.length + 1) : real.subject;
  const kind = random.below(100);
  const json = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '');
  if (kind < 20) return { subject, payload: json(VALID[real.subject]?.message(random.below(3000))) };
  if (kind < 55) return { subject, payload: json(withMembersChanged(random, real.message)) };
  if (kind < 85) return { subject, payload: withBytesChanged(random, real.bytes, random.pick(REAL).bytes) };
  if (kind < 93) return { subject, payload: json(anyValue(random)) };
  return { subject, payload: anyBytes(random) };
}

/** One key bound to a node that sends real messages, one bound to none, one revoked, one that may not publish. */
const KEYS = ['bound', 'free', 'revoked', 'reader'].map((name, index) => {
  const key = `${name}${'k'.repeat(43 - name.length)}`;
  const keyHash = keyHashOf(key);
  const made: NewKey = {
    keyHash,
    name,
    nodeId: name === 'bound' ? 'node-3' : null,
    permissions: name === 'reader' ? ['subscribe'] : ['publish'],
    ratePerMinute: index * 600,
  };
  return { made, keyId: keyIdOf(keyHash), secret: secretOf(keyHash) };
});

/**
 * Headers as the client reads them from the wire, signed correctly, wrongly or not at all, and the decoded credential.
 */
function anyCredential(
  random: Random,
  subject: number,
  payload: Uint8Array,
  rightful: Set<string>,
): string | null {
  const { keyId, secret } = random.pick(KEYS);
  const name = SUBJECTS[subject] ?? 'truebit.other';
  const signed = random.chance(0.5) ? payload : withBytesChanged(random, payload, payload);
  const subjectSigned = random.chance(0.9) ? name : 'truebit.other';
  const signature = signMessage(secret, subjectSigned, signed);
  const isRight = subjectSigned === name && Buffer.compare(signed, payload) === 0;
  const lines = `NATS/1.0\r\nTruebit-Key-Id: ${keyId}\r\nTruebit-Signature: ${signature}\r\n\r\n`;
  const bytes = Buffer.from(lines);
  const isWhole = isRight && random.chance(0.5);
  const head = isWhole
    ? bytes
    : withBytesChanged(random, bytes, random.chance(0.5) ? bytes : anyBytes(random));
  // As written, and as understood: another base64 spelling of the same bytes may be refused.
  if (isRight) {
    const credential = keyId + signature;
    for (const spelling of [credential, meaningOf(credential)])
      rightful.add(claimOf(spelling, subject, payload));
  }
  const hdr = head.length;
  const sizes = { sid: 1, hdr, size: hdr + payload.length, subject: Buffer.from(name) };
  return credentialOf(new MsgImpl(sizes, Buffer.concat([head, payload]), NOBODY) as Msg, CREDENTIAL_HEADERS);
}

/** A message of the client needs a publisher for replies. */
const NOBODY = { publish() {} } as unknown as ConstructorParameters<typeof MsgImpl>[2];

/** The key and the bytes signed with: the last character of base64 has two bits that mean nothing. */
function meaningOf(credential: string): string {
  return credential.slice(0, 16) + Buffer.from(credential.slice(16), 'base64').toString('hex');
}

/** A credential with its subject and payload: with another subject or payload it is wrong. */
function claimOf(credential: string, subject: number, payload: Uint8Array): string {
  return `${credential} ${subject} ${Buffer.from(payload).toString('latin1')}`;
}

/** The authenticator, with every key that it grants, and every one that it should, looked at again. */
function watched(authenticate: Authenticate, rightful: ReadonlySet<string>): Authenticate {
  return (message, nodeId) => {
    const judged = authenticate(message, nodeId);
    const { credential, subject, payload } = message;
    const isMade = (spelling: string) => rightful.has(claimOf(spelling, subject, payload));
    const isRightful = credential != null && isMade(meaningOf(credential));
    if (judged === 'unauthenticated' && credential != null && isMade(credential)) {
      const [bound, free] = KEYS;
      const keyId = credential.slice(0, 16);
      if (keyId === bound?.keyId || (keyId === free?.keyId && nodeId !== bound?.made.nodeId))
        throw new FuzzFailure('a signed message counts as one that is not');
    }
    if (judged === null || typeof judged === 'string') return judged;
    if (!isRightful || judged.name === 'reader' || (judged.revokedAtMs ?? Infinity) <= message.atMs)
      throw new FuzzFailure('a message counts as signed that is not');
    if (judged.name === 'bound' && nodeId !== judged.nodeId)
      throw new FuzzFailure('a bound key speaks for another node');
    return judged;
  };
}

export function messagesTarget(): FuzzTarget {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-fuzz-'));
  const database = openFederationWriter(join(folder, 'aggregator.db'));
  // So that the memory measured is the program's and not SQLite's cache filling up.
  database.pragma('cache_size = -4096');
  const writer = new FederationWriter(database, OPTIONS, 'aggregator-fuzz');
  for (const { made } of KEYS) writer.keys.create(made, START_MS, START_MS);
  writer.keys.revoke(KEYS.find(({ made }) => made.name === 'revoked')?.keyId ?? '', REVOKED_MS, REVOKED_MS);
  const statistics = new StatisticsQuery(database);
  const sums = database.prepare<[], { length: number; outcomes: number }>(
    `SELECT last_seq - first_seq + 1 AS length,
       applied + duplicate + rejected + rate_limited + quarantined + ignored + lost AS outcomes FROM ingest_position`,
  );
  /** Credentials of this slice that were made with the key they name, for the message they came with. */
  const rightful = new Set<string>();
  const ledger = new Ledger();
  const parts = {
    ledger,
    authenticate: watched(
      createAuthenticator(
        () => writer.keys.book,
        false,
        (atMs) => atMs,
      ),
      rightful,
    ),
    apply: writer.apply.bind(writer),
    take: (seq: number, atMs: number) => writer.position.take(seq, atMs),
    count: writer.position.count.bind(writer.position),
  };
  const door = new Door(parts, 60_000);
  const spare = createBatch(SLICE_INPUTS, 16_777_216);
  writer.position.attach(STREAM, null);
  let filler = new BatchFiller(spare);
  let [fed, seq, nowMs] = [0, 0, START_MS];
  const outcomes: Record<string, number> = {};

  function settle(): void {
    readBatch(filler.batch, (message) => void door.enter(message, nowMs));
    filler = new BatchFiller(spare);
    rightful.clear();
    writer.pruneStep(nowMs - KEPT_MS);
    writer.commit(nowMs, nowMs - START_MS);
    ledger.committed(nowMs, 0);
    const accounts = ledger.snapshot({ lost: 0, disagreements: 0, unknownLabels: door.unknownLabels });
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    for (const [word, counts] of Object.entries(accounts.outcomes)) outcomes[word] = sum(counts);
    const accounted = Object.values(outcomes).reduce((total, count) => total + count, 0);
    if (sum(accounts.received) !== fed || accounted !== fed)
      throw new FuzzFailure(`${fed} messages went in, ${accounted} have an outcome`);
    const refused = REJECT_REASONS.reduce((total, reason) => total + sum(accounts.rejected[reason]), 0);
    if (refused !== outcomes['rejected']) throw new FuzzFailure('not every refused message has a reason');
    for (const { length, outcomes: stored } of sums.all()) {
      if (length !== stored) throw new FuzzFailure(`${length} sequences, ${stored} outcomes in the database`);
    }
    const { all } = statistics.run(nowMs).periods;
    if (
      all.totalNodes !== all.activeNodes + all.offlineNodes ||
      all.totalTasks < all.completedTasks + all.failedTasks
    )
      throw new FuzzFailure('the statistics do not add up');
  }

  return {
    name: 'messages',
    sliceInputs: SLICE_INPUTS,
    outcomes,
    feed(random) {
      const { subject, payload } = anyMessage(random);
      // Now and then a sequence that was read before, one that is missing, a time that goes back or far ahead.
      seq += random.chance(0.01) ? random.below(5) - 2 : 1;
      nowMs += random.below(20);
      const atMs = random.chance(0.01) ? nowMs + (random.below(3) - 1) * random.below(10_000_000) : nowMs;
      fed++;
      const credential = random.chance(0.3) ? anyCredential(random, subject, payload, rightful) : null;
      const entry = {
        subject,
        payload,
        atMs,
        seq: Math.max(1, seq),
        observedMs: nowMs - START_MS,
        credential,
      };
      if (!filler.add(entry)) throw new FuzzFailure('the batch has no room');
    },
    settle,
    close() {
      writer.close();
      rmSync(folder, { recursive: true });
    },
  };
}
