-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, before (ms). Removes some records created before; gives how many, 0:
-- there are no more.
local call = redis.call
local BASE = ARGV[1]
local INDEX = BASE .. ':records'
local old = call('ZRANGEBYSCORE', INDEX, '-inf', '(' .. ARGV[2], 'LIMIT', 0, 200)
for _, member in ipairs(old) do
	local id = member:match(':(.*)$')
	local key = BASE .. ':record:' .. id
	local job = call('HGET', key, 'job_id')
	if job and call('GET', BASE .. ':record-of:' .. job) == id then
		call('UNLINK', BASE .. ':record-of:' .. job)
	end
	call('UNLINK', key, 'cas:' .. id)
	call('ZREM', INDEX, member)
end
return #old
