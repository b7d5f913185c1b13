// The progress line: rewritten in place once a second on a terminal, a line every 10 s elsewhere.

/** Where progress is shown. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

export interface Progress {
  show(sent: number, planMs: number): void;
  /** Ends the line that is rewritten in place. */
  end(): void;
}

const TERMINAL_INTERVAL_MS = 1000;
const LINE_INTERVAL_MS = 10_000;

/** Progress of a run of `messages` messages that takes `durationMs`. */
export function createProgress(
  run: { readonly messages: number; readonly durationMs: number; readonly nodes: number },
  output: ProgressOutput,
  monotonicMs: () => number,
): Progress {
  const intervalMs = output.isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
  let shownAtMs = monotonicMs();
  let isLineOpen = false;
  return {
    show(sent, planMs) {
      const nowMs = monotonicMs();
      if (nowMs - shownAtMs < intervalMs && sent < run.messages) return;
      shownAtMs = nowMs;
      const seconds = `${Math.round(Math.min(planMs, run.durationMs) / 1000)} of ${Math.round(run.durationMs / 1000)} s`;
      const counts = `${sent.toLocaleString('en-US')} of ${run.messages.toLocaleString('en-US')} messages`;
      const line = `${seconds}  ${counts}  ${run.nodes.toLocaleString('en-US')} nodes`;
      output.write(output.isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
      isLineOpen = output.isTerminal;
    },
    end() {
      if (isLineOpen) output.write('\n');
      isLineOpen = false;
    },
  };
}
