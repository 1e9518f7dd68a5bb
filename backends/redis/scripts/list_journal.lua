-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, lease, job id, how long a journal stays, name of an entry and, where it is
-- to be written, its value.
-- Gives 0 where the lease is not held any more, 1 where it was written, else a list of
-- what is there: the value, or nothing.
local token, id, ttl, name, value = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local JOURNAL, JOURNALS = BASE .. ':journal:' .. id, BASE .. ':journals'
if call('HEXISTS', held(token:match('^(.*)/') or ''), token) == 0 then return 0 end
if not value then return { call('HGET', JOURNAL, name) } end
call('HSET', JOURNAL, name, value)
call('SADD', JOURNALS, id)
call('PEXPIRE', JOURNAL, ttl)
call('PEXPIRE', JOURNALS, ttl)
return 1
