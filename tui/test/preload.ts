/** Screens in tests look the same in a terminal and in CI: plain text, UTC. */

process.env['FORCE_COLOR'] = '0';
process.env['TZ'] = 'UTC';
