// A Restore as it is named on the command line: restore/<name>.
import { checkName } from '../common/find.ts';
import { wrongUse } from '../common/errors.ts';

// As kubectl takes them: singular, plural and short.
export const restoreWords = ['restore', 'restores', 'hr'];

export const readRestoreName = (text: string): string => {
  const [, word = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (!restoreWords.includes(word.toLowerCase().replace(/\.holdfast\.dev$/, ''))) {
    throw wrongUse(`"${text}" names no Restore.`, 'Write restore/<name>.');
  }
  checkName(name, 'Restore');
  return name;
};
