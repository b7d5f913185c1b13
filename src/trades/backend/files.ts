// The file that starts the backend's thread, and the extension with which it runs: `.ts` from the sources, `.js` after
// the build.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The entry file of the thread that owns the database. */
export const ingestThreadUrl = new URL(`./thread.${extension}`, import.meta.url);
