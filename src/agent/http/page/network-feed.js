// Follows the network's statistics over the WebSocket of the agent, and connects again when it is lost. Meanwhile, and if
// the agent has no place for another reader, the page polls them. It touches nothing of a page.

import { getJson } from './api.js';

/** The WebSocket is beside the page, which may be below the root of its host. */
const ADDRESS = new URL('../ws', import.meta.url);
// The scheme of the page with ws in place of http, encrypted or not.
ADDRESS.protocol = ADDRESS.protocol.replace('http', 'ws');
const PING_MS = 20_000;
/** Silence after which the connection is taken for dead: two pings without an answer. */
const SILENCE_MAX_MS = 45_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;
const POLL_MS = 5_000;
const PATH = 'api/federation/network-stats';

/** Follows the statistics for ever. @param {(statistics: any) => void} changed */
export function followNetwork(changed) {
  let isOpen = false;
  let failures = 0;
  const connect = () => {
    const socket = new WebSocket(ADDRESS);
    let heardMs = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - heardMs > SILENCE_MAX_MS) socket.close();
      else if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
    }, PING_MS);
    socket.addEventListener('message', ({ data }) => {
      heardMs = performance.now();
      isOpen = true;
      failures = 0;
      const message = read(data);
      if (message?.type === 'network_stats') changed(message.data);
    });
    socket.addEventListener('close', () => {
      clearInterval(watch);
      isOpen = false;
      // Readers that lost their agent at one moment come back at different ones.
      const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures++);
      setTimeout(connect, most * (0.5 + Math.random() / 2));
    });
  };
  connect();
  const poll = () => {
    if (!isOpen) void getJson(PATH).then(changed, () => {});
  };
  setInterval(poll, POLL_MS);
  poll();
}

/** The statistics of one period, now. @param {string} period */
export function networkOf(period) {
  return getJson(PATH, { period });
}

/** @param {unknown} data */
function read(data) {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}
