// The plain page for people: a shell made once from the names of the numbers, filled by `/page.js`. It holds no data
// itself, so that no label, which a stranger chose, is ever put into HTML.

import type { FastifyInstance } from 'fastify';
import type { NetworkStatistics } from '../domain/federation/statistics.ts';
import { PERIODS } from '../domain/federation/vocabulary.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_ICON, PAGE_STYLE } from './page-style.ts';

/** The page and what it loads. */
export function addPageRoutes(app: FastifyInstance): void {
  const files = [
    ['/', 'text/html; charset=utf-8', pageHtml()],
    ['/page.js', 'text/javascript; charset=utf-8', PAGE_SCRIPT],
    ['/page.css', 'text/css; charset=utf-8', PAGE_STYLE],
    ['/page.svg', 'image/svg+xml', PAGE_ICON],
  ] as const;
  for (const [path, contentType, text] of files) {
    app.get(path, (_request, reply) =>
      reply.headers({ 'content-type': contentType, 'cache-control': 'no-cache' }).send(text),
    );
  }
}

type NumberName = {
  [N in keyof NetworkStatistics]: NetworkStatistics[N] extends number ? N : never;
}[keyof NetworkStatistics];
type DistributionName = Exclude<keyof NetworkStatistics, NumberName>;

interface Shown {
  readonly title: string;
  readonly unit?: string;
}

const NUMBERS: Readonly<Record<NumberName, Shown>> = {
  activeNodes: { title: 'Active nodes' },
  onlineNodes: { title: 'Online' },
  staleNodes: { title: 'Stale' },
  offlineNodes: { title: 'Offline' },
  totalNodes: { title: 'Nodes ever seen' },
  totalTasks: { title: 'Tasks' },
  completedTasks: { title: 'Completed' },
  failedTasks: { title: 'Failed' },
  cachedTasks: { title: 'From cache' },
  tasksLast24h: { title: 'Tasks, last 24 h' },
  successRate: { title: 'Success rate', unit: '%' },
  cacheHitRate: { title: 'Cache hit rate', unit: '%' },
  totalInvoices: { title: 'Invoices' },
  invoicesLast24h: { title: 'Invoices, last 24 h' },
};

const DISTRIBUTIONS: Readonly<Record<DistributionName, Shown>> = {
  executionTimeDistribution: { title: 'Execution time' },
  gasUsageDistribution: { title: 'Gas used' },
  stepsComputedDistribution: { title: 'Steps computed' },
  memoryUsedDistribution: { title: 'Memory used' },
  chainDistribution: { title: 'Chain' },
  taskTypeDistribution: { title: 'Task type' },
  continentDistribution: { title: 'Continent of active nodes' },
  locationDistribution: { title: 'Location of active nodes, 0.5° cells' },
};

function pageHtml(): string {
  const numbers = Object.entries(NUMBERS).map(
    ([name, { title, unit }]) =>
      `<div><dt>${title}</dt><dd><data data-metric="${name}" value="">–</data>${unit === undefined ? '' : ` ${unit}`}</dd></div>`,
  );
  const tables = Object.entries(DISTRIBUTIONS).map(
    ([name, { title }]) =>
      `<table data-distribution="${name}"><caption>${title}</caption><tbody></tbody></table>`,
  );
  const periods = PERIODS.map(
    (period) => `<option value="${period}"${period === 'all' ? ' selected' : ''}>${period}</option>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Truebit federation</title>
<link rel="icon" href="/page.svg">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body>
<header>
<h1>Truebit federation</h1>
<label>Period <select id="period">${periods.join('')}</select></label>
</header>
<main>
<p id="status" role="status" data-status="loading">Loading…</p>
<noscript><p>This page needs JavaScript; the numbers are at /api/federation/network-stats.</p></noscript>
<dl id="numbers">
${numbers.join('\n')}
</dl>
<section id="distributions" aria-label="Distributions">
${tables.join('\n')}
</section>
</main>
<footer>
<p>Aggregator <span data-text="aggregatorId">–</span>, statistics of <time data-text="lastUpdated">–</time>.
Reading mode <span data-text="mode">–</span>.</p>
</footer>
</body>
</html>
`;
}
