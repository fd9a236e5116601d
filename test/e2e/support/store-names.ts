// Lets this process find the demo's store by its name in the cluster. To be imported first; a child process gets it with `--import`.
import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';

const name = 'store.shop-store.svc';
const cluster = join(import.meta.dirname, '../../../.cluster');

export const storeEndpoint = `https://${name}:7070`;

let address: string | undefined;
const clusterIp = (): string =>
  (address ??= execFileSync(
    join(cluster, 'bin/kubectl'),
    ['--kubeconfig', join(cluster, 'kubeconfig'), 'get', 'service', 'store', '-n', 'shop-store', '-o', 'jsonpath={.spec.clusterIP}'],
    { encoding: 'utf8' },
  ));

const systemLookup = dns.lookup as unknown as LookupFunction;
const lookup: LookupFunction = (hostname, options, done) => {
  if (hostname !== name) {
    systemLookup(hostname, options, done);
  } else if (options.all === true) {
    done(null, [{ address: clusterIp(), family: 4 }]);
  } else {
    done(null, clusterIp(), 4);
  }
};
Object.assign(dns, { lookup });
