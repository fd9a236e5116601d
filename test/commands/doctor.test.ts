// `doctor`: all is well, and then one fault after the other is planted; each is found, alone, with its next step.
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { label } from '../../src/api/group.ts';
import { ago, base64, first, healthy, inNamespace, labelled } from './doctor-world.ts';
import type { World } from './doctor-world.ts';
import { condition, now, partialBackup, runningBackup } from './examples.ts';
import { failing, forbidden, items, play, unknownPath } from './play.ts';

const examine = (t: ExecutionContext, change: (world: World) => void = () => undefined, args: string[] = ['shop']) => {
  const objects = healthy();
  change(objects);
  return play(t, ['doctor', ...args], { objects, io: { startTime: now } });
};

test('status says, too, that no operator works, and what to do', async (t) => {
  const objects = healthy();
  const well = await play(t, ['status', 'shop'], { objects, io: { startTime: now } });
  t.notRegex(well.stdout, /^Operator/m);
  first(objects, 'leases')['spec'].renewTime = ago(300);
  const idle = await play(t, ['status', 'shop'], { objects, io: { startTime: now } });
  t.is(idle.code, 0);
  t.regex(idle.stdout, /^Operator +holdfast-1 holds the Lease, which was renewed 5m ago: no replica works\.$/m);
  t.regex(idle.stdout, /^What to do +kubectl logs -n holdfast-system/m);
});

test('where all is well every check says so, no secret is shown, and the exit code is 0', async (t) => {
  const { code, stdout, stderr } = await examine(t);
  t.is(code, 0, stdout + stderr);
  const lines = stdout.split('\n').filter((line) => line.startsWith('  '));
  t.is(lines.length, 20);
  t.true(
    lines.every((line) => line.startsWith('  ✓ ')),
    stdout,
  );
  t.regex(stdout, /\nAll 20 checks are well\.\n$/);
  t.regex(stdout, /✓ recipients +One identity opens the backups\. See that it lies in a safe outside this cluster/);
  t.false(stdout.includes('CANARY'));
});

const setCondition = (world: World, ...wanted: Parameters<typeof condition>): void => {
  const { status } = first(world, 'backuppolicies');
  status.conditions = [...status.conditions.filter(({ type }: { type: string }) => type !== wanted[0]), condition(...wanted)];
};

// One fault each: which check finds it, what it says, and what to do.
const faults: Record<string, { plant: (world: World) => void; check: string; says: RegExp; next: RegExp }> = {
  'no operator': {
    plant: (world) => (world['deployments'] = []),
    check: 'operator',
    says: /No operator of Holdfast is installed/,
    next: /helm install/,
  },
  'no replica that is ready': {
    plant: (world) => (first(world, 'deployments')['status'] = {}),
    check: 'operator',
    says: /holdfast-system\/holdfast: none of 2 replicas is ready/,
    next: /kubectl describe pods -n holdfast-system/,
  },
  'a leader that died': {
    plant: (world) => (first(world, 'leases')['spec'].renewTime = ago(300)),
    check: 'leader',
    says: /holdfast-1 holds the Lease, which was renewed 5m ago: no replica works/,
    next: /kubectl logs -n holdfast-system/,
  },
  'nobody who leads': {
    plant: (world) => (world['leases'] = []),
    check: 'leader',
    says: /There is no Lease/,
    next: /kubectl logs -n holdfast-system/,
  },
  'CRDs of an older release': {
    plant: (world) =>
      delete first(world, 'customresourcedefinitions')['spec'].versions[0].schema.openAPIV3Schema.properties.spec.properties.objectives,
    check: 'CRDs',
    says: /older than this plugin: they lack BackupPolicy spec\.objectives\.rpo/,
    next: /helm upgrade/,
  },
  'CRDs of a newer release': {
    plant: (world) =>
      (first(world, 'customresourcedefinitions')['spec'].versions[0].schema.openAPIV3Schema.properties.spec.properties.new = {
        type: 'string',
      }),
    check: 'CRDs',
    says: /newer than this plugin: it does not know BackupPolicy spec\.new/,
    next: /Take the plugin of the release/,
  },
  'admission switched off': {
    plant: (world) => world['validatingadmissionpolicybindings']?.pop(),
    check: 'admission',
    says: /The admission policy for restores is not in force: who may write a Restore can have any volume of the namespace replaced/,
    next: /admission\.enabled=true/,
  },
  'a policy that cannot work': {
    plant: (world) => setCondition(world, 'Ready', 'False', 'InvalidRecipient', 'spec.encryption.recipients[0] is no valid age recipient.'),
    check: 'ready',
    says: /InvalidRecipient: spec\.encryption\.recipients\[0\]/,
    next: /Copy the recipient again/,
  },
  'no image for a major version': {
    plant: (world) => (first(world, 'deployments')['spec'].template.spec.containers[0].env[0].value = '{"16":"agent:1"}'),
    check: 'agent image',
    says: /no agent image for PostgreSQL 17/,
    next: /agent\.images\.17=/,
  },
  'a suspended policy': {
    plant: (world) => (first(world, 'backuppolicies')['spec'].suspend = true),
    check: 'schedule',
    says: /The policy is suspended/,
    next: /kubectl patch hbp shop -n shop .*"suspend":false/,
  },
  'missed slots': {
    plant: (world) => setCondition(world, 'OnSchedule', 'False', 'SlotsMissed', '3 slots got no run in time.'),
    check: 'schedule',
    says: /3 slots got no run in time/,
    next: /whether the operator was away/,
  },
  'a run that nobody started': {
    plant: (world) => (first(world, 'backuppolicies')['status'].next = [{ type: 'Full', time: ago(3600) }]),
    check: 'schedule',
    says: /The run of 2026-11-22T04:12:30Z was not started/,
    next: /kubectl logs -n holdfast-system/,
  },
  'a missed objective': {
    plant: (world) => (first(world, 'backuppolicies')['status'].rpo.restorableTime = ago(30 * 3600)),
    check: 'RPO',
    says: /At most 1d may be lost, 1d 6h would be: the objective is missed by 6h/,
    next: /kubectl holdfast backup shop -n shop --wait/,
  },
  'a run that failed': {
    plant: (world) => (world['backups'] = items(partialBackup())),
    check: 'last run',
    says: /shop-full-202611210200 ended PartiallyFailed 1d 3h ago: stock:/,
    next: /Mend what the message names.*Then: kubectl holdfast backup shop/,
  },
  'a tier that cannot be read': {
    plant: (world) => setCondition(world, 'StorageHealthy', 'False', 'StoreUnreadable', 'cloud: the bucket does not exist.'),
    check: 'storage',
    says: /cloud: the bucket does not exist/,
    next: /Look at the tier that the message names/,
  },
  'an open alert': {
    plant: (world) =>
      (first(world, 'backuppolicies')['status'].alerts = [
        { name: 'HoldfastTierLagging', severity: 'warning', since: ago(7200), message: 'cloud lacks a backup' },
      ]),
    check: 'alerts',
    says: /HoldfastTierLagging since 2h ago: cloud lacks a backup/,
    next: /docs\/alerts\.md/,
  },
  'a missing Secret': {
    plant: (world) => world['secrets']?.pop(),
    check: 'Secrets',
    says: /The Secret "s3" is missing; s3\.credentialsSecretRef of the tier "cloud" names it/,
    next: /kubectl create secret generic s3 -n shop/,
  },
  'a missing key': {
    plant: (world) => delete world['secrets']?.[1]?.['data'].password,
    check: 'Secrets',
    says: /The Secret "login" has no key "password", or it is empty; connection\.credentialsSecretRef of the component "db" needs it/,
    next: /kubectl edit secret login -n shop/,
  },
  'another signing key': {
    plant(world) {
      const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
      first(world, 'secrets')['data']['signing.key'] = base64(other);
    },
    check: 'signing key',
    says: /No verification key of the policy fits the signing key/,
    next: /keygen/,
  },
  'a signing key that is none': {
    plant: (world) => (first(world, 'secrets')['data']['signing.key'] = base64('CANARY')),
    check: 'signing key',
    says: /is no Ed25519 private key/,
    next: /keygen/,
  },
  'a claim that is not bound': {
    plant: (world) => (first(world, 'persistentvolumeclaims')['status'].phase = 'Pending'),
    check: 'claims',
    says: /The claim "shop-local" of the tier "local" is Pending, not Bound/,
    next: /kubectl describe pvc shop-local -n shop/,
  },
  'a claim that is gone': {
    plant: (world) => (world['persistentvolumeclaims'] = []),
    check: 'claims',
    says: /The claim "shop-local" of the tier "local" is not there/,
    next: /operator runs/,
  },
  'a volume that is nearly full': {
    plant: (world) => (first(world, 'backuppolicies')['status'].tiers[0].freeBytes = 200_000_000),
    check: 'room',
    says: /The volume of "local" is 90 % full \(200 MB free\)/,
    next: /kubectl patch pvc shop-local/,
  },
  'a volume with no room for one more': {
    plant: (world) => (first(world, 'backuppolicies')['status'].tiers[0].freeBytes = 100_000_000),
    check: 'room',
    says: /100 MB free; the newest backup took 118 MB/,
    next: /kubectl patch pvc shop-local/,
  },
  'no copy outside': {
    plant(world) {
      const { spec, status } = first(world, 'backuppolicies');
      spec.tiers.pop();
      status.tiers.pop();
    },
    check: 'off-site',
    says: /Every tier is a volume of this cluster/,
    next: /Add a tier with s3/,
  },
  'a copy that is behind': {
    plant: (world) =>
      (first(world, 'backups')['status'].tiers[1] = {
        name: 'cloud',
        state: 'Lagging',
        message: 'cloud does not answer',
        nextAttemptTime: ago(-60),
      }),
    check: 'copies',
    says: /The copy of shop-full-202611220200 to "cloud" failed: cloud does not answer/,
    next: /tried again in 1m/,
  },
  'a pod that cannot start': {
    plant: (world) =>
      world['pods']?.push(
        labelled(
          inNamespace('shop-dump', {
            status: {
              phase: 'Pending',
              containerStatuses: [
                { name: 'agent', image: 'agent:1', state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } },
              ],
            },
          }),
          { [label.managedBy]: 'holdfast', [label.policy]: 'shop' },
        ),
      ),
    check: 'pods',
    says: /The pod shop-dump has not started: ImagePullBackOff: the image agent:1 cannot be had\. Back-off\. Mend agent\.images/,
    next: /kubectl describe pod shop-dump -n shop/,
  },
};

for (const [title, { plant, check, says, next }] of Object.entries(faults)) {
  test(`found: ${title}`, async (t) => {
    const { code, stdout, stderr } = await examine(t, plant, ['shop', '-o', 'json']);
    t.is(code, 1, stderr);
    const { examinations } = JSON.parse(stdout) as {
      examinations: { findings: { check: string; state: string; says: string; next?: string }[] }[];
    };
    const wrong = examinations.flatMap(({ findings }) => findings).filter(({ state }) => state !== 'Ok');
    const found = wrong.find((each) => each.check === check);
    t.is(found?.state, 'Problem', JSON.stringify(wrong));
    t.regex(found?.says ?? '', says);
    t.regex(found?.next ?? '', next);
    // Nothing else is blamed, but for what follows from it.
    t.true(wrong.length <= 3, JSON.stringify(wrong));
    t.false(stdout.includes('CANARY'));
  });
}

test('facts that are old: a problem, and what hangs on them is not known', async (t) => {
  const { code, stdout } = await examine(t, (world) => {
    const { status } = first(world, 'backuppolicies');
    status.tiers.forEach((tier: { measuredTime: string }) => (tier.measuredTime = ago(5 * 3600)));
    status.rpo.measuredTime = ago(5 * 3600);
  });
  t.is(code, 1, stdout);
  t.regex(stdout, /✗ facts +The tier "local" was read last 5h ago: what is said of it may be wrong\./);
  t.regex(stdout, /\? RPO +At most 1d may be lost; what would be is not known: the store was read last at 2026-11-22T00:12:30Z\./);
});

const denied = (resource: string) => ({
  status: 403,
  body: { ...forbidden.body, message: `${resource} is forbidden: User "eve" cannot get resource "${resource}"` },
});

test('what the caller may not read could not be checked: ?, the right to ask for, and 5', async (t) => {
  const objects = healthy();
  const { code, stdout } = await play(t, ['doctor'], {
    objects,
    io: { startTime: now },
    with: failing({
      'GET secrets': denied('secrets'),
      'GET deployments': denied('deployments'),
      'GET custom': denied('customresourcedefinitions'),
    }),
  });
  t.is(code, 5, stdout);
  for (const check of ['operator', 'leader', 'CRDs', 'agent image', 'Secrets', 'signing key']) {
    t.regex(stdout, new RegExp(`\\? ${check} +It could not be checked: .*cannot get resource`));
  }
  t.regex(stdout, /Next: Ask for the right that the message names/);
  t.false(stdout.includes('✗'));
});

test('a cluster without Holdfast, a namespace without policies, a policy that is not there, wrong use', async (t) => {
  const bare = await play(t, ['doctor', 'shop'], {
    objects: {},
    io: { startTime: now },
    with: failing({ 'GET backuppolicies': unknownPath }),
  });
  t.is(bare.code, 1);
  t.regex(bare.stdout, /✗ operator .*\n.*\n.*✗ leader .*\n.*\n.*✗ CRDs +The cluster does not know BackupPolicy and Backup/);
  const empty = await examine(t, (world) => (world['backuppolicies'] = []), []);
  t.is(empty.code, 0);
  t.regex(empty.stderr, /No policy was looked at/);
  t.is((await examine(t, undefined, ['absent'])).code, 3);
  t.is((await examine(t, undefined, ['shop', '-A'])).code, 2);
  const running = await examine(t, (world) => (world['backups'] = items(runningBackup())));
  t.is(running.code, 0, running.stdout);
});
