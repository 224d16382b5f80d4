/** The keys of the plain holds of yardstick (b). */

export const PLAIN_META_KEY = '{plain}:meta';
export const PLAIN_HOLD_KEYS = ['{plain}:holds', '{plain}:deadlines'];
