import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { answeringServer, type Seen } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';
import { delivering } from '../support/delivering.ts';
import { MemoryOutbox } from '../support/memory-outbox.ts';

/** Seeds that are tried; OUTBOX_RUNS=100 tries more. */
const RUNS = Number(process.env['OUTBOX_RUNS'] ?? 12);
const CLIENTS = 4;
const SUMMARIES = 40;

/** A backend that knows each digest once, and answers as it likes. */
class Backend {
  readonly #random: Random;
  /** Digests in the order of their first ingest, by client. */
  readonly ingested = new Map<string, string[]>();
  readonly #known = new Set<string>();
  isCalm = false;

  constructor(random: Random) {
    this.#random = random;
  }

  answer({ body, headers }: Seen, response: ServerResponse): void {
    const digest = String(headers['idempotency-key']);
    const fault = this.isCalm ? 9 : this.#random.below(10);
    if (fault === 0) response.writeHead(503, { 'retry-after': '1' }).end();
    else if (fault === 1) response.writeHead(500).end('their words');
    else if (fault === 2) response.destroy();
    if (fault <= 2) return;
    const isRepeat = this.#known.has(digest);
    if (!isRepeat) {
      this.#known.add(digest);
      const client = body.split(' ')[0] ?? '';
      this.ingested.set(client, [...(this.ingested.get(client) ?? []), digest]);
    }
    // It has the summary, and the answer is lost.
    if (fault === 3) response.destroy();
    else response.writeHead(isRepeat ? 409 : 200).end('{"ok":true}');
  }
}

it.each(Array.from({ length: RUNS }, (_, nth) => nth + 1))(
  'delivery - killed at any moment, each digest is ingested once and in order (seed %i)',
  async (seed) => {
    const random = createRandom(seed, 'outbox');
    const backend = new Backend(random);
    const server = await answeringServer((seen, response) => backend.answer(seen, response));
    onTestFinished(() => server.close());
    let outbox = new MemoryOutbox();
    const begin = () => delivering({ url: server.url, outbox, times: 400 });
    let life = await begin();
    const sealed = new Map<string, string[]>();
    for (let nth = 0; nth < SUMMARIES; nth += 1) {
      const client = `c${random.below(CLIENTS)}`;
      const digest = `digest-${nth}`;
      sealed.set(client, [...(sealed.get(client) ?? []), digest]);
      life.add(client, `${client} ${nth}`, digest);
      if (random.chance(0.3)) {
        const seen = server.seen.length;
        await until(
          'some more requests',
          () => server.seen.length > seen || life.delivery.counts.waiting === 0,
        );
      }
      if (random.chance(0.2)) {
        // What is under way goes on without anybody who hears of it; facts that are not stored are lost.
        outbox = outbox.kill();
        void life.stop();
        life = await begin();
      }
    }
    backend.isCalm = true;
    await until('all are delivered', () => outbox.waiting.length === 0);
    await life.stop();
    expect(backend.ingested).toEqual(sealed);
    expect(outbox.dead.count).toBe(0);
  },
);
