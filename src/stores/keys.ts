// Which keys a store accepts. Stricter than S3: what one store cannot hold, no store gets.
import { StoreError } from './errors.ts';

// Objects of a folder that are not whole yet have names of their own, which no key may have.
export const temporaryPrefix = '.tmp-';

const longestPartBytes = 255;
// S3 ends at 1024, and a tier's prefix takes up to 200 of them.
const longestKeyBytes = 800;

// Throws InvalidKey for a key that is unsafe or that some store could not keep.
export const checkKey = (key: string): void => {
  const parts = key.split('/');
  const fine =
    key.length <= longestKeyBytes &&
    /^[\x21-\x7e]+$/.test(key) &&
    !key.includes('\\') &&
    parts.every(
      (part) => part !== '' && part !== '.' && part !== '..' && part.length <= longestPartBytes && !part.startsWith(temporaryPrefix),
    );
  if (!fine) {
    throw new StoreError(
      'InvalidKey',
      `"${key.slice(0, 200)}" is no valid key of an object. This is a fault in Holdfast; please report it.`,
    );
  }
};
