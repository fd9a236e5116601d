// Where in a store lies what a Restore replaced. Apart from the schema of what lies there: decisions need no schema.

// The place of the copies of one directory. `uid`: of the Restore.
export const safetyPrefix = (uid: string, component: string): string => `safety/${uid}/${component}/`;
