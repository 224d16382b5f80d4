import { version } from './package.json';

/** Of the API, the terminal and the image; a house rule keeps every package.json and the changelog alike. */
export const VERSION = version;
