// Counts of blocks from the block time: blocks a day, and the blocks that the retention keeps.

const DAY_SECONDS = 86_400;

/** Whole blocks of a day; 0 if a block takes longer than a day. `blockTimeSecs` is at least 1. */
export function blocksPerDay(blockTimeSecs: number): number {
  return Math.floor(DAY_SECONDS / blockTimeSecs);
}

/** Blocks that this many days have; 0 days mean that everything is kept, and give 0. */
export function retentionBlocks(days: number, blockTimeSecs: number): number {
  return Math.floor((days * DAY_SECONDS) / blockTimeSecs);
}

/** The share of a day's blocks in which a pair submitted, in percent; 0 if a block takes longer than a day. */
export function submissionPercentage(submissions24h: number, blockTimeSecs: number): number {
  const blocks = blocksPerDay(blockTimeSecs);
  return blocks === 0 ? 0 : (submissions24h / blocks) * 100;
}
