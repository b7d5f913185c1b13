// The hub that shares one feed among the tabs of a browser: which tab gets which message, and that it keeps nothing for
// a closed tab.

import { describe, expect, it } from 'vitest';

type Key = string | null;
type Message = Readonly<Record<string, unknown>>;
interface Told {
  document(document: unknown): void;
  lost(status: number | null): void;
}
interface How {
  readonly key: Key;
  readonly signal: AbortSignal;
  readonly mayStream: () => boolean;
}
interface Hub {
  hear(port: Port, said: Message): void;
  beat(): void;
}
interface Port {
  readonly got: Message[];
  postMessage(message: Message): void;
}

const { makeHub } = (await import(new URL('../../src/http/page/feed-hub.js', import.meta.url).href)) as {
  makeHub(parts: { follow: (told: Told, how: How) => Promise<void>; nowMs: () => number }): Hub;
};

const AT_MS = Date.UTC(2026, 0, 15);
const MINUTE_MS = 60_000;

/** A hub whose feeds the test controls. */
function hubAt() {
  const clock = { nowMs: 1000 };
  const feeds = new Map<Key, Told & How>();
  const hub = makeHub({
    follow: async (told, how) => void feeds.set(how.key, { ...told, ...how }),
    nowMs: () => clock.nowMs,
  });
  const tab = (key: Key): Port => {
    const got: Message[] = [];
    const port = { got, postMessage: (message: Message) => void got.push(message) };
    hub.hear(port, { type: 'here', key });
    return port;
  };
  const feed = (key: Key) => {
    const found = feeds.get(key);
    if (found === undefined) throw new Error(`no feed for ${key}`);
    return found;
  };
  return { clock, feeds, hub, tab, feed };
}

const document = (online: number) => ({ at: new Date(AT_MS).toISOString(), nodes: { online } });
const documents = (port: Port) => port.got.filter(({ type }) => type === 'document');
const last = (port: Port) => port.got.at(-1);

describe('page - feed of all tabs', () => {
  it('has one feed for the tabs of one key, and gives a new tab the known values, with the current time of the server', () => {
    const { clock, feeds, feed, tab } = hubAt();
    const [first, second] = [tab('a'), tab('a')];
    expect([...feeds.keys()]).toEqual(['a']);
    feed('a').document(document(1));
    const message = { type: 'document', document: document(1), serverNowMs: AT_MS };
    expect([last(first), last(second)]).toEqual([message, message]);
    clock.nowMs += 7000;
    expect(last(tab('a'))).toEqual({ ...message, serverNowMs: AT_MS + 7000 });
  });

  it('passes no value of one key to tabs of another key', () => {
    const { feed, hub, tab } = hubAt();
    const [none, one, other] = [tab(null), tab('a'), tab('ab')];
    feed('a').document(document(1));
    feed(null).lost(401);
    hub.beat();
    expect(documents(one)).toHaveLength(1);
    expect([documents(none), documents(other)]).toEqual([[], []]);
    expect(none.got).toContainEqual({ type: 'lost', status: 401 });
    expect(one.got).not.toContainEqual({ type: 'lost', status: 401 });
  });

  it('gives a tab that opens after the key was revoked no earlier value', () => {
    const { feed, tab } = hubAt();
    tab('a');
    feed('a').document(document(1));
    feed('a').lost(401);
    expect(tab('a').got).toEqual([{ type: 'lost', status: 401 }]);
  });

  it('moves a tab to another feed when it presents another key', () => {
    const { feed, hub, tab } = hubAt();
    const port = tab('a');
    hub.hear(port, { type: 'here', key: 'b' });
    expect(feed('a').signal.aborted).toBe(true);
    feed('a').document(document(1));
    expect(documents(port)).toEqual([]);
    feed('b').document(document(2));
    expect(documents(port)).toHaveLength(1);
  });

  it('ends a feed with its last tab, whether the tab closes or is silent for three minutes', () => {
    const { clock, feed, hub, tab } = hubAt();
    const [leaves, stays, silent] = [tab('a'), tab('a'), tab('b')];
    hub.hear(leaves, { type: 'gone' });
    expect(feed('a').signal.aborted).toBe(false);
    for (let minutes = 0; minutes < 3; minutes++) {
      clock.nowMs += MINUTE_MS;
      hub.hear(stays, { type: 'here', key: 'a' });
      hub.beat();
    }
    expect(feed('b').signal.aborted).toBe(false);
    clock.nowMs++;
    hub.beat();
    expect([feed('a').signal.aborted, feed('b').signal.aborted]).toEqual([false, true]);
    // The hub queues nothing for a tab that the browser has frozen; when the tab is back it gets all current values.
    const before = silent.got.length;
    hub.beat();
    expect(silent.got).toHaveLength(before);
    hub.hear(silent, { type: 'here', key: 'a' });
    feed('a').document(document(3));
    expect(documents(silent)).toHaveLength(1);
    hub.hear(stays, { type: 'gone' });
    hub.hear(silent, { type: 'gone' });
    expect(feed('a').signal.aborted).toBe(true);
  });

  it('allows feeds of three keys, and a fourth when one of them has ended', () => {
    const { feed, hub, tab } = hubAt();
    const ports = ['a', 'b', 'c', 'd', 'e'].map((key) => tab(key));
    const streaming = (keys: readonly string[]) => keys.map((key) => feed(key).mayStream());
    expect(streaming(['a', 'b', 'c', 'd', 'e'])).toEqual([true, true, true, false, false]);
    hub.hear(ports[1] as Port, { type: 'gone' });
    expect(streaming(['a', 'c', 'd', 'e'])).toEqual([true, true, true, false]);
  });
});
