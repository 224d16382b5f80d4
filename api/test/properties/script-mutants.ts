/** The guards that carry the invariants, each removed from the text of its script. A run of stories must notice. */

import type { Cut } from './mutant-redis.ts';

export interface Mutant extends Cut {
  /** What goes wrong without it. */
  readonly loses: string;
}

export const SCRIPT_MUTANTS: readonly Mutant[] = [
  {
    loses: 'whether this life of the data was vouched for',
    script: 'sale',
    from: "return redis.call('HGET', meta_key, 'armed_life') == server_life()",
    to: 'return true',
  },
  {
    loses: 'that an ended hold leaves the deadlines',
    script: 'sale',
    from: "redis.call('ZREM', deadlines_key, hold_id)\n  redis.call('ZREM', leases_key, hold_id)",
    to: "redis.call('ZREM', leases_key, hold_id)",
  },
  {
    loses: 'that an ended pin leaves the leases',
    script: 'sale',
    from: "redis.call('ZREM', leases_key, hold_id)\n",
    to: '\n',
  },
  {
    loses: 'that the units of an order are sold, not returned',
    script: 'sale',
    from: "elseif word ~= 'ordered' then",
    to: 'else',
  },
  {
    loses: 'that withdrawn units leave the sale',
    script: 'sale',
    from: "if word == 'withdrawn' then",
    to: 'if false then',
  },
  {
    loses: 'that new units belong to the sale',
    script: 'apply_credits',
    from: "redis.call('HINCRBY', meta_key, 'allotment', ARGV[i + 4])",
    to: '',
  },
  {
    loses: 'that an overdue hold returns its units',
    script: 'sale',
    from: "redis.call('HINCRBY', meta_key, 'available', quantity)\n",
    to: '\n',
  },
  {
    loses: 'that a hold may have been lost with data',
    script: 'sale',
    from: "if now < remembered_until then return 'lost' end",
    to: '',
  },
  {
    loses: 'that a hold takes its units',
    script: 'place_holds',
    from: "redis.call('HINCRBY', meta_key, 'available', -taken)",
    to: '',
  },
  {
    loses: 'that there must be enough units',
    script: 'place_holds',
    from: 'if available >= quantity then return nil end',
    to: 'do return nil end',
  },
  {
    loses: 'that a batch sees what it took itself',
    script: 'place_holds',
    from: 'available, taken = available - quantity, taken + quantity',
    to: 'taken = taken + quantity',
  },
  {
    loses: 'that the same hold id takes nothing again',
    script: 'place_holds',
    from: 'local known = known_holds[n] or past_holds[n]',
    to: 'local known = nil',
  },
  {
    loses: 'that the same key gives the same hold',
    script: 'place_holds',
    from: "local entry = digest ~= '' and (made_by_key[digest] or known_keys[n])",
    to: "local entry = digest ~= '' and made_by_key[digest]",
  },
  {
    loses: 'that a key belongs to one request',
    script: 'place_holds',
    from: "if same ~= fingerprint then return { 'key_reused' } end",
    to: '',
  },
  {
    loses: 'the limit per buyer',
    script: 'place_holds',
    from: 'if buyer_limit == 0 then return nil end',
    to: 'do return nil end',
  },
  {
    loses: "that a buyer's own overdue hold does not count",
    script: 'place_holds',
    from: 'then reap_units(reap_budget) end',
    to: 'then local _ end',
  },
  {
    loses: 'that a closed sale places nothing',
    script: 'place_holds',
    from: '    or closed\n',
    to: '',
  },
  {
    loses: 'that a hold that is over is not pinned',
    script: 'pin_hold',
    from: 'if deadline <= now then',
    to: 'if false then',
  },
  {
    loses: 'that a pin keeps its hold from expiring',
    script: 'pin_hold',
    from: "redis.call('ZREM', deadlines_key, hold_id)\n  redis.call('HSET', holds_key, hold_id, pack_hold(PINNED",
    to: "redis.call('HSET', holds_key, hold_id, pack_hold(PINNED",
  },
  {
    loses: 'that an ended hold is not pinned',
    script: 'pin_hold',
    from: 'if state ~= HELD and state ~= PINNED then return { WORD_OF[state] } end',
    to: '',
  },
  {
    loses: 'that a halted sale makes no orders',
    script: 'pin_hold',
    from: "if sale_state == 'halted' then return { 'halted' } end",
    to: '',
  },
  {
    loses: 'that only a held hold is released',
    script: 'release_hold',
    from: 'if state ~= HELD then return { WORD_OF[state] } end',
    to: '',
  },
  {
    loses: 'that an ended hold lives no more',
    script: 'sale',
    from: "redis.call('HDEL', holds_key, hold_id)",
    to: '',
  },
  {
    loses: 'that a credit counted by the snapshot is not applied',
    script: 'apply_credits',
    from: 'if seq > tonumber(base) and redis',
    to: 'if redis',
  },
  {
    loses: 'that a credit is applied once',
    script: 'apply_credits',
    from: "redis.call('SADD', credits_key, credit_id) == 1",
    to: "redis.call('SADD', credits_key, credit_id)",
  },
  {
    loses: 'that a late payment takes its units',
    script: 'take_units',
    from: "redis.call('HINCRBY', meta_key, 'available', -quantity)",
    to: '',
  },
  {
    loses: 'that a late payment takes free units only',
    script: 'take_units',
    from: "if short_by() > 0 then return { 'insufficient_stock', math.max(0, quantity - short_by()) } end",
    to: '',
  },
  {
    loses: 'that a prolonged pin is not listed at once again',
    script: 'list_overdue_pins',
    from: "redis.call('ZADD', leases_key, now + lease, hold_id)",
    to: '',
  },
  {
    loses: 'that an older rebuild gives way',
    script: 'begin_rebuild',
    from: "if tonumber(armed_epoch or 0) >= epoch or tonumber(begun_epoch or 0) >= epoch then return { 'superseded' } end",
    to: '',
  },
  {
    loses: 'that a rebuild stops all decisions',
    script: 'begin_rebuild',
    from: "redis.call('HDEL', meta_key, 'armed_life')",
    to: '',
  },
  {
    loses: 'that holds placed by another Redis are not known here',
    script: 'begin_rebuild',
    from: 'local is_continuous = last_life == life',
    to: 'local is_continuous = true',
  },
  {
    loses: 'that a rebuild is committed by who began it last, once',
    script: 'commit_rebuild',
    from: "or redis.call('HGET', meta_key, 'rebuild_token') ~= token then",
    to: 'then',
  },
  {
    loses: 'that a rebuild is committed in the life that began it',
    script: 'commit_rebuild',
    from: 'if not is_begun_here or ',
    to: 'if ',
  },
  {
    loses: 'that surviving holds keep their units',
    script: 'commit_rebuild',
    from: 'kept = kept + quantity',
    to: '',
  },
  {
    loses: 'that a hold SQL decided about is over',
    script: 'commit_rebuild',
    from: '(state == HELD or state == PINNED) and outcome then',
    to: 'false then',
  },
  {
    loses: 'that sold units are not available',
    script: 'commit_rebuild',
    from: 'local available = allotment - committed - kept',
    to: 'local available = allotment - kept',
  },
  {
    loses: 'that the sets are derived anew',
    script: 'commit_rebuild',
    from: "redis.call('DEL', deadlines_key, leases_key, buyers_key, credits_key)",
    to: '',
  },
];
