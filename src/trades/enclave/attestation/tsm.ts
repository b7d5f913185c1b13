// Reports of SEV-SNP and TDX guests, from the interface that Linux has for both: a folder in configfs that takes the
// report data and gives the report (Documentation/ABI/testing/configfs-tsm-report).

import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { reportDataOf } from '../../domain/attestation.ts';
import { attestationFailed, DOCUMENT_BYTES_MAX, type Producer } from './producer.ts';
import { textOf, type TsmFiles, withReport } from './tsm-report.ts';

const PLATFORMS = { sev_guest: 'sev-snp', tdx_guest: 'tdx' } as const;
/** Length of a report of SEV-SNP, and where its report data is (AMD SEV-SNP ABI, ATTESTATION_REPORT). */
const SNP_REPORT = { bytes: 1_184, reportDataAt: 0x50, reportDataEnd: 0x90 } as const;

/**
 * Finds out what hardware the guest has. A document of `sev-snp` is the report (1,184 bytes), then the certificate table
 * as the host gives it, perhaps empty; one of `tdx` is the quote. Errors: `attestation_failed`.
 */
export async function openTsmProducer(
  files: TsmFiles = { mkdir, rmdir, readFile, writeFile },
): Promise<Producer> {
  const provider = await withReport(files, (path) => textOf(files, path('provider')));
  if (provider !== 'sev_guest' && provider !== 'tdx_guest')
    throw attestationFailed('its provider in configfs-tsm is neither sev_guest nor tdx_guest');
  const document = (userData: Uint8Array, nonce: Uint8Array) =>
    withReport(files, async (path) => {
      const data = reportDataOf(userData, nonce);
      const before = Number(await textOf(files, path('generation')));
      await files.writeFile(path('inblob'), data);
      const report = await files.readFile(path('outblob'));
      const certificates = provider === 'sev_guest' ? await files.readFile(path('auxblob')) : Buffer.alloc(0);
      // The kernel takes the data when the file is closed, and nothing tells whether it did.
      if (Number(await textOf(files, path('generation'))) !== before + 1)
        throw attestationFailed('it did not take the data of the report');
      if (provider === 'sev_guest' && !isBound(report, data))
        throw attestationFailed('its report is not bound to the data');
      const bytes = Buffer.concat([report, certificates]);
      if (report.length > 0 && bytes.length <= DOCUMENT_BYTES_MAX) return bytes;
      throw attestationFailed(`its report has ${bytes.length} bytes`);
    });
  return { platform: PLATFORMS[provider], document };
}

function isBound(report: Buffer, data: Buffer): boolean {
  const { bytes, reportDataAt, reportDataEnd } = SNP_REPORT;
  return report.length === bytes && report.subarray(reportDataAt, reportDataEnd).equals(data);
}
