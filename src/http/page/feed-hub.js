// Shares the live feed among the tabs of one browser: tabs that show the same key have one feed, because a browser opens
// no more than six connections to a host. What a feed brought with one key is never told to a tab with another.

/** A tab says that it is there every second, and once a minute at worst when the browser slows it in the background. */
const UNHEARD_MAX_MS = 180_000;
/** A tab that hears nothing takes this worker for dead. */
export const BEAT_MS = 1000;
/** Feeds of different keys; of the browser's six connections half is left for questions. Who comes later, polls. */
const FEEDS_MAX = 3;

/** @typedef {{ postMessage: (message: Message) => void }} Port */
/** @typedef {{ type: 'document', document: any, serverNowMs: number } | { type: 'lost', status: number | null } | { type: 'beat' }} Message */
/** @typedef {{ type: 'here', key: string | null } | { type: 'gone' }} FromTab */
/** @typedef {{ ports: Map<Port, number>, message: () => Message, end: AbortController }} Channel */

/** @typedef {{ follow: typeof import('./feed.js').follow, nowMs: () => number }} Parts */

/**
 * Makes the hub; `beat` is to be called every {@link BEAT_MS}.
 * @param {Parts} parts
 */
export function makeHub(parts) {
  /** By key, the oldest first. @type {Map<string | null, Channel>} */
  const channels = new Map();

  /** @param {string | null} key @returns {Channel} */
  const open = (key) => {
    /** @type {Channel} */
    const channel = { ports: new Map(), message: () => ({ type: 'beat' }), end: new AbortController() };
    channels.set(key, channel);
    followFor(channel, key, parts, () => [...channels.values()].indexOf(channel) < FEEDS_MAX);
    return channel;
  };

  /** @param {Port} port @param {string | null} [exceptKey] */
  const remove = (port, exceptKey) => {
    for (const [key, channel] of channels) {
      if (key === exceptKey) continue;
      channel.ports.delete(port);
      if (channel.ports.size > 0) continue;
      channel.end.abort();
      channels.delete(key);
    }
  };

  return {
    /**
     * What a tab said: it is there, with this key, or it goes.
     * @param {Port} port
     * @param {FromTab} said
     */
    hear(port, said) {
      if (said.type === 'gone') {
        remove(port);
        return;
      }
      remove(port, said.key);
      const channel = channels.get(said.key) ?? open(said.key);
      const isNew = !channel.ports.has(port);
      channel.ports.set(port, parts.nowMs());
      if (isNew) port.postMessage(channel.message());
    },
    /** Says to every tab that we are alive, and forgets those that are not: nothing more is kept for them. */
    beat() {
      for (const { ports } of channels.values()) {
        for (const [port, heardMs] of ports) {
          if (parts.nowMs() - heardMs > UNHEARD_MAX_MS) remove(port);
          else port.postMessage({ type: 'beat' });
        }
      }
    },
  };
}

/**
 * Follows the feed of a key, and tells the tabs of its channel.
 * @param {Channel} channel
 * @param {string | null} key
 * @param {Parts} parts
 * @param {() => boolean} mayStream
 */
function followFor(channel, key, { follow, nowMs }, mayStream) {
  /** @param {() => Message} message */
  const tell = (message) => {
    channel.message = message;
    for (const port of channel.ports.keys()) port.postMessage(message());
  };
  void follow(
    {
      document(document) {
        const aheadMs = Date.parse(document.at) - nowMs();
        tell(() => ({ type: 'document', document, serverNowMs: nowMs() + aheadMs }));
      },
      // The document is forgotten: a key that is revoked gets none of it any more.
      lost: (status) => tell(() => ({ type: 'lost', status })),
    },
    { key, signal: channel.end.signal, mayStream },
  );
}
