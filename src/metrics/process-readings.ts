// The metrics of the process and of the main thread's event loop. Names and units follow Prometheus' conventions; the
// default metrics of prom-client do not pass `promtool check metrics`.

import { readdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { counter, gauge, type Reading } from './reading.ts';

/** The measurements of the process at one moment. */
export interface ProcessMoment {
  readonly memory: NodeJS.MemoryUsage;
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
  /** 0 if the system does not provide the number. */
  readonly openFds: number;
  /** Unix time of the start, by the wall clock as it is set now. */
  readonly startedAtSeconds: number;
  readonly eventLoopActiveSeconds: number;
}

/**
 * Read once: the limit of a running control group seldom changes. Without a limit the system names 0 or a number far
 * above the memory of the machine.
 */
const MEMORY_LIMIT_BYTES = Math.min(process.constrainedMemory() || Infinity, totalmem());

/** Measures the process; it waits only for the list of open files. */
export async function measureProcess(): Promise<Omit<ProcessMoment, 'startedAtSeconds'>> {
  // One entry is the listed folder itself. Systems other than Linux do not have this folder.
  const openFds = await readdir('/proc/self/fd').then(
    (names) => names.length - 1,
    () => 0,
  );
  const { user, system } = process.cpuUsage();
  return {
    memory: process.memoryUsage(),
    cpuSeconds: (user + system) / 1e6,
    openFds,
    eventLoopActiveSeconds: performance.eventLoopUtilization().active / 1000,
  };
}

/** All counters and gauges of the process. */
export const PROCESS_READINGS: readonly Reading<ProcessMoment>[] = [
  gauge(
    'process_start_time_seconds',
    'Unix time at which the process started.',
    ({ startedAtSeconds }) => startedAtSeconds,
  ),
  counter(
    'process_cpu_seconds_total',
    'Processor time of all threads, user and system.',
    ({ cpuSeconds }) => cpuSeconds,
  ),
  gauge('process_resident_memory_bytes', 'Memory in RAM, all threads.', ({ memory }) => memory.rss),
  gauge(
    'process_memory_limit_bytes',
    'Memory that the process may use: the limit of its control group, or the memory of the machine.',
    () => MEMORY_LIMIT_BYTES,
  ),
  gauge(
    'process_open_fds',
    'Open file descriptors; 0 where the system does not tell.',
    ({ openFds }) => openFds,
  ),
  gauge(
    'nodejs_heap_size_used_bytes',
    'JavaScript heap in use, main thread.',
    ({ memory }) => memory.heapUsed,
  ),
  gauge(
    'nodejs_heap_size_total_bytes',
    'JavaScript heap reserved, main thread.',
    ({ memory }) => memory.heapTotal,
  ),
  gauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers and native objects, main thread.',
    ({ memory }) => memory.external,
  ),
  counter(
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop of the main thread was not idle.',
    ({ eventLoopActiveSeconds }) => eventLoopActiveSeconds,
  ),
];
