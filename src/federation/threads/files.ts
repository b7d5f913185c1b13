// The only file that knows which files start threads, and under which extension they run: `.ts` from the sources,
// `.js` after the build.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The source thread's entry. */
export const sourceThreadUrl = new URL(`./source.${extension}`, import.meta.url);

/** The ingest thread's entry. */
export const ingestThreadUrl = new URL(`./ingest.${extension}`, import.meta.url);

/** The entry of every thread of the piscina pool. */
export const poolWorkerUrl = new URL(`../workers/pool-thread.${extension}`, import.meta.url);

/** The entry of the thread that audits once. */
export const auditWorkerUrl = new URL(`../workers/audit-thread.${extension}`, import.meta.url);
