// The closed vocabularies of the network's statistics, in the order of publication: the page shows every label, also if no
// statistics have come or a publication leaves out those without a count. A test compares them with the program's.

const AMOUNTS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'];

/** Labels by distribution. @type {Readonly<Record<string, readonly string[]>>} */
export const VOCABULARIES = {
  executionTimeDistribution: ['<100ms', '100-500ms', '500ms-1s', '1-5s', '5-10s', '10-30s', '30s-1m', '>1m'],
  gasUsageDistribution: AMOUNTS,
  stepsComputedDistribution: AMOUNTS,
  memoryUsedDistribution: ['<64MB', '64-256MB', '256MB-1GB', '>1GB'],
};
