// The files that start threads, and the extension with which they run: `.ts` from the sources, `.js` after the build.
// Only this file knows them.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The writer thread's entry file. */
export const writerThreadUrl = new URL(`./writer.${extension}`, import.meta.url);

/** The entry file of the thread that answers questions to the database. */
export const poolWorkerUrl = new URL(`../workers/pool-thread.${extension}`, import.meta.url);

/** The entry file of the threads that fold and write summaries. */
export const sealWorkerUrl = new URL(`../workers/seal-thread.${extension}`, import.meta.url);
