-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: group, base, the queue's own lease, then three for each job: lease, id, how
-- long. Gives for each: 0 it is lost, 1 it is held, 2 it is held and cancelled.
local out = {}
local cancelled = call('ZCARD', CANCELLED) > 0
for i = 4, #ARGV, 3 do
	local token, id = ARGV[i], ARGV[i + 1]
	local entry, consumer = token:match('^([^/]*)/(.*)/')
	local state = 0
	if entry and call('HGET', HELD, entry) == token then
		call('ZADD', CONSUMERS, 'GT', NOW + math.max(tonumber(ARGV[3]), 1000), consumer)
		call('ZADD', LEASES, NOW + tonumber(ARGV[i + 2]), entry)
		with_group('XCLAIM', STREAM, GROUP, consumer, 0, entry, 'JUSTID')
		state = cancelled and call('ZSCORE', CANCELLED, id) and 2 or 1
	end
	out[#out + 1] = state
end
return out
