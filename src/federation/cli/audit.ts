// `aggregator audit`: runs the audit by hand, also while the aggregator runs. It prints a table or JSON, and returns an
// exit code for scripts.

import { COMMAND_DESCRIPTORS } from '../../lib/descriptors.ts';
import { readSettings, writtenDatabasePath } from '../config/settings.ts';
import { systemClock } from '../../lib/clock.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { CodedError } from '../../lib/errors.ts';
import { explainReading } from '../../store/database.ts';
import { openFederationCurrent } from '../store/federation-database.ts';
import { NotOwnFile } from '../../store/database-place.ts';
import { requireOneName } from '../../store/one-name.ts';
import { type AuditReport, audit } from '../workers/audit.ts';
import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { complain, print } from '../../cli/output.ts';
import { failureLine, withLink } from '../../cli/failure.ts';
import { progressLine } from '../../cli/progress-line.ts';

const EXIT_DIFFERS = 1;
/** As of every command that refuses another program's file. */
const EXIT_REFUSED = 1;
const EXIT_NOT_MADE = 2;

function auditFile(path: string): { readonly report: AuditReport; readonly seconds: number } {
  const startedMs = systemClock.monotonicMs();
  requireDescriptors(COMMAND_DESCRIPTORS);
  requireOneName(path);
  const database = openFederationCurrent(path);
  const progress = progressLine('audit');
  try {
    const show = (done: number, whole: number) => progress.show('recounting', { done, whole, unit: 'rows' });
    const report = audit(database, { progress: show });
    return { report, seconds: Math.round(systemClock.monotonicMs() - startedMs) / 1000 };
  } catch (error) {
    throw explainReading(error, path);
  } finally {
    progress.end();
    database.close();
  }
}

function table({ checks, drift, rows }: AuditReport, seconds: number): string {
  const lines = checks.map(({ name, compared, differing }) => [name, shown(compared), shown(differing)]);
  const all = [['check', 'compared', 'differing'], ...lines];
  const width = Math.max(...all.map(([name = '']) => name.length));
  const text = all.map(
    ([name = '', compared = '', differing = '']) =>
      `${name.padEnd(width)}  ${compared.padStart(12)}  ${differing.padStart(9)}\n`,
  );
  const verdict =
    drift === 0 ? 'all equal' : `${shown(drift)} differ, which is a defect of the program: please report it`;
  return `${text.join('')}${verdict}; ${shown(rows)} rows in ${seconds} s\n`;
}

function shown(number: number): string {
  return number.toLocaleString('en-US');
}

/** The command `audit`. */
export const auditCommand = command({
  about:
    'Recounts the rows of the database of DB_PATH, as they are at one moment, and compares every roll-up, total and position with them. It changes nothing and may run while the aggregator runs, which makes the same audit once an hour. Standard error shows the progress.',
  options: { json: flag('print the result as JSON') },
  exit: '0 all is equal; 1 something differs, which is a defect of the program: please report it with the output, or DB_PATH names no database of this program, as the sentence says; 2 the audit could not run.',
  run({ values }, env) {
    try {
      const { report, seconds } = auditFile(readSettings(env).settings.databasePath);
      print(values.json ? `${JSON.stringify({ ...report, seconds })}\n` : table(report, seconds));
      return report.drift === 0 ? 0 : EXIT_DIFFERS;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      complain(failureLine(withLink(error, writtenDatabasePath(env))));
      return error instanceof NotOwnFile ? EXIT_REFUSED : EXIT_NOT_MADE;
    }
  },
});
