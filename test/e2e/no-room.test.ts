// A real volume of limited size that has no room for the old data and the new: the old goes into the bucket, and an undo gets it from there.
import './support/store-names.ts';
import test from 'ava';
import { keysUnder } from '../../src/archive/keys-under.ts';
import { openStore } from '../../src/stores/open.ts';
import { installCrds } from '../cluster/crds.ts';
import { mustKubectl } from '../cluster/kubectl.ts';
import { operatorsOf } from '../cluster/namespaced.ts';
import { backup } from '../cluster/operator-objects.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { eventually } from '../kube/on-server.ts';
import { cloudOfShop, prepareForger } from './support/forger.ts';
import { copySecrets } from './support/namespaces.ts';
import { images, restoreScene } from './support/restore-scene.ts';

const namespace = 'holdfast-test-no-room';
const { operate, endOperators } = operatorsOf(namespace, { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) });
const scene = restoreScene(namespace, { storageClassName: 'sized', size: '320Mi' });
const { inNamespace } = scene;

test.before(async () => {
  prepareForger();
  await installCrds();
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await operate();
  await scene.build();
});
test.afterEach.always(endOperators);
test.after.always(async () => {
  await endOperators();
  await dropNamespaces(namespace);
  await letIn(namespace);
});

// By the store's own list: on its disk what was deleted stays as an old version.
const stored = async (): Promise<string[]> => {
  const store = await openStore({ ...cloudOfShop, prefix: scene.prefix } as typeof cloudOfShop);
  try {
    return await keysUnder(store, 'safety/');
  } finally {
    await store.close();
  }
};
// Without a sort: a full volume has no room for one.
const checksum = (): Promise<string> => scene.sql('SELECT count(*), sum(hashtextextended(id || text, 0)::numeric) FROM ballast');

test.serial(
  'restored, checked, undone, the same by its checksum; the copy comes and goes, and the policy is as healthy as before',
  async (t) => {
    await operate();
    // WAL shall not be what fills it.
    await scene.sql("ALTER SYSTEM SET max_wal_size = '64MB'");
    await scene.sql("ALTER SYSTEM SET min_wal_size = '32MB'");
    await scene.sql('SELECT pg_reload_conf()');
    await scene.sql(
      "CREATE TABLE ballast AS SELECT id, (SELECT string_agg(md5(n::text || id), '') FROM generate_series(1, 60) AS n) AS text FROM generate_series(1, 55000) AS id",
    );
    await scene.sql('CHECKPOINT');
    await scene.order(1, 3);
    await scene.apply(backup('first', 'shop'));
    await mustKubectl(inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=180s'));
    // What only the undo can bring back.
    await scene.sql("UPDATE ballast SET text = 'changed' WHERE id % 100 = 0");
    await scene.archived(await scene.order(4, 5));
    const before = await checksum();

    await scene.restore('back', {
      source: { policyRef: { name: 'shop' }, identitySecretRef: { name: 'identity' }, backup: await newest() },
    });
    let sawCopying = false;
    await eventually(
      'the restore ends',
      async () => {
        const { status } = await scene.read('back');
        sawCopying ||= status?.progress?.phase === 'safety';
        return status?.endTime !== undefined;
      },
      400,
    );
    t.regex(await scene.ended('back'), /^Complete Restored.*is kept in the tier cloud/);
    t.true(sawCopying);
    await scene.up();
    t.is(await scene.orders(), '1,2,3');
    t.not(await checksum(), before);
    const { status, metadata } = await scene.read('back');
    t.like(status?.undo, { state: 'Available', method: 'Stored', components: ['db'] });
    const [copy] = status?.undo?.copies ?? [];
    t.is(copy?.place, `safety/${metadata.uid}/db/`);
    t.true((copy?.bytes ?? 0) > 15 * 1024 ** 2);
    t.true((status?.phases?.find(({ name }) => name === 'safety')?.seconds ?? 0) > 0);
    t.is((await stored()).length, 3);

    // Nobody takes it for a backup, or for damage.
    await scene.apply(backup('second', 'shop'));
    await mustKubectl(inNamespace('wait', 'hb/second', '--for=jsonpath={.status.phase}=Complete', '--timeout=180s'));
    const healthy = '--for=condition=StorageHealthy';
    await mustKubectl(inNamespace('wait', 'hbp/shop', healthy, '--timeout=60s'));

    await scene.undo('away', 'back');
    t.regex(await scene.ended('away', 400), /^Complete Undone/);
    await scene.up();
    t.is(await scene.orders(), '1,2,3,4,5');
    t.is(await checksum(), before);
    t.deepEqual(await stored(), []);
    t.deepEqual(
      (await scene.volume()).filter((name) => name.startsWith('.holdfast')),
      [],
    );
  },
);

const newest = (): Promise<string> => mustKubectl(inNamespace('get', 'hb/first', '-o', 'jsonpath={.status.backupId}'));
