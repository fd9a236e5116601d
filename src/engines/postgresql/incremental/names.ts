// Names of files as bytes. Inside this folder a path is a string of one character a byte, so that names that are no UTF-8 stay what they are.

// For messages and for the manifest, which has the same rule.
export const readable = (path: string): string => {
  const bytes = Buffer.from(path, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? path : text;
};

// For the file system. `directory` is an ordinary path.
export const onDisk = (directory: string, path: string): Buffer =>
  path === '' ? Buffer.from(directory) : Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);

// A path that stays below its directory: no part is empty, `.` or `..`.
export const isInside = (path: string): boolean => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
