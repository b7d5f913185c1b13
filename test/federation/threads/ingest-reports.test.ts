import { describe, expect, it } from 'vitest';
import type { SourceStatus, WriterStatus } from '../../../src/federation/domain/accounting.ts';
import { IngestReports } from '../../../src/federation/threads/ingest-reports.ts';

const WRITER: WriterStatus = {
  lagMs: 7,
  databaseProblem: null,
  databaseSizeBytes: 1,
  diskFreeBytes: 2,
  diskSizeBytes: 3,
};
const SOURCE: SourceStatus = {
  mode: 'jetstream',
  connected: true,
  consuming: true,
  catchingUp: false,
  problem: null,
  reconnects: 1,
  pending: 2,
  refusals: 0,
  unreadAgeMs: 6,
  clockOffsetMs: 3,
  backlogBytes: 4,
};

describe('ingest reports', () => {
  it('ingest reports - no report exists before the writer has reported', () => {
    const reports = new IngestReports();
    reports.ofSource(SOURCE, 0);
    expect(reports.status(0)).toBeNull();
  });

  it('ingest reports - before its first report the source counts as not connected, and its silence means nothing', () => {
    const reports = new IngestReports();
    reports.ofWriter(WRITER, 60_000);
    expect(reports.status(60_000)).toEqual({
      ...WRITER,
      mode: null,
      connected: false,
      consuming: false,
      catchingUp: true,
      problem: 'not connected to the broker yet',
      reconnects: 0,
      pending: 0,
      refusals: 0,
      unreadAgeMs: 0,
      clockOffsetMs: null,
      backlogBytes: 0,
    });
  });

  it.each([
    [7, 6, 7],
    [7, 60_900, 60_900],
    [7, 0, 7],
  ])(
    'ingest reports - %i ms behind with commits, the oldest unread %i ms old: lag %i ms',
    (lagMs, unreadAgeMs, shownMs) => {
      const reports = new IngestReports();
      reports.ofWriter({ ...WRITER, lagMs }, 0);
      reports.ofSource({ ...SOURCE, unreadAgeMs }, 0);
      expect(reports.status(0)?.lagMs).toBe(shownMs);
    },
  );

  it.each([
    ['ours an hour ahead', 3_600_250, -3_600_000, 250],
    ['ours set right again meanwhile', 250, -3_600_000, 6],
    ['ours an hour behind', 0, 3_600_000, 6],
    ['unknown', 250, null, 250],
  ])(
    'ingest reports - lag is no difference between the clocks: %s',
    (_what, lagMs, clockOffsetMs, shownMs) => {
      const reports = new IngestReports();
      reports.ofWriter({ ...WRITER, lagMs }, 0);
      reports.ofSource({ ...SOURCE, clockOffsetMs }, 0);
      expect(reports.status(0)?.lagMs).toBe(shownMs);
    },
  );

  it.each([
    [0, 0, 5000, null],
    [0, 1, 5001, 'ingest'],
    [1, 0, 5001, 'source'],
    [0, 0, 5001, 'ingest'],
  ])(
    'ingest reports - the writer at %i ms, the source at %i ms: silent at %i ms is %s',
    (writerMs, sourceMs, nowMs, silent) => {
      const reports = new IngestReports();
      reports.ofWriter(WRITER, writerMs);
      reports.ofSource(SOURCE, sourceMs);
      const problem = `the ${silent} thread has not reported for 5 s or more: the disk or the machine is too slow`;
      expect(reports.status(nowMs)).toEqual({
        ...WRITER,
        ...SOURCE,
        ...(silent !== null && { consuming: false, problem }),
      });
    },
  );

  it('ingest reports - each end of catching up is reported once', () => {
    const reports = new IngestReports();
    expect(reports.isCaughtUp).toBe(false);
    const told = [true, false, false, true, true, false].map((catchingUp) => [
      reports.ofSource({ ...SOURCE, catchingUp }, 0),
      reports.isCaughtUp,
    ]);
    expect(told).toEqual([
      [false, false],
      [true, true],
      [false, true],
      [false, false],
      [false, false],
      [true, true],
    ]);
    expect(new IngestReports().ofSource(SOURCE, 0)).toBe(true);
  });
});
