import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** The CA's certificate, for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A CA of our own and a certificate by it for localhost, 127.0.0.1 and more names, made by openssl in `folder`. */
export async function makeCertificates(folder: string, names: readonly string[] = []): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=test CA'];
  await run('openssl', ['req', '-x509', ...curve, ...ca]);
  await run('openssl', ['req', ...curve, '-keyout', at('key.pem'), '-out', at('csr.pem'), '-subj', '/CN=localhost']);
  const all = ['DNS:localhost', 'IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)];
  await writeFile(at('names.cnf'), `subjectAltName=${all.join(',')}\n`);
  const sign = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('names.cnf'),
  ];
  await run('openssl', ['x509', '-req', '-in', at('csr.pem'), '-out', at('cert.pem'), ...sign]);
  return { caFile: at('ca.pem'), key: await readFile(at('key.pem')), cert: await readFile(at('cert.pem')) };
}
