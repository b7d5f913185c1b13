// Shares live feeds among the tabs of one browser: tabs with the same key share one feed, because a browser opens at
// most six connections to a host. A tab never gets data that came with another tab's key.

/**
 * A tab without a message for this long is gone. A tab sends one every second, or once a minute at worst, if the
 * browser slows it in the background.
 */
const UNHEARD_MAX_MS = 180_000;
/** Interval of the hub's sign of life. A tab that gets none assumes that this worker is dead. */
export const BEAT_MS = 1000;
/**
 * Maximum number of feeds of different keys: half of the browser's six connections stay free for other requests.
 * Channels beyond it poll.
 */
const FEEDS_MAX = 3;

/** @typedef {{ postMessage: (message: Message) => void }} Port */
/** @typedef {{ type: 'document', document: any, serverNowMs: number } | { type: 'lost', status: number | null } | { type: 'beat' }} Message */
/** @typedef {{ type: 'here', key: string | null } | { type: 'gone' }} FromTab */
/** @typedef {{ ports: Map<Port, number>, message: () => Message, end: AbortController }} Channel */

/** @typedef {(listener: import('./feed.js').FeedListener, how: import('./feed.js').How) => Promise<void>} Follow */
/** @typedef {{ follow: Follow, nowMs: () => number }} Parts */

/**
 * Makes the hub. The caller must call `beat` every {@link BEAT_MS}.
 * @param {Parts} parts
 */
export function makeHub(parts) {
  /** Channels by key, the oldest first. @type {Map<string | null, Channel>} */
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
     * Handles a message from a tab: the tab is there, with this key, or it goes.
     * @param {Port} port
     * @param {FromTab} message
     */
    hear(port, message) {
      if (message.type === 'gone') {
        remove(port);
        return;
      }
      remove(port, message.key);
      const channel = channels.get(message.key) ?? open(message.key);
      const isNew = !channel.ports.has(port);
      channel.ports.set(port, parts.nowMs());
      if (isNew) port.postMessage(channel.message());
    },
    /** Sends a sign of life to every tab, and removes tabs that have sent nothing for {@link UNHEARD_MAX_MS}. */
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
 * Follows the feed of a key and forwards it to the tabs of its channel.
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
      // This replaces the document, so that a tab whose key is revoked gets none of it any more.
      lost: (status) => tell(() => ({ type: 'lost', status })),
    },
    { key, signal: channel.end.signal, mayStream },
  );
}
