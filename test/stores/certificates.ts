// A certificate authority for one run of tests, and a certificate for 127.0.0.1 and other names.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const openssl = (...parameters: string[]) => promisify(execFile)('openssl', parameters);
const freshKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export type Certificates = { caFile: string; certFile: string; keyFile: string };

export const makeCertificates = async (directory: string, hosts: string[] = []): Promise<Certificates> => {
  const path = (name: string): string => join(directory, name);
  await openssl('req', '-x509', ...freshKey, '-days', '2', '-subj', '/CN=test CA', '-keyout', path('ca.key'), '-out', path('ca.crt'));
  await openssl('req', '-new', ...freshKey, '-subj', '/CN=127.0.0.1', '-keyout', path('private.key'), '-out', path('server.csr'));
  const names = ['IP:127.0.0.1', 'DNS:localhost', ...hosts.map((host) => `DNS:${host}`)].join(',');
  await writeFile(path('extensions'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  const signed = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', path('extensions')];
  await openssl('x509', '-req', '-in', path('server.csr'), ...signed, '-out', path('public.crt'));
  return { caFile: path('ca.crt'), certFile: path('public.crt'), keyFile: path('private.key') };
};
