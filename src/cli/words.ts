// Small texts that several commands print: sizes, positions, and a line that shows how far long work is.

import type { ReadUpTo } from '../store/verify.ts';

export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** Up to where the stream was read. */
export function upTo(position: ReadUpTo | null): string {
  if (position === null) return 'no stream read yet';
  return `read up to sequence ${position.seq} of ${position.stream} (${new Date(position.atMs).toISOString()})`;
}

/** One line on a terminal that is written over; nothing where standard error is not a terminal. */
export function progressLine(what: string): { show(share: number): void; end(): void } {
  const isShown = process.stderr.isTTY === true;
  let last = -1;
  return {
    show(share) {
      const percent = Math.floor(share * 100);
      if (!isShown || percent === last) return;
      last = percent;
      process.stderr.write(`\r${what}: ${percent} %`);
    },
    end() {
      if (isShown && last >= 0) process.stderr.write('\r\x1b[K');
    },
  };
}
