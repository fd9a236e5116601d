// What inspections and take-overs of earlier releases wrote: marks, snapshots, writers. Every release must read it: for ever.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { VerificationMark } from '../../src/api/stored/mark.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { openSnapshot } from '../../src/archive/inspection/snapshot.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { watched } from '../archive/repository.ts';

const versions = readdirSync(import.meta.dirname).filter((name) => /^catalogue-v\d+$/.test(name));

test('there is a catalogue of every format', (t) => {
  t.deepEqual(versions, ['catalogue-v1']);
});

for (const version of versions) {
  const folder = join(import.meta.dirname, version);
  const directory = join(folder, 'repository');
  const verificationKey = JSON.parse(readFileSync(join(folder, 'verification-key.json'), 'utf8')) as { id: string; key: string };

  test(`${version}: every backup passes, all were verified, the second cluster is the writer, nothing is damaged`, async (t) => {
    const context = watched();
    const location = { kind: 'directory', directory } as const;
    const policy = { namespace: 'shop', name: 'shop' };
    const plan = { verb: 'inspect', policy, clusterId: 'cluster-b', verificationKeys: [verificationKey] } as const;
    const facts = await inspect({ ...plan, verificationKeys: [verificationKey], tier: { name: 'local', location } }, context);
    const entries = context.lines.filter((line) => line.kind === 'entry');
    t.is(entries.length, 8);
    t.true(entries.every(({ verdict, verifiedTime }) => verdict === 'Passed' && verifiedTime !== undefined));
    t.like(facts.writer, { epoch: 2, clusterId: 'cluster-b', ours: true });
    t.is(facts.damaged, undefined);
    t.like(facts.verified, { backups: 8, unverified: 0 });
  });

  test(`${version}: its newest snapshot speaks for every backup, with its objects and marks`, async (t) => {
    const { repositoryId } = await openRepository(openDirectory({ kind: 'directory', directory }));
    const key = `catalog/${readdirSync(join(directory, 'catalog')).toSorted().at(-1)}`;
    const { records } = openSnapshot(readFileSync(join(directory, key)), key, repositoryId, readVerifiers([verificationKey]));
    t.is(records.size, 8);
    for (const record of records.values()) {
      t.is(record.objects().length, 5);
      t.is((record.mark?.content as VerificationMark | undefined)?.verdict, 'Passed');
      t.like(record.components[0], { name: 'db', restorableTo: '2026-11-22T02:00:05.000Z' });
    }
  });
}
