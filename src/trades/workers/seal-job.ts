// Makes the summary of a job from its trades: decoded, ordered, folded, rounded and written. It signs and stores nothing.

import { errorCode } from '../../lib/error-code.ts';
import { foldJob } from '../domain/fold-job.ts';
import { sealSummary } from '../domain/payload.ts';
import type { SealRequest } from '../domain/seal-request.ts';
import type { SealedSummary } from '../domain/summary.ts';
import { decodeTrades } from '../domain/trade-log.ts';

/**
 * The summary, ready to be signed. Throws if the trades cannot be folded, and then says nothing of any trade: an error of
 * the arithmetic may quote an amount, and its text goes to the log.
 */
export function sealJob({ trades, returnBasis, ...who }: SealRequest): SealedSummary {
  let code: string;
  try {
    const figures = foldJob(decodeTrades(trades), { returnBasis });
    return sealSummary(figures, { ...who, provenance: 'client_reported' });
  } catch (error) {
    code = errorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  }
  throw new Error(`a job of ${trades.trades} trades cannot be sealed (${code})`);
}
