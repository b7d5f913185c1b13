import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Integration tests start brokers and whole programs; on two cores, two files at a time are enough.
    maxWorkers: 2,
    // Laws open thousands of databases; on a machine that does other work they take minutes, and that is no failure.
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
