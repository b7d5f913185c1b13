// Waits for a condition, so that tests never sleep.

/** Each check may cost the program under test a page of metrics, so a long wait looks less often. */
const QUICK_MS = 500;
const QUICK_PAUSE_MS = 20;
const PAUSE_MS = 50;

export async function until<T>(
  what: string,
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 90_000,
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const value = await check();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > startedMs + timeoutMs)
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    const isQuick = performance.now() - startedMs < QUICK_MS;
    await new Promise((resolve) => setTimeout(resolve, isQuick ? QUICK_PAUSE_MS : PAUSE_MS));
  }
}
