// The files that start threads, and the extension with which they run: `.ts` from the sources, `.js` after the build.
// Only this file knows them.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The source thread's entry file. */
export const sourceThreadUrl = new URL(`./source.${extension}`, import.meta.url);

/** The ingest thread's entry file. */
export const ingestThreadUrl = new URL(`./ingest.${extension}`, import.meta.url);

/** The splitter thread's entry file. */
export const splitterThreadUrl = new URL(`./splitter.${extension}`, import.meta.url);

/** The entry file of every thread of the piscina pool. */
export const poolWorkerUrl = new URL(`../workers/pool-thread.${extension}`, import.meta.url);

/** The entry file of the thread that runs one audit. */
export const auditWorkerUrl = new URL(`../workers/audit-thread.${extension}`, import.meta.url);
