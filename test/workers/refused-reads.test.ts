import { describe, expect, it } from 'vitest';
import { RefusedReads } from '../../src/workers/refused-reads.ts';

describe('refused reads', () => {
  it('refused reads - each reason is reported once, and the end when the last reader gets its answer', () => {
    const told: string[] = [];
    const reads = new RefusedReads({
      refused: (sentence) => told.push(sentence),
      over: () => told.push('over'),
    });
    reads.answered('nodePage');
    expect({ problem: reads.problem, told }).toEqual({ problem: null, told: [] });
    reads.refused('nodePage', 'damaged');
    reads.refused('nodePage', 'damaged');
    reads.refused('audit', 'damaged (index)');
    reads.refused('nodePage', 'damaged');
    expect({ problem: reads.problem, told }).toEqual({ problem: 'damaged', told: ['damaged'] });
    reads.answered('nodePage');
    reads.refused('audit', 'locked');
    expect(reads.problem).toBe('locked');
    reads.answered('audit');
    reads.answered('audit');
    expect({ problem: reads.problem, told }).toEqual({
      problem: null,
      told: ['damaged', 'damaged (index)', 'locked', 'over'],
    });
  });
});
