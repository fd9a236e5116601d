// How `restore --emergency` ends: failed, refused, interrupted. The identity that was lent is always taken back.
import test from 'ava';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import type { Scene } from './api-server.ts';
import { confirmed, follows, made, run, wrote } from './emergency-world.ts';
import { failing, forbidden } from './play.ts';
import { failed, restored, restoring } from './restore-examples.ts';

// The first interrupt stands for the time before the Restore is there. Each look is interrupted when it has seen the newest state.
const stuck =
  (looks: AbortController[], ...steps: RestoreStatus[]) =>
  (scene: Scene) => {
    scene.intercept = (request) => {
      const last = made(scene);
      if (request.startsWith('GET restores/') && last !== undefined) {
        last['status'] = steps.at(-1);
      }
      if (request.startsWith('WATCH restores/')) {
        setTimeout(() => looks.at(-1)?.abort(), 20);
      }
      return undefined;
    };
  };
const hasty = (looks: AbortController[]) => ({
  interrupt() {
    const controller = new AbortController();
    looks.push(controller);
    return controller.signal;
  },
});

test('a restore that fails ends with its reason, and the identity is taken back; tools get one document either way', async (t) => {
  const broken = await run(t, [...confirmed, '-o', 'json'], {
    with: follows(restoring, failed('RestoreVerificationFailed', 'db: the timeline is 1.')),
  });
  t.is(broken.code, 1);
  t.like(JSON.parse(broken.stdout), {
    policy: 'shop/shop',
    verdict: 'Failed',
    reason: 'RestoreVerificationFailed',
    message: 'Failed: db: the timeline is 1.',
  });
  t.is(wrote(broken.scene).at(-1), 'DELETE secrets/shop-back-20261122051230-identity');
  const refused = await run(t, [...confirmed, '-o', 'json'], { with: follows(failed('ConnectionsActive', 'A pod uses it.')) });
  t.is(refused.code, 4);
  t.is(JSON.parse(refused.stdout).verdict, 'Refused');
  const well = await run(t, [...confirmed, '-o', 'json'], { with: follows(restored) });
  t.like(JSON.parse(well.stdout), {
    verdict: 'Complete',
    restore: { namespace: 'shop', name: 'shop-back-20261122051230' },
    rto: { objectiveSeconds: 14_400, measuredSeconds: 130 },
    undo: { state: 'Available', command: 'kubectl holdfast undo restore/shop-back-20261122051230 -n shop' },
  });
  const denied = await run(t, confirmed, { with: failing({ 'POST restores': forbidden }) });
  t.is(denied.code, 4);
  t.is(wrote(denied.scene).at(-1), 'DELETE secrets/shop-back-20261122051230-identity');
});

test('the first Ctrl-C only warns while the identity is needed; the second takes it away; where it is not lent, the first leaves', async (t) => {
  const looks: AbortController[] = [];
  const lent = await run(t, confirmed, { io: hasty(looks), with: stuck(looks, restoring) });
  t.is(lent.code, 5);
  t.is(looks.length, 3);
  t.regex(lent.stderr, /The restore still needs the identity that this command has lent it\. It is followed on\. Press Ctrl-C again/);
  t.regex(lent.stderr, /Error \(Interrupted\): Stopped looking; the Restore shop\/shop-back-20261122051230 goes on in the cluster/);
  t.is(wrote(lent.scene).at(-1), 'DELETE secrets/shop-back-20261122051230-identity');
  const over: AbortController[] = [];
  const checking = await run(t, confirmed, { io: hasty(over), with: stuck(over, { ...restoring, stage: 'Checking' }) });
  t.is(checking.code, 5);
  t.is(over.length, 2);
  t.is(wrote(checking.scene).at(-1), 'DELETE secrets/shop-back-20261122051230-identity');
});

test('a Secret that cannot be removed is named with the command that removes it', async (t) => {
  const { code, stderr } = await run(t, confirmed, {
    with(scene) {
      follows(restored)(scene);
      scene.intercept = (request) => (request.startsWith('DELETE') ? forbidden : undefined);
    },
  });
  t.is(code, 0);
  t.regex(stderr, /could not be removed\. Remove it: kubectl delete secret shop-back-20261122051230-identity -n shop\n/);
});

const blind = (scene: Scene): void => {
  follows(restored)(scene);
  scene.intercept = (request) => (request === 'GET statefulsets' ? forbidden : undefined);
};

test('whoever may not look at workloads names the claim; what was not looked at does not look checked', async (t) => {
  const without = await run(t, confirmed, { with: blind });
  t.is(without.code, 4);
  t.regex(without.stderr, /^Error \(Forbidden\)/);
  const named = await run(t, [...confirmed, '--claim', 'data-postgres-0'], { with: blind });
  t.is(named.code, 0, named.stderr);
  t.regex(named.stderr, /\? target +data-postgres-0; what uses it could not be looked at/);
  t.regex(named.stderr, /STOPS +what uses data-postgres-0; it could not be looked at/);
});
